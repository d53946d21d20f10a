/** Asking again after errors that may pass, with back-off and Retry-After. */
import { backoff } from './backoff';
import { clock } from './clock';
import { ApiError } from './error';

/**
 * Gives the answer, or throws what `ask` threw last, also if the signal aborts the pause after that.
 * @param giveUpAt called at each error that may pass: until when to ask again (epoch milliseconds)
 */
export async function retrying<T>(
	ask: () => Promise<T>,
	giveUpAt: () => number,
	signal?: AbortSignal,
): Promise<T> {
	for (let failures = 1; ; failures++) {
		const attempt = await ask().then(
			(answer) => ({ answer }),
			(error: unknown) => ({ error }),
		);
		if ('answer' in attempt) return attempt.answer;
		const { error } = attempt;
		if (!(error instanceof ApiError && error.isTransient)) throw error;
		const delay = error.retryAfter ?? backoff(failures);
		if (clock.now() + delay > giveUpAt()) throw error;
		await clock.pause(delay, signal).catch(() => {
			throw error;
		});
	}
}

/** The same, for so many milliseconds after the first error. */
export async function patiently<T>(
	ask: () => Promise<T>,
	signal?: AbortSignal,
	patience = 30_000,
): Promise<T> {
	let giveUpAt: number | undefined;
	return await retrying(ask, () => (giveUpAt ??= clock.now() + patience), signal);
}
