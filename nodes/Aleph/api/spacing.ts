/** Time between two readings of one task, whoever reads it: some APIs want that. Durations are milliseconds. */
import { clock } from './clock';

interface Reading {
	/** Never rejects. */
	over: Promise<void>;
	/** When the next may begin: not while this one is under way. */
	nextAt: number;
}

const readings = new Map<string, Reading>();

/**
 * Reads once the interval since the last reading is over. It counts from the answer: the requests may
 * travel for different times, and are to arrive as far apart.
 * @param key of the task
 */
export async function spaced<T>(
	key: string,
	interval: number,
	read: () => Promise<T>,
	signal?: AbortSignal,
): Promise<T> {
	for (const [other, { nextAt }] of readings) if (nextAt <= clock.now()) readings.delete(other);
	const result = after(readings.get(key), read, signal);
	const reading: Reading = { over: result.then(note, note), nextAt: Infinity };
	readings.set(key, reading);
	return await result;

	function note(): void {
		reading.nextAt = clock.now() + interval;
	}
}

async function after<T>(
	earlier: Reading | undefined,
	read: () => Promise<T>,
	signal?: AbortSignal,
): Promise<T> {
	await earlier?.over;
	// A timer may ring a moment early.
	while (earlier && clock.now() < earlier.nextAt) {
		await clock.pause(earlier.nextAt - clock.now(), signal);
	}
	return await read();
}
