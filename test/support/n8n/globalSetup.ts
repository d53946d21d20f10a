/**
 * Before the first end-to-end test: a user folder with the package, a database and an owner. Each n8n
 * of the tests starts on a copy of it, which takes half as long as on an empty one.
 */
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packPackage } from './pack';
import { startN8n } from './server';

export default async function setUp(): Promise<void> {
	const userFolder = await realpath(await mkdtemp(join(tmpdir(), 'n8n-prepared-')));
	// The processes that jest runs tests in inherit it.
	process.env.N8N_PREPARED_FOLDER = userFolder;
	const n8n = await startN8n({ userFolder, packageTarball: await packPackage() });
	await n8n.signIn();
	await n8n.stop();
}
