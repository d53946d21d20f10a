/** Signals that end a request, or the wait for one. */

interface Limit {
	signal: AbortSignal;
	/** The request has ended: nothing needs to listen any more. */
	release: () => void;
}

/**
 * Aborts when one of the signals does, or after `duration` milliseconds.
 *
 * `AbortSignal.any` would not do: on Node.js 20 the garbage collector takes a time limit that only the
 * combined signal refers to. One that is listened to stays.
 */
export function limited(signals: Array<AbortSignal | undefined>, duration?: number): Limit {
	const controller = new AbortController();
	const sources = [
		...signals,
		duration === undefined ? undefined : AbortSignal.timeout(duration),
	].filter((signal) => signal !== undefined);
	const onAbort = () => {
		const source = sources.find(({ aborted }) => aborted);
		controller.abort(source?.reason);
	};
	for (const source of sources) source.addEventListener('abort', onAbort);
	if (sources.some(({ aborted }) => aborted)) onAbort();
	return {
		signal: controller.signal,
		release: () => {
			for (const source of sources) source.removeEventListener('abort', onAbort);
		},
	};
}

/** The result; or throws the signal's reason as soon as that aborts. */
export async function untilAborted<T>(result: Promise<T>, signal?: AbortSignal): Promise<T> {
	return await new Promise<T>((resolve, reject) => {
		const onAbort = () => reject(signal?.reason as Error);
		if (signal?.aborted) onAbort();
		signal?.addEventListener('abort', onAbort);
		result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
	});
}
