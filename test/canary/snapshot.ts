/** What the watched functions look like in some version of n8n, and how two such snapshots differ. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOf } from './fingerprint';
import { withPackages, type Unpacked } from './packages';
import type { Watched } from './watched';

/** Versions by package, and fingerprints by function: null where the function is not there. */
export interface Snapshot {
	versions: { [packageName: string]: string };
	fingerprints: { [functionName: string]: string | null };
}

/**
 * Looks at the functions in the newest packages.
 * @param specs the packages to take instead, each as `name@version`
 */
export async function takeSnapshot(watched: Watched[], specs: string[]): Promise<Snapshot> {
	const names = [...new Set(watched.map((each) => each.package))];
	const unknown = specs.filter((spec) => !names.some((name) => isOf(name, spec)));
	if (unknown.length > 0) {
		throw new Error(`Not a version of ${names.join(', ')}: ${unknown.join(', ')}`);
	}
	// By its tag: of a name alone, npm takes the newest that the Node at hand can run.
	const wanted = names.map((name) => specs.find((spec) => isOf(name, spec)) ?? `${name}@latest`);
	return await withPackages(wanted, async (packages) => await snapshotOf(watched, packages));
}

function isOf(name: string, spec: string): boolean {
	return spec.startsWith(`${name}@`);
}

async function snapshotOf(watched: Watched[], packages: Map<string, Unpacked>): Promise<Snapshot> {
	const snapshot: Snapshot = { versions: {}, fingerprints: {} };
	for (const [name, { version }] of packages) snapshot.versions[name] = version;
	for (const { package: name, file, name: functionName } of watched) {
		const source = await sourceOf(join(packages.get(name)!.folder, file));
		snapshot.fingerprints[functionName] = fingerprintOf(source, functionName);
	}
	return snapshot;
}

/** Nothing, if the file is gone. */
async function sourceOf(path: string): Promise<string> {
	return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return '';
		throw error;
	});
}

export function changedIn(watched: Watched[], recorded: Snapshot, now: Snapshot): Watched[] {
	return watched.filter(({ name }) => {
		const { [name]: fingerprint } = now.fingerprints;
		return !fingerprint || fingerprint !== recorded.fingerprints[name];
	});
}

/** In plain words: what changed, what of ours leans on it, and what to do. */
export function tell(watched: Watched[], recorded: Snapshot, now: Snapshot): string {
	const changed = changedIn(watched, recorded, now);
	const compared = `${versionsOf(now)}: ${watched.length} functions that the package leans on, compared with ${versionsOf(recorded)}.`;
	if (changed.length === 0) return `${compared}\nNone has changed.`;
	return `${compared}

${changed.map((each) => tellOf(each, recorded, now)).join('\n\n')}

If the sentences still hold, and so does \`npm run test:compat\`, record the new ones: \`npm run canary -- --record\``;
}

function tellOf(
	{ package: from, file, name, use, usedIn }: Watched,
	recorded: Snapshot,
	now: Snapshot,
) {
	const { [name]: before } = recorded.fingerprints;
	const what = !now.fingerprints[name]
		? 'is not there any more'
		: before
			? 'has changed'
			: 'has not been recorded before';
	const diff = `npm diff --diff=${from}@${recorded.versions[from]} --diff=${from}@${now.versions[from]} ${file}`;
	return `${name} ${what} (${from}, ${file}).
  ${use}
  It matters to: ${usedIn.join(', ')}
  See: ${diff}`;
}

function versionsOf({ versions }: Snapshot): string {
	return Object.entries(versions)
		.map(([name, version]) => `${name} ${version}`)
		.join(', ');
}
