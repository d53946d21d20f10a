import axios from 'axios';
import type { IDataObject } from 'n8n-workflow';
import { startSimulator, type Settings } from '../simulator';
import { outputOf, type Execution } from '../support/n8n/execution';
import { packPackage } from '../support/n8n/pack';
import { startQueueMode, type QueueMode } from '../support/n8n/queue';
import type { N8nServer } from '../support/n8n/server';
import { poll } from '../support/poll';
import {
	itemsOf,
	newCredential,
	PROVIDER,
	publishTrigger,
	triggeredItems,
	type World,
} from '../support/realN8n';
import {
	callAtOnce,
	fallAsleep as fallAsleepIn,
	sleepsOn,
	start as startWorkflow,
} from '../support/sleepers';
import { isDownloaded, prompts, tasksWith as tasksOf } from '../support/tasks';
import { NODE, polling, sleeping, workflowOf, type WorkflowSetup } from '../support/workflow';

/** n8n takes a worker for dead after a minute and a half, which proves no more. */
const NOTICE_SOONER = {
	QUEUE_WORKER_LOCK_DURATION: '20000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '5000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

const world = {} as World & { queue: QueueMode };
let initial: Settings;

beforeAll(async () => {
	world.simulator = await startSimulator(PROVIDER);
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
});

const unlimited = { rateLimit: 1000, concurrency: 1000 };
const fast = { options: { generateRate: 1000 } };

const tasksWith = (text: string) => tasksOf(world, text);

const start = async (setup: WorkflowSetup, account = world.credential) =>
	await startWorkflow(world, workflowOf(setup), account);

const fallAsleep = async (setup: WorkflowSetup) => (await fallAsleepIn(world, setup)).id;

const workerOf = (executionId: string) => world.queue.workerOf(executionId);

/** Starts executions until each of the two workers has taken one. Gives their ids. */
async function startOnBoth(setupOf: (n: number) => WorkflowSetup): Promise<string[]> {
	const ids: string[] = [];
	while (new Set(ids.map(workerOf)).size < 2) {
		if (ids.length === 10) throw new Error('One worker takes everything.');
		const id = await start(setupOf(ids.length));
		await poll(() => workerOf(id) !== undefined);
		ids.push(id);
	}
	return ids;
}

const statusOf = async (executionId: string) => (await world.client.execution(executionId)).status;

async function end(executionId: string): Promise<Execution> {
	return await world.client.waitForExecution(executionId);
}

const endAll = async (executionIds: string[]) => await Promise.all(executionIds.map(end));

const stopping = prompts(3, (n) => `Stopped ${n} ${n === 1 ? '[fail=internal]' : ''}`);
const splitting = prompts(4, (n) => `Split ${n} ${n % 2 === 1 ? '[fail=moderation]' : ''}`);
const large = prompts(
	30,
	(n) => `Large ${String(n).padStart(2, '0')} [duration=6] [rateLimit=1000] [concurrency=17]`,
);

/** The ids of executions that sleep meanwhile: what neither process has heard of all of wakes by time. */
let stopped: string;
let split: string;
let largest: string;

beforeAll(async () => {
	const account = await newCredential(world);
	const settings = { onError: 'continueErrorOutput' as const };
	stopped = await start({ parameters: sleeping, items: stopping }, account);
	split = await start({ parameters: sleeping, items: splitting, settings }, account);
	largest = await start({ parameters: { ...sleeping, ...fast }, items: large }, account);
});

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

describe('an execution that sleeps, with callbacks that either webhook process gets', () => {
	it('gives the items of more tasks than the API runs at once, in order', async () => {
		const execution = await end(largest);
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			large.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		expect(outputOf(execution, NODE).map(({ pairedItem }) => pairedItem)).toMatchObject(
			large.map((_, item) => ({ item })),
		);
		expect(tasksWith('Large')).toHaveLength(30);
	});

	it('gives its failed tasks on the error output', async () => {
		const execution = await end(split);
		expect(execution.status).toBe('success');
		expect(itemsOf(execution)).toMatchObject([
			{ prompt: splitting[0]?.prompt, status: 'success' },
			{ prompt: splitting[2]?.prompt, status: 'success' },
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
		const execution = await end(stopped);
		expect(execution.status).toBe('error');
		for (const { taskId, state } of tasksWith('Stopped')) {
			const status = state === 'failed' ? 'failed' : 'success';
			expect(execution.error?.description).toContain(`task ${taskId} ${status}`);
		}
		await end(await world.client.retryExecution(execution.id));
		expect(tasksWith('Stopped').map(({ request }) => request.prompt)).toEqual(
			[0, 1, 1, 2].map((n) => stopping[n]?.prompt),
		);
	});
});

describe('the trigger', () => {
	it('behind a webhook process gives each of fifty tasks once', async () => {
		Object.assign(world.simulator.settings, {
			...unlimited,
			duration: { min: 4, max: 14 },
			doubleEvery: 5,
		});
		const { workflowId, path } = await publishTrigger(world);
		const url = `${world.queue.webhooks[0]!.url}/webhook/${path}`;
		const parameters = {
			...polling,
			waitForCompletion: false,
			options: { generateRate: 1000, callBackUrl: url },
		};
		const generate = async (items: IDataObject[]) =>
			expect(itemsOf(await end(await start({ parameters, items })))).toHaveLength(items.length);
		const given = async (count: number) => {
			const items = await triggeredItems(world, workflowId, count);
			return items.map(({ taskId }) => taskId).sort();
		};
		const tasks = () => tasksWith('Triggered').map(({ taskId }) => taskId);
		await generate(prompts(50, (n) => `Triggered ${n}`));
		expect(await given(50)).toEqual(tasks().sort());
		// n8n stores what several callbacks at once have changed in any order: one more is the last.
		await generate(prompts(1, () => 'Triggered last'));
		const taskIds = tasks().sort();
		expect(await given(51)).toEqual(taskIds);

		await world.queue.restartWebhooks();
		for (const taskId of taskIds) {
			expect((await axios.post(url, { code: 200, msg: 'success', taskId })).status).toBe(200);
		}
		expect(await given(51)).toEqual(taskIds);
	});
});

describe('a worker and a webhook process that are killed', () => {
	it('take nothing of the sleeping executions with them, nor of the other worker', async () => {
		Object.assign(world.simulator.settings, { ...unlimited, duration: 600 });
		const held = await start({
			parameters: { ...sleeping, options: { download: ['video'] } },
			items: prompts(3, (n) => `Held awake, ${n} [duration=3] [stall=download]`),
		});
		const awake = await startOnBoth((batch) => ({
			parameters: { ...polling, ...fast },
			items: prompts(2, (n) => `Batch ${batch} polls, ${n}`),
		}));
		const asleep = await Promise.all(
			[0, 1, 2, 3].map((batch) =>
				fallAsleep({
					parameters: { ...sleeping, ...fast },
					items: prompts(5, (n) => `Batch ${batch} asleep, ${n}`),
				}),
			),
		);
		await poll(
			async () =>
				tasksWith('polls').length === 2 * awake.length &&
				tasksWith('Held').every((task) => isDownloaded(world, task)) &&
				(await statusOf(held)) === 'running' &&
				(await Promise.all(asleep.map(isAsleep))).every(Boolean),
		);
		const victim = workerOf(held)!;
		// The process that has woken an execution is the one that n8n has say how that ended.
		const [webhook] = world.queue.webhooks.filter((process) => !hasWoken(process, held));
		const [lost, kept] = [true, false].map((isLost) =>
			awake.filter((id) => (workerOf(id) === victim) === isLost),
		);
		await Promise.all([victim.kill(), webhook!.kill()]);

		for (const name of ['asleep', 'polls']) world.simulator.endTasks(name);
		await callAtOnce(tasksWith('asleep'));
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
		// So it does with one that slept, but for a moment: n8n keeps of it only what stands beside.
		const { status, runData } = await end(held);
		expect({ status, runData }).toEqual({ status: 'error', runData: {} });
		const ids = tasksWith('Held').map(({ taskId }) => taskId);
		const { runwayAlephTasks } = await world.client.customData(held);
		expect(runwayAlephTasks?.split(' ').sort()).toEqual(ids.sort());
		const logs = world.queue.workers.map((worker) => worker.logs()).join('');
		for (const id of ids) expect(logs).toContain(`accepted task ${id}`);

		expect(tasksWith('asleep')).toHaveLength(20);
		expect(tasksWith('polls')).toHaveLength(2 * awake.length);
		expect(tasksWith('Held')).toHaveLength(3);
	}, 300_000);

	const isAsleep = async (id: string) => sleepsOn(await world.client.execution(id));

	function hasWoken(process: N8nServer, executionId: string): boolean {
		return process.logs().includes(`Enqueued execution ${executionId} `);
	}
});
