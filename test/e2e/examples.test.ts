import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { example, exampleNames, SAMPLE_URL } from '../demo/examples';
import type { Credential } from '../n8n/client';
import { outputOf, type Execution } from '../n8n/execution';
import { startModelStub } from './modelStub';
import { useN8n } from './n8n';

const world = useN8n({ duration: 2 });

const sampleUrl = () => `${world.simulator.url}/files/sample.mp4`;

async function importExample(
	name: string,
	replacements: Record<string, string> = {},
	...others: Credential[]
) {
	const workflow = example(name, { [SAMPLE_URL]: sampleUrl(), ...replacements });
	return await world.client.importWorkflow(workflow, [world.credential, ...others]);
}

async function run(name: string, replacements: Record<string, string> = {}): Promise<Execution> {
	const id = await importExample(name, replacements);
	const executionId = await world.client.runManually(id);
	return await world.client.waitForExecution(executionId, { timeout: 150_000 });
}

const statuses = (execution: Execution, node: string) =>
	outputOf(execution, node).map(({ json }) => json.status);

/** The executions of a workflow that starts by itself, once there are as many as expected. */
async function executionsOf(workflowId: string, count: number): Promise<Execution[]> {
	const finished = () => world.client.listExecutions({ workflowId, status: ['success', 'error'] });
	while ((await finished()).length < count) await sleep(250);
	return await Promise.all((await finished()).map(({ id }) => world.client.execution(id)));
}

const tested = new Set<string>();

function itRuns(name: string, story: string, test: () => Promise<void>) {
	tested.add(name);
	it(`${name} ${story}`, test, 180_000);
}

itRuns('generate-and-wait', 'gives three downloaded videos', async () => {
	const execution = await run('generate-and-wait');
	expect(execution.error).toBeUndefined();
	expect(statuses(execution, 'Runway Aleph')).toEqual(Array(3).fill('success'));
	const files = outputOf(execution, 'Runway Aleph').map(({ binary }) => binary?.video?.mimeType);
	expect(files).toEqual(Array(3).fill('video/mp4'));
});

itRuns(
	'batch-from-a-list',
	'gives a video for each row, and tells the rows that failed',
	async () => {
		const rows = ['Make it snow', 'Make it rude [fail=moderation]', 'Make it rain'];
		const csv = rows.map((prompt) => `${prompt},${sampleUrl()}\n`);
		writeFileSync(join(world.n8n.filesFolder, 'list.csv'), `prompt,video\n${csv.join('')}`);
		const execution = await run('batch-from-a-list', { '/files/': `${world.n8n.filesFolder}/` });
		const prompts = (node: string) => outputOf(execution, node).map(({ json }) => json.prompt);
		expect(prompts('Videos')).toEqual([rows[0], rows[2]]);
		expect(prompts('Failed rows')).toEqual([rows[1]]);
	},
);

itRuns('ai-agent', 'answers a chat with the new video', async () => {
	const model = await startModelStub();
	const openAi = { apiKey: 'key', url: model.url };
	const credential = await world.client.createCredential('Model', 'openAiApi', openAi);
	const published = { '"public": false': '"public": true' };
	await world.client.activate(await importExample('ai-agent', published, credential));
	const message = { action: 'sendMessage', sessionId: '1', chatInput: sampleUrl() };
	const chat = `${world.n8n.url}/webhook/runway-aleph-chat/chat`;
	const { data } = await axios.post<{ output: string }>(chat, message);
	const { taskId } = world.simulator.tasks().at(-1)!;
	expect(data.output).toContain(`/files/result/${taskId}.mp4`);
	await model.close();
});

itRuns('sleep-and-resume', 'gives three videos after its sleep', async () => {
	const execution = await run('sleep-and-resume');
	expect(execution.error).toBeUndefined();
	expect(statuses(execution, 'Runway Aleph')).toEqual(Array(3).fill('success'));
});

itRuns('deadline-and-pick-up', 'gets the videos although nobody calls', async () => {
	world.simulator.settings.callbacks = false;
	const execution = await run('deadline-and-pick-up', { '"timeout": 20': '"timeout": 0.1' });
	expect(execution.error).toBeUndefined();
	expect(statuses(execution, 'Runway Aleph')).toEqual(Array(3).fill('timeout'));
	expect(statuses(execution, 'Videos')).toEqual(Array(3).fill('success'));
});

itRuns('trigger-pair-receive', 'is started by the tasks of trigger-pair-generate', async () => {
	tested.add('trigger-pair-generate');
	const receiver = await importExample('trigger-pair-receive');
	await world.client.activate(receiver);
	const generated = await run('trigger-pair-generate', {
		'https://n8n.example.com': world.n8n.url,
	});
	const received = await executionsOf(receiver, 3);
	const taskIds = received.map((each) => outputOf(each, 'Video is ready')[0]?.json.taskId);
	expect(taskIds.sort()).toEqual(
		outputOf(generated, 'Runway Aleph')
			.map(({ json }) => json.taskId)
			.sort(),
	);
});

itRuns('upload-and-download', 'saves the video made of an uploaded file', async () => {
	const id = await importExample('upload-and-download', { '/files/': `${world.n8n.filesFolder}/` });
	await world.client.activate(id);
	const media = (name: string) => readFileSync(resolve(__dirname, '../simulator/media', name));
	const form = new FormData();
	form.append('field-0', 'Make it snow');
	form.append('field-1', new File([media('sample.mp4')], 'mine.mp4', { type: 'video/mp4' }));
	await axios.post(`${world.n8n.url}/form/runway-aleph-form`, form);
	const [execution] = await executionsOf(id, 1);
	expect(execution!.error).toBeUndefined();
	const [task] = outputOf(execution!, 'Runway Aleph');
	const file = join(world.n8n.filesFolder, `${task!.json.taskId as string}.mp4`);
	expect(readFileSync(file)).toEqual(media('result.mp4'));
});

it('no example is left out', () => {
	expect([...tested].sort()).toEqual(exampleNames().sort());
});
