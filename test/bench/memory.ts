/** How much memory a process holds, as its system sees it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { median } from './part';

/**
 * For n8n's environment: SIGUSR2 collects garbage. What waits to be collected may be a hundred
 * megabytes, and would hide the difference between two measurements.
 */
export const COLLECTS_GARBAGE = {
	NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
		import { setFlagsFromString } from 'node:v8';
		import { runInNewContext } from 'node:vm';
		import { isMainThread } from 'node:worker_threads';
		if (isMainThread) {
			setFlagsFromString('--expose-gc');
			const collect = runInNewContext('gc');
			process.on('SIGUSR2', () => collect());
		}
	`)}`,
};

const SETTLING_MS = 10_000;
const READINGS = 5;
const BETWEEN_READINGS_MS = 500;

/** Megabytes that the process holds at rest, after collecting its garbage. */
export async function settledMemory(pid: number): Promise<number> {
	await sleep(SETTLING_MS);
	process.kill(pid, 'SIGUSR2');
	const readings: number[] = [];
	while (readings.length < READINGS) {
		await sleep(BETWEEN_READINGS_MS);
		readings.push(await residentMemory(pid));
	}
	return median(readings);
}

/** Megabytes. */
export async function residentMemory(pid: number): Promise<number> {
	const kilobytes =
		process.platform === 'linux'
			? /^VmRSS:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
			: (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
	return Number(kilobytes) / 1024;
}
