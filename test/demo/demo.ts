/**
 * `npm run demo`: a real n8n with the package and its examples, and two of them run in it. On the
 * simulator, or with ALEPH_API_KEY on the real API, where only the first is run.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Listr, type ListrTask } from 'listr2';
import type { IDataObject } from 'n8n-workflow';
import type { N8nClient } from '../support/n8n/client';
import { isFinished, outputOf, type Execution } from '../support/n8n/execution';
import { installN8n } from '../support/n8n/install';
import { packPackage } from '../support/n8n/pack';
import { startN8n, type N8nServer } from '../support/n8n/server';
import { importExamples } from './examples';
import { untilInterrupted } from './interrupt';
import { chooseProvider, createCredentials, type Provider } from './provider';
import { savedVideos, tryInN8n, tryLater } from './report';
import { saveVideos } from './videos';

const MAIN_EXAMPLE = 'generate-and-wait';
const SLEEPING_EXAMPLE = 'four-seasons';
const TIMEOUT_MS = 45 * 60_000;

/** Filled step by step, so that what has been started is stopped where a later step fails. */
interface Demo {
	provider: Provider;
	/** Where n8n keeps its data, also while it is stopped. */
	userFolder: string;
	n8n: N8nServer;
	client: N8nClient;
	/** n8n's ids of the imported examples, by file name. */
	workflows: Map<string, string>;
	/** The execution that sleeps while n8n is restarted. */
	asleep: Execution;
	/** The videos that have been saved, by the title of their example. */
	files: Map<string, string[]>;
}

async function main() {
	const once = process.argv.includes('--once');
	const demo = { files: new Map() } as Demo;
	try {
		demo.provider = await chooseProvider();
		const { simulator } = demo.provider;
		await installN8n();
		const tasks = [...setUp(demo), ...show(demo)];
		// The error is told at the end, once.
		await new Listr(tasks, { rendererOptions: { showErrorMessage: false } }).run();
		console.log(savedVideos(demo.files, simulator));
		console.log(once ? tryLater(simulator) : tryInN8n(demo.n8n.url, simulator));
		if (!once) await untilInterrupted();
	} finally {
		await demo.n8n?.stop();
		await demo.provider?.simulator?.close();
		if (demo.userFolder) await rm(demo.userFolder, { recursive: true, force: true });
	}
}

function setUp(demo: Demo): ListrTask[] {
	return [
		{
			title: 'Start n8n with the package installed',
			task: async () => {
				// Without symbolic links, through which n8n refuses to write files.
				demo.userFolder = await realpath(await mkdtemp(join(tmpdir(), 'n8n-demo-')));
				const { userFolder } = demo;
				demo.n8n = await startN8n({ userFolder, packageTarball: await packPackage() });
				demo.client = await demo.n8n.signIn();
			},
		},
		{
			title: 'Import the examples',
			task: async () => {
				const { client, provider, n8n } = demo;
				const credentials = await createCredentials(client, provider);
				demo.workflows = await importExamples({ client, url: n8n.url, ...provider, credentials });
			},
		},
	];
}

/** The sleep is shown where it costs nothing. */
function show(demo: Demo): ListrTask[] {
	const main = [
		{
			title: 'Run "Generate and wait": three prompts for one video',
			task: async () => {
				const id = await demo.client.runManually(demo.workflows.get(MAIN_EXAMPLE)!);
				await collect(demo, 'Generate and wait', id);
			},
		},
	];
	if (!demo.provider.simulator) return main;
	return [
		...main,
		{
			title: 'Run "One clip in four seasons": the execution falls asleep',
			task: async () => await fallAsleep(demo),
		},
		{ title: 'Stop n8n, and start it again', task: async () => await restart(demo) },
		{
			title: 'The execution wakes up with its four videos',
			task: async () => await collect(demo, 'One clip in four seasons', demo.asleep.id),
		},
	];
}

async function fallAsleep(demo: Demo) {
	const { settings } = demo.provider.simulator!;
	const { duration } = settings;
	// Long enough for n8n to be stopped meanwhile.
	settings.duration = 20;
	const id = await demo.client.runManually(demo.workflows.get(SLEEPING_EXAMPLE)!);
	const until = (execution: Execution) => execution.status === 'waiting' || isFinished(execution);
	demo.asleep = await demo.client.waitForExecution(id, { until });
	settings.duration = duration;
	if (demo.asleep.status !== 'waiting') throw failure(demo.asleep);
}

async function restart(demo: Demo) {
	const { userFolder, n8n } = demo;
	await n8n.stop();
	demo.n8n = await startN8n({ userFolder, port: n8n.port });
	demo.client = await demo.n8n.signIn();
}

/** Waits for the execution, and saves its videos. */
async function collect({ client, files }: Demo, title: string, executionId: string) {
	const execution = await client.waitForExecution(executionId, { timeout: TIMEOUT_MS });
	const made = outputOf(execution, 'Runway Aleph').map(({ json }) => json);
	if (made.length === 0 || !made.every(isDone)) throw failure(execution);
	files.set(title, await saveVideos(made));
}

const isDone = ({ status }: IDataObject) => status === 'success';

/** With the description, which names the tasks: they may be paid for. */
function failure({ status, error }: Execution): Error {
	const reason = error ? [error.message, error.description].filter(Boolean).join('\n') : status;
	return new Error(`The example did not give its videos: ${reason}`);
}

main().catch((error: Error) => {
	console.error(error.message);
	process.exitCode = 1;
});
