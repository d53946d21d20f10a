/** How much of the processor a process has used, as its system counts. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Linux counts in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** Seconds since it was started, of all its threads, without its children. */
export async function cpuSeconds(pid: number): Promise<number> {
	if (process.platform !== 'linux') return await cpuSecondsByPs(pid);
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	// The second field is a name in brackets, which may hold spaces.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [user, system] = [Number(fields[11]), Number(fields[12])];
	return (user + system) / TICKS_PER_SECOND;
}

/** From a time such as `1:02.50` or `01:00:02`. */
async function cpuSecondsByPs(pid: number): Promise<number> {
	const { stdout } = await promisify(execFile)('ps', ['-o', 'time=', '-p', String(pid)]);
	return stdout
		.trim()
		.split(':')
		.reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
