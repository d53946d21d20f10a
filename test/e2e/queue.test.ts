import axios from 'axios';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { poll } from '../n8n/client';
import { isFinished, outputOf, type Execution } from '../n8n/execution';
import { packPackage } from '../n8n/pack';
import { startQueueMode, type QueueMode } from '../n8n/queue';
import { startSimulator, type Settings } from '../simulator';
import {
	newCredential,
	publishTrigger,
	triggeredItems,
	workflowOf,
	type World,
	type WorkflowSetup,
} from './n8n';

/** n8n takes a worker for dead after a minute and a half, which proves no more. */
const NOTICE_SOONER = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '5000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

const world = {} as World & { queue: QueueMode };
let initial: Settings;

beforeAll(async () => {
	world.simulator = await startSimulator({ duration: 2, credits: 1_000_000 });
	initial = structuredClone(world.simulator.settings);
	world.queue = await startQueueMode({ packageTarball: await packPackage(), env: NOTICE_SOONER });
	world.n8n = world.queue.main;
	world.client = await world.n8n.signIn();
	world.credential = await newCredential(world);
}, 600_000);
afterEach(() => Object.assign(world.simulator.settings, initial));
afterAll(async () => {
	await world.queue?.stop();
	await world.simulator?.close();
}, 60_000);

const polling: INodeParameters = {
	prompt: '={{ $json.prompt }}',
	videoUrl: 'https://example.com/video.mp4',
};
const sleeping: INodeParameters = { ...polling, waitMode: 'callback' };
const unlimited = { rateLimit: 1000, concurrency: 1000 };
const fast = { options: { generateRate: 1000 } };

const prompts = (count: number, prompt: (n: number) => string): IDataObject[] =>
	Array.from({ length: count }, (_, n) => ({ prompt: prompt(n) }));

const itemsOf = (execution: Execution, output = 0) =>
	outputOf(execution, 'Runway Aleph', output).map(({ json }) => json);

/** Tasks whose prompts have the text, in the order of their prompts; they may be accepted in another. */
const tasksWith = (text: string) =>
	world.simulator
		.tasks()
		.filter(({ request }) => request.prompt.includes(text))
		.sort((a, b) => a.request.prompt.localeCompare(b.request.prompt));

async function start(setup: WorkflowSetup): Promise<string> {
	const id = await world.client.importWorkflow(workflowOf(setup), [world.credential]);
	return await world.client.runManually(id);
}

const workerOf = (executionId: string) => world.queue.workerOf(executionId);

/** Starts executions until each of the two workers has taken one. Gives their ids. */
async function startOnBoth(setupOf: (n: number) => WorkflowSetup): Promise<string[]> {
	const ids: string[] = [];
	while (new Set(ids.map(workerOf)).size < 2) {
		if (ids.length === 10) throw new Error('One worker takes everything.');
		const id = await start(setupOf(ids.length));
		await poll(() => workerOf(id) !== undefined, Boolean, 60_000);
		ids.push(id);
	}
	return ids;
}

async function end(executionId: string): Promise<Execution> {
	return await world.client.waitForExecution(executionId, { timeout: 150_000 });
}

const endAll = async (executionIds: string[]) => await Promise.all(executionIds.map(end));

/** Resolves with the execution's id once it sleeps. */
async function fallAsleep(setup: WorkflowSetup): Promise<string> {
	const { id, status } = await world.client.waitForExecution(await start(setup), {
		until: (execution) => execution.status === 'waiting' || isFinished(execution),
	});
	expect(status).toBe('waiting');
	return id;
}

describe('a worker that polls', () => {
	it('gives the items of a batch of ten', async () => {
		const items = prompts(10, (n) => `Polled ${n}`);
		const execution = await end(await start({ parameters: polling, items }));
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			items.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		expect(workerOf(execution.id)).toBeDefined();
		expect(tasksWith('Polled')).toHaveLength(10);
	});

	it('shares the account’s rate with the other worker, and pays for nothing twice', async () => {
		const ids = await startOnBoth((batch) => ({
			parameters: polling,
			items: prompts(15, (n) => `Shared by batch ${batch}: ${n}`),
		}));
		for (const execution of await endAll(ids)) {
			expect(itemsOf(execution).map(({ status }) => status)).toEqual(Array(15).fill('success'));
		}
		expect(tasksWith('Shared by')).toHaveLength(15 * ids.length);
	});
});

