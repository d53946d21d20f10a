/**
 * The package as its users get it: packed into a tarball, and installed into n8n's folder for
 * community packages.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { npm } from './npm';

const ROOT = resolve(__dirname, '..', '..', '..');

/** Where the tarball lies: one for each checkout, so that packing leaves nothing behind. */
const CACHE = join(ROOT, 'node_modules', '.cache');

/** Resolves with the path of the tarball, which the next call renews. `dist` must be built. */
export async function packPackage(): Promise<string> {
	if (!existsSync(join(ROOT, 'dist', 'nodes'))) {
		throw new Error('There is no dist folder to pack: run `npm run build` first.');
	}
	await mkdir(CACHE, { recursive: true });
	// Packed aside and then moved, so that nobody reads half a tarball.
	const folder = await mkdtemp(join(CACHE, 'pack-'));
	try {
		const args = ['pack', '--ignore-scripts', '--json', '--loglevel=error'];
		const printed = await npm([...args, '--pack-destination', folder], { cwd: ROOT });
		const [packed] = JSON.parse(printed) as Array<{ filename: string }>;
		if (!packed) throw new Error(`npm pack named no file: ${printed}`);
		const tarball = join(CACHE, packed.filename);
		await rename(join(folder, packed.filename), tarball);
		return tarball;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/**
 * Does what n8n does when a user installs a community package: no scripts, and no peers, for
 * n8n brings those itself.
 * @param nodesFolder n8n's `<user folder>/.n8n/nodes`
 */
export async function installPackage(tarball: string, nodesFolder: string): Promise<void> {
	await mkdir(nodesFolder, { recursive: true });
	const packageJson = join(nodesFolder, 'package.json');
	if (!existsSync(packageJson)) {
		// What n8n itself would write; it insists on `dependencies`.
		const empty = { name: 'installed-nodes', private: true, dependencies: {} };
		await writeFile(packageJson, JSON.stringify(empty, null, 2));
	}
	const args = ['install', resolve(tarball), '--ignore-scripts', '--legacy-peer-deps'];
	const omit = ['--omit=dev', '--omit=peer', '--no-package-lock', '--no-audit', '--no-fund'];
	await npm([...args, ...omit, '--loglevel=error'], { cwd: nodesFolder });
}
