/**
 * `npm run dev`: a real n8n with the package and its examples, on the simulator. TypeScript that is saved in
 * `nodes/` or `credentials/` is in n8n a moment later.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startNode, type NodeChild } from '../support/n8n/child';
import { installN8n } from '../support/n8n/install';
import { installPackage, packPackage } from '../support/n8n/pack';
import { startN8n, type N8nServer } from '../support/n8n/server';
import { until } from '../support/poll';
import { importExamples } from './examples';
import { untilInterrupted } from './interrupt';
import { chooseProvider, createCredentials } from './provider';
import { whileDeveloping } from './report';

const ROOT = resolve(__dirname, '..', '..');
const PACKAGE = 'n8n-nodes-runway-aleph';

async function main() {
	const provider = await chooseProvider({});
	const { simulator } = provider;
	await installN8n();
	// Without symbolic links, through which n8n refuses to write files.
	const userFolder = await realpath(await mkdtemp(join(tmpdir(), 'n8n-dev-')));
	let compiler: NodeChild | undefined;
	let n8n: N8nServer | undefined;
	try {
		const community = join(userFolder, '.n8n', 'nodes');
		await installPackage(await packPackage(), community);
		compiler = await compileInto(join(community, 'node_modules', PACKAGE, 'dist'));
		// n8n loads a package again when a file of it changes.
		n8n = await startN8n({ userFolder, env: { N8N_DEV_RELOAD: 'true' }, log: showReloads });
		const client = await n8n.signIn();
		const credentials = await createCredentials(client, provider);
		await importExamples({ client, url: n8n.url, ...provider, credentials });
		console.log(whileDeveloping(n8n.url, simulator!));
		await untilInterrupted();
	} finally {
		await compiler?.end('SIGTERM');
		await n8n?.stop();
		await simulator?.close();
		await rm(userFolder, { recursive: true, force: true });
	}
}

/** Compiles everything, and each change from then on; what is wrong is printed. */
async function compileInto(folder: string): Promise<NodeChild> {
	const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
	const options = ['--watch', '--preserveWatchOutput', '--outDir', folder];
	const compiler = startNode({
		node: process.execPath,
		args: [tsc, '-p', 'tsconfig.build.json', ...options],
		cwd: ROOT,
		env: process.env,
		log: (text) => process.stdout.write(text),
	});
	await until(() => compiler.logs().includes('Watching for file changes'));
	return compiler;
}

/** Of what n8n prints: that it has loaded the package again, or why it could not. */
function showReloads(text: string): void {
	for (const line of text.split('\n')) if (line.includes('Hot reload')) console.log(line);
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
