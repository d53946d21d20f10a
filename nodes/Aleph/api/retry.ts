/** Asking again after errors that may pass, with back-off and Retry-After. */
import { backoff } from './backoff';
import { clock } from './clock';
import { ApiError } from './error';

/**
 * Gives the answer, or throws what `ask` threw last, also if the signal aborts the pause after that.
 * @param until until when (epoch milliseconds) asking again may help against an error; 0 for never
 */
export async function retrying<T>(
	ask: () => Promise<T>,
	until: (error: ApiError) => number,
	signal?: AbortSignal,
): Promise<T> {
	for (let failures = 1; ; failures++) {
		const attempt = await ask().then(
			(answer) => ({ answer }),
			(error: unknown) => ({ error }),
		);
		if ('answer' in attempt) return attempt.answer;
		const { error } = attempt;
		if (!(error instanceof ApiError)) throw error;
		const delay = error.retryAfter ?? backoff(failures);
		if (clock.now() + delay > until(error)) throw error;
		await clock.pause(delay, signal).catch(() => {
			throw error;
		});
	}
}

/** The same for errors that may pass, for so many milliseconds after the first of them. */
export async function patiently<T>(
	ask: () => Promise<T>,
	signal?: AbortSignal,
	patience = 30_000,
): Promise<T> {
	let giveUpAt: number | undefined;
	const until = ({ isTransient }: ApiError) =>
		isTransient ? (giveUpAt ??= clock.now() + patience) : 0;
	return await retrying(ask, until, signal);
}
