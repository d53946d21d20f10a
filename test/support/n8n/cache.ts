/** The cache folder outside the package, for what is too big for node_modules. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock';
import { npm } from './npm';

export function cacheFolder(): string {
	const { N8N_NODES_CACHE, XDG_CACHE_HOME } = process.env;
	if (N8N_NODES_CACHE) return N8N_NODES_CACHE;
	return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'n8n-nodes-runway-aleph');
}

/** Runs `task` while no other process fills the cache. */
export async function withCache<T>(task: () => Promise<T>): Promise<T> {
	await mkdir(cacheFolder(), { recursive: true });
	const onWait = () => console.error('Waiting for another process that is installing.');
	return await withLock(join(cacheFolder(), 'install.lock'), task, onWait);
}

const NPM_INSTALL = [
	'install',
	'--ignore-scripts',
	'--no-audit',
	'--no-fund',
	'--prefer-offline',
	'--loglevel=error',
	'--legacy-peer-deps=false',
	'--save-exact',
];

/** Installs a package into a folder of the cache, without running what it would run. */
export async function installInto(folder: string, spec: string, node?: string): Promise<void> {
	await npm([...NPM_INSTALL, spec], { cwd: folder, node });
}

/** Written last: a folder without it is the rest of an install that was interrupted. */
function marker(folder: string): string {
	return join(folder, '.complete');
}

export function isComplete(folder: string): boolean {
	return existsSync(marker(folder));
}

export async function markComplete(folder: string): Promise<void> {
	await writeFile(marker(folder), '');
}

export async function startOver(folder: string, packageJson: object = {}): Promise<void> {
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	// Without a package.json of its own, npm would look for one in the folders above.
	await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, ...packageJson }));
}
