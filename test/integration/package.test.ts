/** The package as it is published: what is in it, and what n8n's loader and scanner say of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PackageDirectoryLoader } from 'n8n-core';
import { packPackage } from '../support/n8n/pack';

const ROOT = resolve(__dirname, '../..');

interface PackageJson {
	scripts: Record<string, string>;
	peerDependencies: Record<string, string>;
	n8n: { nodes: string[]; credentials: string[] };
}

let tarball: string;
let unpacked: string;
let packageJson: PackageJson;

beforeAll(async () => {
	tarball = await packPackage();
	// In node_modules, where it finds n8n-workflow, as n8n sees to it for its community packages.
	unpacked = mkdtempSync(join(dirname(tarball), 'unpacked-'));
	execFileSync('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
	packageJson = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as PackageJson;
});
afterAll(() => rmSync(unpacked, { recursive: true }));

/** Paths from there, also of what lies in folders. */
function filesIn(folder: string): string[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
		statSync(join(folder, path)).isFile(),
	);
}

it('ships what n8n loads, and what npm wants, and nothing else', () => {
	const sources = ['nodes', 'credentials'].flatMap((folder) =>
		filesIn(join(ROOT, folder)).map((path) => join('dist', folder, path)),
	);
	const built = sources
		.filter((path) => !/\.d\.ts$|\.yaml$/.test(path))
		.map((path) => path.replace(/\.ts$/, '.js'));
	const ownFiles = ['LICENSE', 'README.md', 'index.js', 'package.json'];
	const files = filesIn(unpacked);
	expect(files.sort()).toEqual([...ownFiles, ...built].sort());
	expect(files.filter((path) => /\.(ts|map)$|\btest\b/.test(path))).toEqual([]);
	const { nodes, credentials } = packageJson.n8n;
	expect(files).toEqual(expect.arrayContaining([...nodes, ...credentials]));
});

it('is small, brings no dependencies, and runs nothing when it is installed', () => {
	expect(statSync(tarball).size).toBeLessThan(150_000);
	for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
		expect(packageJson).not.toHaveProperty(kind);
	}
	expect(packageJson.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	const scripts = Object.keys(packageJson.scripts);
	expect(scripts.filter((name) => /install|prepare/.test(name))).toEqual([]);
});

it('imports nothing but what every n8n has', () => {
	// The scanner lets development dependencies pass, which nobody installs with the package.
	const imported = filesIn(unpacked)
		.filter((path) => path.endsWith('.js'))
		.flatMap((path) => [
			...readFileSync(join(unpacked, path), 'utf8').matchAll(/\brequire\(["']([^."'][^"']*)/g),
		])
		.map(([, name]) => name);
	expect([...new Set(imported)].sort()).toEqual(['crypto', 'n8n-workflow']);
});

it('is loaded by n8n, with both nodes and the credential, their icons and their codex', async () => {
	const loader = new PackageDirectoryLoader(unpacked);
	await loader.loadAll();
	const { nodes, credentials } = loader.types;
	expect(nodes.map(({ name }) => name).sort()).toEqual(['aleph', 'alephTrigger']);
	expect(credentials.map(({ name }) => name)).toEqual(['alephApi']);
	for (const { codex } of nodes) expect(codex?.resources?.primaryDocumentation).toHaveLength(1);
	const shipped = filesIn(unpacked).map((path) => `icons/${loader.packageName}/${path}`);
	for (const { iconUrl } of [...nodes, ...credentials]) {
		const { light, dark } = iconUrl as { light: string; dark: string };
		expect(shipped).toEqual(expect.arrayContaining([light, dark]));
	}
});

/**
 * Lints a folder with n8n's configuration as n8n's scanner does: comments switch nothing off. Without
 * patterns it is the checkout of a source. In a process of its own, as the scanner is an ES module.
 */
const SCAN = `
	import { ESLint } from 'eslint';
	import { buildScanConfig, SOURCE_FILE_PATTERNS } from '@n8n/scan-community-package/scanner/scanner.mjs';
	const [cwd, ...patterns] = process.argv.slice(1);
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: await buildScanConfig(),
	});
	const results = await eslint.lintFiles(patterns.length ? patterns : SOURCE_FILE_PATTERNS);
	const found = results.flatMap(({ filePath, messages }) =>
		messages.map(({ line, ruleId, message }) => ({ filePath, line, ruleId, message })),
	);
	console.log(JSON.stringify({ files: results.length, found }));
`;

it.each([
	['the repository', () => ROOT, []],
	['the package', () => unpacked, ['**/*.js', '**/*.json']],
])('n8n’s scanner finds nothing in %s', (_, folder, patterns) => {
	const args = ['--input-type=module', '-e', SCAN, '--', folder(), ...patterns];
	// Its rules behave differently where NODE_ENV is that of jest.
	const env = { ...process.env, NODE_ENV: undefined };
	const printed = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env });
	const { files, found } = JSON.parse(printed) as { files: number; found: object[] };
	expect(found).toEqual([]);
	expect(files).toBeGreaterThan(30);
});
