import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when the user presses Ctrl+C. */
export async function untilInterrupted(): Promise<void> {
	const interrupt = new AbortController();
	process.once('SIGINT', () => interrupt.abort());
	// Unlike the signal's listener, a timer keeps the process alive.
	await sleep(2 ** 31 - 1, undefined, { signal: interrupt.signal }).catch(() => {});
}
