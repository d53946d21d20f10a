import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Credential } from '../n8n/client';
import { isFinished, outputOf, type Execution } from '../n8n/execution';
import { startN8n } from '../n8n/server';
import { newCredential, runWorkflow, useN8n, workflowOf, type WorkflowSetup } from './n8n';

const world = useN8n({ duration: 3, rateLimit: 1000, concurrency: 1000 });

const parameters: INodeParameters = {
	prompt: '={{ $json.prompt }}',
	videoUrl: 'https://example.com/video.mp4',
	waitMode: 'callback',
	options: { generateRate: 1000 },
};

const prompts = (count: number, prompt: (n: number) => string): IDataObject[] =>
	Array.from({ length: count }, (_, n) => ({ prompt: prompt(n) }));

const itemsOf = (execution: Execution, output = 0) =>
	outputOf(execution, 'Runway Aleph', output).map(({ json }) => json);

/** Starts the workflow, and gives its execution once that sleeps. */
async function fallAsleep(setup: WorkflowSetup, account: Credential = world.credential) {
	const id = await world.client.importWorkflow(workflowOf(setup), [account]);
	const executionId = await world.client.runManually(id);
	return await world.client.waitForExecution(executionId, {
		until: (execution) => execution.status === 'waiting' || isFinished(execution),
	});
}

/** In the order of their prompts: several at once may be accepted in another. */
const tasksWith = (text: string) =>
	world.simulator
		.tasks()
		.filter(({ request }) => request.prompt.includes(text))
		.sort((a, b) => a.request.prompt.localeCompare(b.request.prompt));

async function restartN8n() {
	await world.n8n.kill();
	const { userFolder, port } = world.n8n;
	world.n8n = await startN8n({ userFolder, port });
	world.client = await world.n8n.signIn();
}

