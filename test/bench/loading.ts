/** What the package is to n8n before it does anything: how long it takes to load, and its size. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { installN8n } from '../support/n8n/install';
import { installPackage } from '../support/n8n/pack';
import { cell, median, sum, times, type Part } from './part';

const ROUNDS = 11;

/** Of n8n's own nodes, those that are most like this package: a node and a trigger for an API. */
const GITHUB = {
	nodes: ['dist/nodes/Github/Github.node.js', 'dist/nodes/Github/GithubTrigger.node.js'],
	credentials: [
		'dist/credentials/GithubApi.credentials.js',
		'dist/credentials/GithubOAuth2Api.credentials.js',
	],
};

/** Prints how many milliseconds n8n's loader takes for a package, or for what is named of it. */
const LOAD = `
	const { PackageDirectoryLoader } = require('n8n-core');
	const [folder, some] = process.argv.slice(1);
	const loader = new PackageDirectoryLoader(folder);
	if (some) loader.packageJson.n8n = JSON.parse(some);
	const began = performance.now();
	loader.loadAll().then(() => console.log(performance.now() - began));
`;

export const loading: Part = {
	compares: `How long n8n's community package loader takes to load this package, compared with n8n's own GitHub and GitHub Trigger nodes and their credentials. Medians of ${ROUNDS} fresh processes each, taken in turn. A full n8n start takes seconds and varies by more than this. Sizes are for the tarball, which has no dependencies.`,
	inShort: (rows) =>
		`loading takes n8n ${cell(rows, 'Runway Aleph', 'Time (ms)')} ms, ${cell(rows, 'Runway Aleph', 'Time vs. GitHub')} what its own GitHub nodes take.`,
	run: async ({ packageTarball, progress }) => {
		const folder = await mkdtemp(join(tmpdir(), 'loading-'));
		try {
			await installPackage(packageTarball, folder);
			const installed = join(folder, 'node_modules', 'n8n-nodes-runway-aleph');
			const modules = await modulesOfN8n();
			const rounds = { aleph: [] as number[], github: [] as number[] };
			for (let round = 1; round <= ROUNDS; round++) {
				progress(`round ${round} of ${ROUNDS}`);
				rounds.aleph.push(await timeToLoad(modules, installed));
				rounds.github.push(await timeToLoad(modules, join(modules, 'n8n-nodes-base'), GITHUB));
			}
			const [aleph, github] = [median(rounds.aleph), median(rounds.github)];
			return [
				{
					Nodes: 'Runway Aleph',
					'Time vs. GitHub': times(aleph / github),
					'Time (ms)': aleph.toFixed(1),
					'Packed (kB)': kilobytes((await stat(packageTarball)).size),
					...(await sizeOf(installed)),
				},
				{ Nodes: 'GitHub (n8n)', 'Time vs. GitHub': times(1), 'Time (ms)': github.toFixed(1) },
			];
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	},
};

async function timeToLoad(modules: string, folder: string, some?: object): Promise<number> {
	const { node } = await installN8n();
	const args = ['-e', LOAD, folder, ...(some ? [JSON.stringify(some)] : [])];
	// As in n8n, community packages find there what they have of it.
	const env = { ...process.env, NODE_PATH: modules };
	const { stdout } = await promisify(execFile)(node, args, { cwd: modules, env });
	return Number(stdout);
}

/** The folder with n8n, and all that it is made of. */
async function modulesOfN8n(): Promise<string> {
	const { entry } = await installN8n();
	return resolve(entry, '..', '..', '..');
}

async function sizeOf(folder: string) {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	const sizes = files.map(
		async ({ parentPath, name }) => (await stat(join(parentPath, name))).size,
	);
	return {
		'Unpacked (kB)': kilobytes(sum(await Promise.all(sizes))),
		Files: String(files.length),
	};
}

function kilobytes(bytes: number): string {
	return (bytes / 1000).toFixed(0);
}
