/** The package as it is published: what is in it, and what n8n's own scanner says of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packPackage } from '../n8n/pack';

const ROOT = resolve(__dirname, '../..');

let tarball: string;
let unpacked: string;

beforeAll(async () => {
	tarball = await packPackage();
	unpacked = mkdtempSync(join(tmpdir(), 'unpacked-'));
	execFileSync('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
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
	expect(filesIn(unpacked).sort()).toEqual([...ownFiles, ...built].sort());
});

it('is small, and brings no dependencies', () => {
	expect(statSync(tarball).size).toBeLessThan(100_000);
	const packageJson = readFileSync(join(unpacked, 'package.json'), 'utf8');
	expect(JSON.parse(packageJson)).not.toHaveProperty('dependencies');
});

/** Lints a folder with n8n's configuration as n8n's scanner does: comments switch nothing off. */
const SCAN = `
	import { ESLint } from 'eslint';
	import { buildScanConfig } from '@n8n/scan-community-package/scanner/scanner.mjs';
	const [cwd, ...patterns] = process.argv.slice(1);
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: await buildScanConfig(),
	});
	const results = await eslint.lintFiles(patterns);
	const found = results.flatMap(({ filePath, messages }) =>
		messages.map(({ line, ruleId, message }) => ({ filePath, line, ruleId, message })),
	);
	console.log(JSON.stringify({ files: results.length, found }));
`;

it.each([
	['the repository', () => ROOT, ['package.json', '{nodes,credentials}/**/*.{js,ts,json}']],
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
