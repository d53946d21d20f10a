/** The browser of the tests: one that is installed, else the headless Chromium that is on npm. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { cacheFolder, installInto, isComplete, markComplete, startOver } from '../n8n/cache';
import { findProgram, hasGlibc } from './programs';

export interface Chromium {
	path: string;
	env: NodeJS.ProcessEnv;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const OF_MACOS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** A Chromium that is made for servers without libraries and fonts of a desktop. */
const PACKAGE = '@sparticuz/chromium';
const VERSION = '153.0.0';

export const CHROMIUM_ON_NPM =
	process.platform === 'linux' && process.arch === 'x64' && hasGlibc()
		? `${PACKAGE}@${VERSION}`
		: undefined;

export function findChromium(): Chromium | undefined {
	const { CHROMIUM_PATH } = process.env;
	const installed = [CHROMIUM_PATH, ...NAMES.map((name) => findProgram(name)), OF_MACOS]
		.filter((path) => path !== undefined)
		.find(existsSync);
	if (installed) return { path: installed, env: process.env };
	const folder = cachedFolder();
	if (!isComplete(folder)) return undefined;
	const env = {
		...process.env,
		LD_LIBRARY_PATH: join(folder, 'lib'),
		FONTCONFIG_FILE: join(folder, 'fonts.conf'),
	};
	return { path: join(folder, 'chromium'), env };
}

export async function installChromium(): Promise<void> {
	const folder = cachedFolder();
	await startOver(folder);
	await installInto(folder, `${PACKAGE}@${VERSION}`);
	const packed = join(folder, 'node_modules', PACKAGE, 'bin');
	const unpack = async (name: string) =>
		brotliDecompressSync(await readFile(join(packed, `${name}.br`)));
	await writeFile(join(folder, 'chromium'), await unpack('chromium'), { mode: 0o755 });
	for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
		execFileSync('tar', ['-x', '-C', folder], { input: await unpack(name) });
	}
	// The package's own names the folders of a server that it is made for.
	await writeFile(join(folder, 'fonts.conf'), fontsOf(folder));
	await mkdir(join(folder, 'fonts-cache'), { recursive: true });
	await rm(join(folder, 'node_modules'), { recursive: true });
	await markComplete(folder);
}

function cachedFolder(): string {
	return join(cacheFolder(), `chromium-${VERSION}`);
}

function fontsOf(folder: string): string {
	return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
	<dir>${join(folder, 'fonts')}</dir>
	<dir>/usr/share/fonts</dir>
	<cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}
