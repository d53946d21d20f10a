/** `npm run setup`: gets what the tests need, before the first of them starts. */
import { installN8n, isInstalled } from '../n8n/install';
import { CHROMIUM, COMPILER, POSTGRES, REDIS } from './needs';
import { provide } from './provide';

async function main() {
	const ofN8n = isInstalled() ? [] : [COMPILER];
	await provide([...ofN8n, CHROMIUM, REDIS, POSTGRES]);
	await installN8n();
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
