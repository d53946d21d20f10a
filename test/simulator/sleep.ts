/** Sleeping by the global timers, which a test may let run faster; Node's own promises go by the wall. */

/** Rejects with the signal's reason when that aborts. Keeps no process alive. */
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
