/** A slow line, or one that breaks down: what passes through it, and how fast. */
import { sleep } from './sleep';

export interface Line {
	/** Bytes per second; null: as fast as it goes. */
	rate: number | null;
	/** Nothing moves any more after the first bytes. */
	stalls: boolean;
	/** Ends every wait. */
	signal: AbortSignal;
}

const FIRST_BYTES = 16;
const PIECES_PER_SECOND = 10;
const FOR_GOOD = 2 ** 31 - 1;

/** Hands the chunks on, in small pieces where the line is slow, so that something always moves. */
export async function* through(
	{ rate, stalls, signal }: Line,
	chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
	const wait = (ms: number) => sleep(ms, signal);
	const began = Date.now();
	let passed = 0;
	for await (const chunk of chunks) {
		if (stalls) {
			yield chunk.subarray(0, FIRST_BYTES);
			await wait(FOR_GOOD);
		}
		if (rate === null) {
			yield chunk;
			continue;
		}
		const length = Math.ceil(rate / PIECES_PER_SECOND);
		for (let start = 0; start < chunk.length; start += length) {
			const piece = chunk.subarray(start, start + length);
			yield piece;
			passed += piece.length;
			await wait(began + (passed / rate) * 1000 - Date.now());
		}
	}
}