describe('a sleeping execution', () => {
	it('wakes when the last of its tasks has ended, with the items in order', async () => {
		const asleep = await fallAsleep({
			parameters,
			items: prompts(5, (n) => `Ordered ${n} [duration=${5 - n}]`),
		});
		expect(asleep.status).toBe('waiting');
		const { runData, error, status } = await world.client.waitForExecution(asleep.id);
		expect(error).toBeUndefined();
		expect(status).toBe('success');
		const items = runData['Runway Aleph']?.at(-1)?.data?.main?.[0] ?? [];
		expect(items.map(({ json }) => json.prompt)).toEqual(
			[0, 1, 2, 3, 4].map((n) => `Ordered ${n} [duration=${5 - n}]`),
		);
		expect(items.map(({ json }) => json.status)).toEqual(Array(5).fill('success'));
		expect(items.map(({ pairedItem }) => pairedItem)).toMatchObject(
			[0, 1, 2, 3, 4].map((item) => ({ item })),
		);
	});

	it('takes at most 3 requests per task, with callbacks doubled and lost', async () => {
		Object.assign(world.simulator.settings, { doubleEvery: 3, loseEvery: 4 });
		const before = world.simulator.stats();
		const execution = await runWorkflow(world, {
			parameters,
			items: prompts(40, (n) => `Counted ${n} [duration=${2 + (n % 3)}]`),
		});
		expect(itemsOf(execution).map(({ status }) => status)).toEqual(Array(40).fill('success'));
		const after = world.simulator.stats();
		const reads = after.recordInfo.requests - before.recordInfo.requests;
		expect((40 + reads) / 40).toBeLessThanOrEqual(3);
	});

	it('ends with the error that lists all tasks when one has failed', async () => {
		const execution = await runWorkflow(world, {
			parameters,
			items: prompts(3, (n) => `Listed ${n} ${n === 1 ? '[fail=moderation]' : ''}`),
		});
		expect(execution.status).toBe('error');
		expect(execution.error?.message).toMatch(/^Moderation refused the video/);
		for (const { taskId, state } of tasksWith('Listed')) {
			const status = state === 'failed' ? 'failed' : 'success';
			expect(execution.error?.description).toContain(`task ${taskId} ${status}`);
		}
	});

	it('pays only for what failed when the execution is retried', async () => {
		const first = await runWorkflow(world, {
			parameters,
			items: prompts(3, (n) => `Retried ${n} ${n === 1 ? '[fail=internal]' : ''}`),
		});
		expect(first.status).toBe('error');
		const second = await world.client.retryExecution(first.id);
		await world.client.waitForExecution(second);
		expect(tasksWith('Retried').map(({ request }) => request.prompt[8])).toEqual([
			'0',
			'1',
			'1',
			'2',
		]);
	});

	it('ends after the tries of Retry On Fail, each of which pays only for what failed', async () => {
		const execution = await runWorkflow(world, {
			parameters,
			items: prompts(2, (n) => `Stubborn ${n} ${n === 1 ? '[fail=moderation]' : ''}`),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		});
		expect(execution.status).toBe('error');
		expect(tasksWith('Stubborn').map(({ request }) => request.prompt[9])).toEqual(['0', '1', '1']);
	});

	it('gives failed tasks as items with "Continue", and on the error output', async () => {
		const setup = {
			parameters,
			items: prompts(3, (n) => `Going on ${n} ${n === 1 ? '[fail=moderation]' : ''}`),
		};
		const going = await runWorkflow(world, {
			...setup,
			settings: { onError: 'continueRegularOutput' },
		});
		expect(itemsOf(going).map(({ status }) => status)).toEqual(['success', 'failed', 'success']);
		const split = await runWorkflow(world, {
			...setup,
			settings: { onError: 'continueErrorOutput' },
		});
		expect(itemsOf(split).map(({ status }) => status)).toEqual(['success', 'success']);
		expect(itemsOf(split, 1)).toMatchObject([
			{
				status: 'failed',
				taskId: expect.any(String) as string,
				error: expect.stringMatching(/^Moderation/) as string,
				errorMessage: expect.any(String) as string,
			},
		]);
	});

	it('keeps an item that was refused at once, beside those it slept for', async () => {
		const execution = await runWorkflow(world, {
			parameters,
			items: prompts(3, (n) => `Mixed ${n} ${n === 1 ? '[refuse=451]' : ''}`),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(itemsOf(execution)).toMatchObject([
			{ status: 'success' },
			{ status: 'failed', taskId: null, error: expect.stringMatching(/fetch/) as string },
			{ status: 'success' },
		]);
		expect(tasksWith('Mixed')).toHaveLength(2);
	});

	it('brings the files of its videos, as when it polls', async () => {
		const execution = await runWorkflow(world, {
			parameters: { ...parameters, options: { download: ['video', 'thumbnail'] } },
			items: prompts(2, (n) => `Downloaded ${n}`),
		});
		const files = outputOf(execution, 'Runway Aleph').map(({ binary }) => binary);
		const both = { video: { mimeType: 'video/mp4' }, thumbnail: { mimeType: 'image/png' } };
		expect(files).toMatchObject([both, both]);
	});

	it('survives that a task ends while others are still being submitted', async () => {
		const execution = await runWorkflow(world, {
			parameters: { ...parameters, options: { generateRate: 2 } },
			items: prompts(4, (n) => `Early ${n} [duration=0]`),
		});
		expect(itemsOf(execution).map(({ status }) => status)).toEqual(Array(4).fill('success'));
	});
});

describe('a callback for a sleeping execution', () => {
	it('is refused for other tasks, without the token, and with a wrong signature', async () => {
		const account = await newCredential(world, { webhookHmacKey: 'secret' });
		const setup = { parameters, items: prompts(1, () => 'Guarded [duration=600]') };
		await fallAsleep(setup, account);
		const open = await fallAsleep({ ...setup, items: prompts(1, () => 'Open [duration=600]') });
		const call = async (url: string, body: object) =>
			(await axios.post<unknown>(url, body, { validateStatus: () => true })).status;
		const [guarded] = tasksWith('Guarded');
		const [other] = tasksWith('Open');
		const body = { code: 200, msg: 'success', taskId: guarded!.taskId };
		expect(await call(guarded!.request.callBackUrl!, body)).toBe(401);
		expect(await call(other!.request.callBackUrl!, body)).toBe(403);
		expect(await call(other!.request.callBackUrl!.split('?')[0]!, body)).toBe(401);
		expect(await call(other!.request.callBackUrl!, [])).toBe(400);
		expect(await call(other!.request.callBackUrl!, { ...body, taskId: other!.taskId })).toBe(503);
		expect((await world.client.execution(open.id)).status).toBe('waiting');
	});
});

describe('n8n killed and started again', () => {
	it('loses none of 100 tasks, and pays for none twice', async () => {
		Object.assign(world.simulator.settings, {
			duration: { min: 25, max: 60 },
			callbackRetries: 10,
			callbackRetryDelay: 5,
		});
		const asleep = await fallAsleep({ parameters, items: prompts(100, (n) => `Survivor ${n}`) });
		expect(asleep.status).toBe('waiting');
		await restartN8n();
		const tasks = () => tasksWith('Survivor');
		const called = () => tasks().filter(({ callback }) => callback === 'delivered').length;
		while (called() < 50) await sleep(200);
		await restartN8n();
		const execution = await world.client.waitForExecution(asleep.id, { timeout: 150_000 });
		expect(execution.error).toBeUndefined();
		expect(
			itemsOf(execution).map(({ prompt, status }) => `${prompt as string}: ${status as string}`),
		).toEqual(Array.from({ length: 100 }, (_, n) => `Survivor ${n}: success`));
		expect(tasks()).toHaveLength(100);
	}, 300_000);
});

describe('the deadline', () => {
	it('gives all task IDs, and "Get" waits for the videos from there', async () => {
		world.simulator.settings.callbacks = false;
		const setup = {
			parameters: { ...parameters, options: { timeout: 0.1 } },
			items: prompts(3, (n) => `Forgotten ${n}`),
		};
		const workflow = workflowOf({ ...setup, settings: { onError: 'continueErrorOutput' } });
		workflow.nodes.push({
			...workflow.nodes.at(-1)!,
			id: 'get',
			name: 'Get',
			parameters: {
				operation: 'get',
				taskId: '={{ $json.taskId }}',
				waitForCompletion: true,
			},
		});
		workflow.connections['Runway Aleph'] = { main: [[{ node: 'Get', type: 'main', index: 0 }]] };
		const id = await world.client.importWorkflow(workflow, [world.credential]);
		const execution = await world.client.waitForExecution(await world.client.runManually(id), {
			timeout: 150_000,
		});
		expect(itemsOf(execution).map(({ status }) => status)).toEqual(Array(3).fill('timeout'));
		expect(itemsOf(execution).map(({ taskId }) => taskId)).toEqual(
			tasksWith('Forgotten').map(({ taskId }) => taskId),
		);
		expect(outputOf(execution, 'Get').map(({ json }) => json.status)).toEqual(
			Array(3).fill('success'),
		);
	}, 180_000);
});

describe('an address that the provider cannot reach', () => {
	it('is refused before anything is sent', async () => {
		const account = await newCredential(world, { baseUrl: 'https://api.kie.ai' });
		const execution = await runWorkflow(
			world,
			{ parameters, items: prompts(1, () => 'Unreachable') },
			account,
		);
		expect(execution.error?.message).toBe(`The provider cannot call this n8n at ${world.n8n.url}`);
		expect(execution.error?.description).toContain('WEBHOOK_URL');
	});
});
