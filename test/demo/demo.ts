/**
 * `npm run demo`: a real n8n with the package and its examples, and the main example run in it.
 * On the simulator, or with ALEPH_API_KEY on the real API.
 */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { Listr } from 'listr2';
import type { IDataObject } from 'n8n-workflow';
import { OWNER, type Credential, type N8nClient } from '../n8n/client';
import { outputOf } from '../n8n/execution';
import { installN8n } from '../n8n/install';
import { packPackage } from '../n8n/pack';
import { startN8n, type N8nServer } from '../n8n/server';
import { startSimulator, type Simulator } from '../simulator';
import { example, exampleNames, SAMPLE_URL } from './examples';

const MAIN_EXAMPLE = 'generate-and-wait';
const OUTPUT_FOLDER = resolve(__dirname, '..', '..', 'demo-output');

/** Where the demo generates. */
interface Provider {
	credential: { apiKey: string; baseUrl: string };
	sampleUrl: string;
	simulator?: Simulator;
}

interface Demo {
	n8n: N8nServer;
	client: N8nClient;
	/** n8n's ids of the imported examples, by file name. */
	workflows: Map<string, string>;
}

async function main() {
	const once = process.argv.includes('--once');
	const provider = await chooseProvider();
	// Filled step by step, so that what has been started is stopped where a later step fails.
	const demo = {} as Demo;
	try {
		await installN8n();
		await setUp(demo, provider);
		console.log(`\nRunning the example "${MAIN_EXAMPLE}": three prompts for one video ...`);
		const tasks = await runExample(demo);
		console.table(await Promise.all(tasks.map(saveVideo)));
		if (tasks.length !== 3) throw new Error('The example did not give three videos.');
		if (!once) await stayOpen(demo, provider);
	} finally {
		await demo.n8n?.stop();
		await provider.simulator?.close();
	}
}

async function chooseProvider(): Promise<Provider> {
	const { ALEPH_API_KEY, ALEPH_BASE_URL = 'https://api.kie.ai', ALEPH_VIDEO_URL } = process.env;
	if (!ALEPH_API_KEY) {
		const simulator = await startSimulator({ duration: { min: 4, max: 8 } });
		console.log('Generating on the simulator. Set ALEPH_API_KEY for the real API.\n');
		const sampleUrl = `${simulator.url}/files/sample.mp4`;
		return { credential: { apiKey: 'demo', baseUrl: simulator.url }, sampleUrl, simulator };
	}
	if (!ALEPH_VIDEO_URL) {
		throw new Error('Set ALEPH_VIDEO_URL to a public video for the real API to edit.');
	}
	console.log(
		`Generating three videos on ${ALEPH_BASE_URL}. This spends credits of your account.\n`,
	);
	return {
		credential: { apiKey: ALEPH_API_KEY, baseUrl: ALEPH_BASE_URL },
		sampleUrl: ALEPH_VIDEO_URL,
	};
}

async function setUp(demo: Demo, provider: Provider) {
	const steps = new Listr([
		{
			title: 'Start n8n with the package installed',
			task: async () => {
				demo.n8n = await startN8n({ packageTarball: await packPackage() });
			},
		},
		{
			title: 'Import the examples',
			task: async () => {
				demo.client = await demo.n8n.signIn();
				demo.workflows = await importExamples(demo.client, provider);
			},
		},
	]);
	await steps.run();
}

async function importExamples(client: N8nClient, { credential, sampleUrl }: Provider) {
	const credentials: Credential[] = [
		await client.createCredential('Runway Aleph API', 'alephApi', credential),
	];
	const workflows = new Map<string, string>();
	for (const name of exampleNames()) {
		const workflow = example(name, { [SAMPLE_URL]: sampleUrl });
		workflows.set(name, await client.importWorkflow(workflow, credentials));
	}
	return workflows;
}

async function runExample({ client, workflows }: Demo): Promise<IDataObject[]> {
	const executionId = await client.runManually(workflows.get(MAIN_EXAMPLE)!);
	const execution = await client.waitForExecution(executionId, { timeout: 45 * 60_000 });
	if (execution.error) throw new Error(`The example failed: ${execution.error.message}`);
	return outputOf(execution, 'Runway Aleph').map(({ json }) => json);
}

async function saveVideo(task: IDataObject) {
	mkdirSync(OUTPUT_FOLDER, { recursive: true });
	const file = join(OUTPUT_FOLDER, `${task.taskId as string}.mp4`);
	const { data } = await axios.get<Buffer>(task.videoUrl as string, {
		responseType: 'arraybuffer',
	});
	await writeFile(file, data);
	return {
		task: task.taskId,
		status: task.status,
		seconds: task.durationSeconds,
		url: task.videoUrl,
		file: relative(process.cwd(), file),
	};
}

async function stayOpen({ n8n, workflows }: Demo, { simulator }: Provider): Promise<void> {
	console.log(`
n8n is open at ${n8n.url}/workflow/${workflows.get(MAIN_EXAMPLE)}
Sign in as ${OWNER.email} with the password ${OWNER.password}.${
		simulator ? `\nThe simulator's figures are at ${simulator.url}/stats.` : ''
	}
Press Ctrl+C to end.`);
	const interrupt = new AbortController();
	process.once('SIGINT', () => interrupt.abort());
	// Unlike the signal's listener, a timer keeps the process alive.
	await sleep(2 ** 31 - 1, undefined, { signal: interrupt.signal }).catch(() => {});
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
