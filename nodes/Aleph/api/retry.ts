/** Asking again after failures that pass, with back-off and Retry-After. */
import { backoff } from '../task/schedule';
import { ApiFailure } from './failure';
import { pause } from './pause';

interface Patience {
	/** Until when (epoch milliseconds) asking again may help against a failure; 0 for never. */
	until: (failure: ApiFailure) => number;
	signal?: AbortSignal;
}

export async function retrying<T>(ask: () => Promise<T>, { until, signal }: Patience): Promise<T> {
	for (let failures = 1; ; failures++) {
		const answer = await ask().catch((error: unknown) => error);
		if (!(answer instanceof Error)) return answer as T;
		if (!(answer instanceof ApiFailure)) throw answer;
		const delay = answer.retryAfter ?? backoff(failures);
		if (Date.now() + delay > until(answer)) throw answer;
		await pause(delay, signal);
	}
}
