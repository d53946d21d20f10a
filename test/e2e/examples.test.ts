import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import axios from 'axios';
import { exampleNames, importExamples } from '../demo/examples';
import { startModelStub, type ModelStub } from '../support/modelStub';
import { outputOf, type Execution } from '../support/n8n/execution';
import { executionsOf, useN8n } from '../support/realN8n';

const world = useN8n({ duration: 2 });

let sampleUrl: string;
let model: ModelStub;
/** As the demo has them, by file name. */
let workflows: Map<string, string>;

beforeAll(async () => {
	const { client, credential, n8n, simulator } = world;
	sampleUrl = `${simulator.url}/files/sample.mp4`;
	model = await startModelStub();
	const openAi = { apiKey: 'key', url: model.url };
	const credentials = [credential, await client.createCredential('Model', 'openAiApi', openAi)];
	workflows = await importExamples({ client, url: n8n.url, sampleUrl, credentials });
});
afterAll(async () => await model?.close());

async function run(name: string): Promise<Execution> {
	const executionId = await world.client.runManually(workflows.get(name)!);
	const execution = await world.client.waitForExecution(executionId);
	expect(execution.error).toBeUndefined();
	return execution;
}

/** What the node has given as a field of its items. */
const given = (field: string, execution: Execution, node: string) =>
	outputOf(execution, node).map(({ json }) => json[field]);

const tested = new Set<string>();

function itRuns(name: string, story: string, test: () => Promise<void>) {
	tested.add(name);
	it(`${name} ${story}`, test);
}

itRuns('generate-and-wait', 'gives three downloaded videos', async () => {
	const execution = await run('generate-and-wait');
	expect(given('status', execution, 'Runway Aleph')).toEqual(Array(3).fill('success'));
	const files = outputOf(execution, 'Runway Aleph').map(({ binary }) => binary?.video?.mimeType);
	expect(files).toEqual(Array(3).fill('video/mp4'));
});

itRuns('batch-from-a-list', 'gives a video for each row, and tells which one failed', async () => {
	const execution = await run('batch-from-a-list');
	const prompts = given('prompt', execution, 'List');
	expect(given('prompt', execution, 'Videos')).toEqual(prompts.slice(0, 3));
	expect(given('status', execution, 'Videos')).toEqual(Array(3).fill('success'));
	expect(given('prompt', execution, 'Failed rows')).toEqual(prompts.slice(3));
	const [failed] = outputOf(execution, 'Failed rows');
	expect(failed?.json).toMatchObject({ taskId: null, status: 'failed' });
	expect(failed?.json.error).toContain('Video URL');
});

itRuns('ai-agent', 'answers a chat with the new video', async () => {
	const id = workflows.get('ai-agent')!;
	await world.client.listenForTestEvent(id, 'When chat message received', 'chat');
	const message = { action: 'sendMessage', sessionId: 'chat', chatInput: sampleUrl };
	const chat = `${world.n8n.url}/webhook-test/${id}/chat`;
	const { data } = await axios.post<{ output: string }>(chat, message);
	const { taskId } = world.simulator.tasks().at(-1)!;
	expect(data.output).toContain(`/files/result/${taskId}.mp4`);
});

itRuns('sleep-and-resume', 'gives three videos after its sleep', async () => {
	const execution = await run('sleep-and-resume');
	expect(given('status', execution, 'Runway Aleph')).toEqual(Array(3).fill('success'));
});

itRuns('trigger-pair-receive', 'is started by the tasks of trigger-pair-generate', async () => {
	tested.add('trigger-pair-generate');
	const generated = await run('trigger-pair-generate');
	const received = await executionsOf(world, workflows.get('trigger-pair-receive')!, 3);
	const taskIds = received.flatMap((each) => given('taskId', each, 'Video is ready'));
	expect(taskIds.sort()).toEqual(given('taskId', generated, 'Runway Aleph').sort());
});

itRuns('upload-and-download', 'uploads the file, and gives the new one', async () => {
	const execution = await run('upload-and-download');
	const sizeOf = (name: string) => statSync(resolve(__dirname, '../simulator/media', name)).size;
	const [upload] = world.simulator.stats().uploads.slice(-1);
	expect(upload?.size).toBe(sizeOf('source.mp4'));
	const [item] = outputOf(execution, 'Store the video');
	expect(item?.json.sourceVideoUrl).toContain(upload!.path);
	expect(item?.binary?.video).toMatchObject({ bytes: sizeOf('snow.mp4') });
});

it('no example is left out', () => {
	expect([...tested].sort()).toEqual(exampleNames().sort());
});
