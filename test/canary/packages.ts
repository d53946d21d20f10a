/** Packages from the npm registry, unpacked into a temporary folder. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm } from '../support/n8n/npm';

export interface Unpacked {
	version: string;
	folder: string;
}

/** Unpacks each of the packages (each as `name@version`), and removes them once `use` is done. */
export async function withPackages<T>(
	specs: string[],
	use: (packages: Map<string, Unpacked>) => Promise<T>,
): Promise<T> {
	const folder = await mkdtemp(join(tmpdir(), 'canary-'));
	try {
		return await use(await unpack(specs, folder));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function unpack(specs: string[], folder: string): Promise<Map<string, Unpacked>> {
	const args = ['pack', ...specs, '--ignore-scripts', '--json', '--loglevel=error'];
	const printed = await npm([...args, '--pack-destination', folder], { cwd: folder });
	const packed = JSON.parse(printed) as Array<Record<'name' | 'version' | 'filename', string>>;
	const packages = new Map<string, Unpacked>();
	for (const { name, version, filename } of packed) {
		const into = await mkdtemp(join(folder, 'unpacked-'));
		const archive = join(folder, filename);
		execFileSync('tar', ['-xzf', archive, '-C', into, '--strip-components=1', '--exclude=*.map']);
		packages.set(name, { version, folder: into });
	}
	return packages;
}