describe('an execution that sleeps', () => {
	beforeEach(() => Object.assign(world.simulator.settings, unlimited));

	it('is woken through the webhook process, and gives its thirty items in order', async () => {
		const items = prompts(30, (n) => `Asleep ${n} [duration=${4 + n / 4}]`);
		const id = await fallAsleep({ parameters: { ...sleeping, ...fast }, items });
		const execution = await end(id);
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			items.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		expect(outputOf(execution, 'Runway Aleph').map(({ pairedItem }) => pairedItem)).toMatchObject(
			items.map((_, item) => ({ item })),
		);
		const tasks = tasksWith('Asleep');
		expect(tasks).toHaveLength(30);
		for (const { request } of tasks) {
			expect(request.callBackUrl).toContain(`${world.queue.webhooks.url}/webhook-waiting/${id}`);
		}
	});

	it('gives its failed tasks on the error output', async () => {
		const items = prompts(4, (n) => `Split ${n} ${n % 2 === 1 ? '[fail=moderation]' : ''}`);
		const settings = { onError: 'continueErrorOutput' as const };
		const execution = await end(await start({ parameters: sleeping, items, settings }));
		expect(execution.status).toBe('success');
		expect(itemsOf(execution)).toMatchObject([
			{ prompt: items[0]?.prompt, status: 'success' },
			{ prompt: items[2]?.prompt, status: 'success' },
		]);
		const failed = tasksWith('Split').filter(({ state }) => state === 'failed');
		expect(itemsOf(execution, 1)).toMatchObject(
			failed.map(({ taskId }) => ({
				taskId,
				status: 'failed',
				error: expect.stringMatching(/^Moderation/) as string,
			})),
		);
		expect(tasksWith('Split')).toHaveLength(4);
	});

	it('ends with the error that lists all tasks, and a retry pays for the failed one only', async () => {
		const items = prompts(3, (n) => `Stopped ${n} ${n === 1 ? '[fail=internal]' : ''}`);
		const execution = await end(await start({ parameters: sleeping, items }));
		expect(execution.status).toBe('error');
		for (const { taskId, state } of tasksWith('Stopped')) {
			const status = state === 'failed' ? 'failed' : 'success';
			expect(execution.error?.description).toContain(`task ${taskId} ${status}`);
		}
		await end(await world.client.retryExecution(execution.id));
		expect(tasksWith('Stopped').map(({ request }) => request.prompt)).toEqual(
			[0, 1, 1, 2].map((n) => items[n]?.prompt),
		);
	});
});

describe('the trigger', () => {
	it('behind the webhook process gives each of fifty tasks once', async () => {
		Object.assign(world.simulator.settings, {
			...unlimited,
			duration: { min: 4, max: 14 },
			doubleEvery: 5,
		});
		const { workflowId, path } = await publishTrigger(world);
		const url = `${world.queue.webhooks.url}/webhook/${path}`;
		const generating = await end(
			await start({
				parameters: {
					...polling,
					waitForCompletion: false,
					options: { generateRate: 1000, callBackUrl: url },
				},
				items: prompts(50, (n) => `Triggered ${n}`),
			}),
		);
		expect(itemsOf(generating)).toHaveLength(50);
		const given = async () => {
			const items = await triggeredItems(world, workflowId, 50);
			return items.map(({ taskId }) => taskId).sort();
		};
		const taskIds = tasksWith('Triggered').map(({ taskId }) => taskId);
		expect(taskIds).toHaveLength(50);
		expect(await given()).toEqual(taskIds.sort());
		const delivered = () => tasksWith('Triggered').filter((task) => task.callback === 'delivered');
		expect(delivered()).toHaveLength(50);

		await world.queue.restartWebhooks();
		for (const taskId of taskIds) {
			expect((await axios.post(url, { code: 200, msg: 'success', taskId })).status).toBe(200);
		}
		expect(await given()).toEqual(taskIds);
	}, 300_000);
});

describe('a worker that is killed', () => {
	it('takes nothing of the sleeping executions with it, nor of the other worker', async () => {
		Object.assign(world.simulator.settings, { ...unlimited, duration: 60 });
		const asleep = await Promise.all(
			[0, 1, 2, 3].map((batch) =>
				fallAsleep({
					parameters: { ...sleeping, ...fast },
					items: prompts(5, (n) => `Batch ${batch} asleep, ${n}`),
				}),
			),
		);
		const awake = await startOnBoth((batch) => ({
			parameters: { ...polling, ...fast },
			items: prompts(2, (n) => `Batch ${batch} awake, ${n}`),
		}));
		await poll(
			() => tasksWith('awake').length,
			(count) => count === 2 * awake.length,
			60_000,
		);
		const victim = workerOf(awake.at(-1)!)!;
		const [lost, kept] = [true, false].map((isLost) =>
			awake.filter((id) => (workerOf(id) === victim) === isLost),
		);
		expect(tasksWith('asleep').map(({ state }) => state)).toEqual(Array(20).fill('running'));
		await victim.kill();

		const woken = await endAll(asleep);
		for (const { error, status } of [...woken, ...(await endAll(kept!))]) {
			expect({ error, status }).toEqual({ error: undefined, status: 'success' });
		}
		expect(woken.map((execution) => itemsOf(execution).map(({ prompt }) => prompt))).toEqual(
			[0, 1, 2, 3].map((batch) => [0, 1, 2, 3, 4].map((n) => `Batch ${batch} asleep, ${n}`)),
		);
		// n8n ends what the worker was polling for, rather than to let another worker pay again.
		for (const { error, status, runData } of await endAll(lost!)) {
			expect({ status, runData }).toEqual({ status: 'error', runData: {} });
			expect(error?.message).toMatch(/failed to be processed too many times/);
		}
		expect(tasksWith('asleep')).toHaveLength(20);
		expect(tasksWith('awake')).toHaveLength(2 * awake.length);
	}, 300_000);
});
