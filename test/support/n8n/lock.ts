/**
 * A lock between processes: a folder whose date its holder keeps fresh, so that the lock of a
 * killed process expires by itself (a process id would mean nothing in another container).
 */
import { mkdir, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const FRESHEN_MS = 5_000;
const STALE_MS = 30_000;

/** Runs `task` while holding the lock; `onWait` is called once if another process has it. */
export async function withLock<T>(
	path: string,
	task: () => Promise<T>,
	onWait: () => void = () => {},
): Promise<T> {
	for (let tries = 0; !(await takeLock(path)); tries++) {
		if (tries === 0) onWait();
		await sleep(1_000);
	}
	const freshen = setInterval(() => {
		utimes(path, new Date(), new Date()).catch(() => {});
	}, FRESHEN_MS);
	try {
		return await task();
	} finally {
		clearInterval(freshen);
		await rm(path, { recursive: true, force: true });
	}
}

async function takeLock(path: string): Promise<boolean> {
	try {
		await mkdir(path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
	}
	// The holder may let go between these two calls: then the next try gets it.
	const age = await stat(path).then(
		({ mtimeMs }) => Date.now() - mtimeMs,
		() => 0,
	);
	if (age > STALE_MS) await rm(path, { recursive: true, force: true });
	return false;
}
