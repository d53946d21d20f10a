/** A slow connection, or one that breaks down: what passes through it, and how fast. */

export interface Connection {
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

/** Hands the chunks on, in small pieces if the connection is slow, so that something always moves. */
export async function* transfer(
	{ rate, stalls, signal }: Connection,
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

/**
 * Sleeps by the global timers, which a test may let run faster; Node's own promises go by the wall.
 * Rejects with the signal's reason when that aborts. Keeps no process alive.
 */
export async function sleep(duration: number, signal: AbortSignal): Promise<void> {
	signal.throwIfAborted();
	await new Promise<void>((resolve, reject) => {
		const stop = () => {
			clearTimeout(timer);
			reject(signal.reason as Error);
		};
		const timer = setTimeout(() => {
			signal.removeEventListener('abort', stop);
			resolve();
		}, duration);
		timer.unref();
		signal.addEventListener('abort', stop, { once: true });
	});
}
