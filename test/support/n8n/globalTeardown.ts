/** After the last end-to-end test. */
import { rm } from 'node:fs/promises';

export default async function tearDown(): Promise<void> {
	const { N8N_PREPARED_FOLDER } = process.env;
	if (N8N_PREPARED_FOLDER) await rm(N8N_PREPARED_FOLDER, { recursive: true, force: true });
}
