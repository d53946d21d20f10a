/** Asking again after errors that may pass, with back-off and Retry-After. */
import { backoff } from './backoff';
import { clock } from './clock';
import { ApiError } from './error';

/**
 * Gives the answer, or throws what `ask` threw last.
 * @param until until when (epoch milliseconds) asking again may help against an error; 0 for never
 */
export async function retrying<T>(
	ask: () => Promise<T>,
	until: (error: ApiError) => number,
	signal?: AbortSignal,
): Promise<T> {
	for (let failures = 1; ; failures++) {
		const answer = await ask().catch((error: unknown) => error);
		if (!(answer instanceof Error)) return answer as T;
		const delay = answer instanceof ApiError ? (answer.retryAfter ?? backoff(failures)) : 0;
		if (!(answer instanceof ApiError) || clock.now() + delay > until(answer)) throw answer;
		await clock.pause(delay, signal);
	}
}
