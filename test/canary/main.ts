/**
 * `npm run canary`: whether the newest n8n has changed a function that the package leans on. With
 * `-- n8n@2.41.1 n8n-core@2.41.1` for these versions instead; `-- --record` takes what it finds as
 * looked at.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changedIn, takeSnapshot, tell, type Snapshot } from './snapshot';
import { WATCHED } from './watched';

const RECORDED = join(__dirname, 'recorded.json');

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		options: { record: { type: 'boolean' } },
		allowPositionals: true,
	});
	const now = await takeSnapshot(WATCHED, positionals);
	if (values.record) {
		await writeFile(RECORDED, `${JSON.stringify(now, null, '\t')}\n`);
		return console.log(`Recorded: ${Object.keys(now.fingerprints).length} functions.`);
	}
	const recorded = JSON.parse(await readFile(RECORDED, 'utf8')) as Snapshot;
	console.log(tell(WATCHED, recorded, now));
	if (changedIn(WATCHED, recorded, now).length > 0) process.exitCode = 1;
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 2;
});
