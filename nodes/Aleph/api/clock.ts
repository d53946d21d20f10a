/** The time, and waiting for it. Times are epoch milliseconds, durations milliseconds. */
import { sleep } from 'n8n-workflow';

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

/** The computer's clock may be set back. Durations are measured here: so this one goes on from where it was. */
function now(): number {
	const elapsed = performance.now();
	offset = Math.max(offset, Date.now() - elapsed);
	return Math.round(offset + elapsed);
}

async function pause(duration: number, signal?: AbortSignal, sooner?: Promise<void>) {
	signal?.throwIfAborted();
	let onAbort: (() => void) | undefined;
	const aborted = new Promise<never>((_, reject) => {
		onAbort = () => reject(signal?.reason as Error);
		signal?.addEventListener('abort', onAbort, { once: true });
	});
	try {
		await Promise.race([sleep(duration), aborted, ...(sooner ? [sooner] : [])]);
	} finally {
		if (onAbort) signal?.removeEventListener('abort', onAbort);
	}
}
