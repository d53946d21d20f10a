/** The package manager of this system, as far as it can be used without asking anybody. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './programs';

const run = promisify(execFile);

/** What to run, each with the packages behind it; the first only prepares. */
const MANAGERS = {
	'apt-get': { prepare: 'apt-get update', install: 'apt-get install -y --no-install-recommends' },
	dnf: { install: 'dnf install -y' },
	apk: { install: 'apk add --no-cache' },
	brew: { install: 'brew install' },
};

export type Manager = keyof typeof MANAGERS;

export function packageManager(): Manager | undefined {
	return (Object.keys(MANAGERS) as Manager[]).find((name) => findProgram(name));
}

export function installCommand(manager: Manager, packages: string[]): string {
	const { install } = MANAGERS[manager];
	const sudo = manager === 'brew' || isRoot() ? '' : 'sudo ';
	return `${sudo}${install} ${packages.join(' ')}`;
}

/** Whether it installs without a password. */
export function mayInstall(manager: Manager): boolean {
	return manager === 'brew' || isRoot() || spawnSync('sudo', ['-n', 'true']).status === 0;
}

export async function installFromSystem(manager: Manager, packages: string[]): Promise<void> {
	const { prepare } = { prepare: undefined, ...MANAGERS[manager] };
	const sudo = manager === 'brew' || isRoot() ? [] : ['sudo', '-n'];
	const env = ['env', 'DEBIAN_FRONTEND=noninteractive'];
	const install = `${MANAGERS[manager].install} ${packages.join(' ')}`;
	for (const command of [prepare, install].filter((each) => each !== undefined)) {
		const [program = '', ...args] = [...sudo, ...env, ...command.split(' ')];
		await run(program, args, { maxBuffer: 2 ** 26 });
	}
}

function isRoot(): boolean {
	return process.getuid?.() === 0;
}
