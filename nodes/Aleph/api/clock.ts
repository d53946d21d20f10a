/** The time, and waiting for it. Times are epoch milliseconds, durations milliseconds. */
import { sleep } from 'n8n-workflow';
import { untilAborted } from './signals';

export interface Clock {
	/** Never goes back. */
	now: () => number;
	/**
	 * Resolves after the duration, or as soon as `sooner` does; rejects with the signal's reason once it
	 * aborts.
	 */
	pause: (duration: number, signal?: AbortSignal, sooner?: Promise<void>) => Promise<void>;
}

let offset = -Infinity;

export const clock: Clock = { now, pause };

/** If the computer's clock is set back, this one goes on from where it was, so that durations stay right. */
function now(): number {
	const elapsed = performance.now();
	offset = Math.max(offset, Date.now() - elapsed);
	return Math.round(offset + elapsed);
}

async function pause(duration: number, signal?: AbortSignal, sooner?: Promise<void>) {
	const over = Promise.race([sleep(duration), ...(sooner ? [sooner] : [])]);
	await untilAborted(over, signal);
}
