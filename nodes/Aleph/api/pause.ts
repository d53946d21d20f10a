/** Sleeping that ends at once when the execution is stopped. */
import { sleep } from 'n8n-workflow';

/**
 * Resolves after `duration` milliseconds, or as soon as `sooner` does; rejects with the signal's reason
 * once it aborts.
 */
export async function pause(
	duration: number,
	signal?: AbortSignal,
	sooner?: Promise<void>,
): Promise<void> {
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
