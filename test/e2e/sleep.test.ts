import { setTimeout as sleep } from 'node:timers/promises';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Credential, WorkflowJson } from '../support/n8n/client';
import { outputOf } from '../support/n8n/execution';
import { poll } from '../support/poll';
import {
	accountOn,
	itemsOf,
	newCredential,
	runWorkflow,
	statusesOf,
	useN8n,
} from '../support/realN8n';
import {
	call,
	callAtOnce,
	fallAsleep,
	post,
	start,
	untilAsleep,
	untilItSleepsOn,
} from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { alephNode, NODE, polling, sleeping, workflowOf } from '../support/workflow';

const PUBLIC_HOST = 'http://simulator.example.com';

const world = useN8n(
	{ duration: 3, rateLimit: 1000, concurrency: 1000 },
	// The public host is the simulator too, in the place of a proxy.
	({ url }) => ({ HTTP_PROXY: url, http_proxy: url }),
);

const parameters = { ...sleeping, options: { generateRate: 1000 } };

const tasksWith = (text: string) => tasksOf(world, text);

const ends = async (executionId: string) => await world.client.waitForExecution(executionId);

const uncalled = (name: string, count: number, duration: (n: number) => number) =>
	prompts(count, (n) => `${name} ${n} [callbacks=false] [duration=${duration(n)}]`);

const APIS = ['aleph', 'jobs', 'runway'];

/** The executions that sleep for long, by name: n8n looks once a minute for what is due. */
const ids: Record<string, string> = {};

beforeAll(async () => {
	const run = async (name: string, workflow: WorkflowJson, account?: Credential) => {
		ids[name] = await start(world, workflow, account);
	};
	const late = (name: string) => uncalled(name, 2, (n) => (n === 0 ? 5 : 600));
	const timeout = 0.5;
	const toContinue = { ...parameters, options: { timeout, onTimeout: 'continue' } };
	const baseUrl = world.simulator.url.replace('http://127.0.0.1', PUBLIC_HOST);
	await Promise.all([
		run('Counted', workflowOf({ parameters, items: prompts(40, troubled) })),
		run('Tried', triedLater()),
		run('Forgotten', workflowOf({ parameters, items: uncalled('Forgotten', 5, (n) => 5 + n) })),
		run(
			'Error',
			workflowOf({ parameters: { ...parameters, options: { timeout } }, items: late('E') }),
		),
		run('Continue', workflowOf({ parameters: toContinue, items: late('C') })),
		run(
			'Private',
			workflowOf({ parameters, items: prompts(2, (n) => `Private ${n}`) }),
			await newCredential(world, { baseUrl }),
		),
		run('Get', waitedForByGet()),
	]);
	for (const api of APIS) {
		const account = await newCredential(world, { api });
		await run(`${api}, asleep`, compared(parameters), account);
		await run(`${api}, awake`, compared(polling), account);
	}
});

function compared(mode: INodeParameters): WorkflowJson {
	const items = prompts(4, (n) => `Compared ${n} ${['', '[fail=moderation]'][n] ?? ''}`);
	return workflowOf({ parameters: mode, items, settings: { onError: 'continueRegularOutput' } });
}

/** The callback of every third is doubled, and that of every fourth is lost at first. */
function troubled(n: number): string {
	const double = n % 3 === 0 ? '[double=true]' : '';
	const lose = n % 4 === 0 ? '[lose=1]' : '';
	return `Counted ${n} [duration=${2 + (n % 3)}] ${double} ${lose}`;
}

/** It has no prompt until it is tried again. */
function triedLater(): WorkflowJson {
	const prompt = "={{ $execution.mode === 'production' ? 'Retried' : '' }}";
	const options = { timeout: 0.25 };
	const workflow = workflowOf({ parameters: { ...parameters, prompt, options }, items: [{}] });
	Object.assign(workflow.settings!, { executionTimeout: 100 });
	return workflow;
}

/** One node starts the tasks, and another waits for them. */
function waitedForByGet(): WorkflowJson {
	const workflow = workflowOf({
		parameters: { ...polling, waitForCompletion: false },
		items: uncalled('Looked for', 2, () => 10),
	});
	const get = { operation: 'get', waitForCompletion: true, taskId: '={{ $json.taskId }}' };
	workflow.nodes.push(alephNode('Get', 'aleph', { ...get, waitMode: 'sleep' }));
	workflow.connections[NODE] = { main: [[{ node: 'Get', type: 'main', index: 0 }]] };
	return workflow;
}

describe('a sleeping execution', () => {
	it('wakes when the last of its tasks has ended, with the items in order', async () => {
		const items = prompts(5, (n) => `Ordered ${n} [duration=600]`);
		const asleep = await fallAsleep(world, { parameters, items });
		for (const n of [4, 3, 2, 1, 0]) world.simulator.endTasks(`Ordered ${n}`);
		const execution = await ends(asleep.id);
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			items.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		expect(outputOf(execution, NODE).map(({ pairedItem }) => pairedItem)).toMatchObject(
			items.map((_, item) => ({ item })),
		);
	});

	it('takes at most 3 requests per task, with callbacks doubled and lost', async () => {
		const execution = await ends(ids['Counted']!);
		expect(statusesOf(execution)).toEqual(Array(40).fill('success'));
		const reads = tasksWith('Counted').reduce((sum, task) => sum + task.reads, 0);
		expect((40 + reads) / 40).toBeLessThanOrEqual(3);
	});

	it('ends with the error that lists all tasks, and a retry pays only for what failed', async () => {
		const first = await runWorkflow(world, {
			parameters,
			items: prompts(3, (n) => `Listed ${n} ${n === 1 ? '[fail=moderation]' : ''}`),
		});
		expect(first.status).toBe('error');
		expect(first.error?.message).toMatch(/^Moderation refused the video/);
		for (const { taskId, state } of tasksWith('Listed')) {
			const status = state === 'failed' ? 'failed' : 'success';
			expect(first.error?.description).toContain(`task ${taskId} ${status}`);
		}
		const second = await ends(await world.client.retryExecution(first.id));
		expect(second.error?.message).toMatch(/^Moderation refused the video/);
		expect(tasksWith('Listed').map(({ request }) => request.prompt[7])).toEqual([
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

	it('gives failed tasks on the error output', async () => {
		const execution = await runWorkflow(world, {
			parameters,
			items: prompts(3, (n) => `Split ${n} ${n === 1 ? '[fail=moderation]' : ''}`),
			settings: { onError: 'continueErrorOutput' },
		});
		expect(statusesOf(execution)).toEqual(['success', 'success']);
		const failed = tasksWith('Split').find(({ state }) => state === 'failed');
		expect(itemsOf(execution, 1)).toMatchObject([
			{
				status: 'failed',
				taskId: failed!.taskId,
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
		const files = outputOf(execution, NODE).map(({ binary }) => binary);
		const both = { video: { mimeType: 'video/mp4' }, thumbnail: { mimeType: 'image/png' } };
		expect(files).toMatchObject([both, both]);
	});

	it('is refused before anything is paid where n8n would stop it before its timeout', async () => {
		const workflow = workflowOf({ parameters, items: prompts(1, () => 'Too long') });
		Object.assign(workflow.settings!, { executionTimeout: 60 });
		const { error } = await ends(await start(world, workflow));
		expect(error?.message).toMatch(/^n8n would stop this workflow before/);
		expect(error?.description).toMatch(/^Nothing was charged/);
		expect(tasksWith('Too long')).toEqual([]);
	});

	it('has all the time of the workflow for its retry', async () => {
		const { id, error, startedAt } = await ends(ids['Tried']!);
		expect(error?.message).toBe('"Prompt" is empty');
		// With what is left of the time since its start, it would be refused.
		await sleep(Math.max(0, Number(startedAt) + 27_000 - Date.now()));
		const retried = await ends(await world.client.retryExecution(id));
		expect(retried.error).toBeUndefined();
		expect(statusesOf(retried)).toEqual(['success']);
	});
});

describe('a callback for a sleeping execution', () => {
	it('is refused for other tasks, without the token, and with a wrong signature', async () => {
		const account = await newCredential(world, { webhookHmacKey: 'secret' });
		const endless = (name: string) => prompts(1, () => `${name} [duration=600]`);
		await fallAsleep(world, { parameters, items: endless('Guarded') }, account);
		const open = await fallAsleep(world, { parameters, items: endless('Open') });
		const [guarded] = tasksWith('Guarded');
		const [other] = tasksWith('Open');
		await untilItSleepsOn(world, open.id);
		const url = other!.request.callBackUrl!;
		const body = { code: 200, msg: 'success', taskId: guarded!.taskId };
		expect(await call(guarded!)).toBe(401);
		expect(await post(url, body)).toBe(403);
		expect(await post(url.split('?')[0]!, body)).toBe(401);
		expect(await post(url, [])).toBe(400);
		expect((await world.client.execution(open.id)).status).toBe('waiting');
	});

	it('is to come again while the credential cannot be read', async () => {
		const account = await newCredential(world);
		const items = prompts(2, (n) => `Locked ${n} [callbacks=false] [duration=0]`);
		const asleep = await fallAsleep(world, { parameters, items }, account);
		const unreadable = accountOn(world, { apiKey: '={{ ] }}', baseUrl: '={{ ] }}' });
		await world.client.updateCredential(account, unreadable);
		await untilItSleepsOn(world, asleep.id);
		expect(await Promise.all(tasksWith('Locked').map(call))).toEqual([503, 503]);
		expect((await world.client.execution(asleep.id)).status).toBe('waiting');

		await world.client.updateCredential(account, accountOn(world, { apiKey: 'key-again' }));
		expect(await Promise.all(tasksWith('Locked').map(call))).toEqual([200, 200]);
		const execution = await ends(asleep.id);
		expect(execution.error).toBeUndefined();
		expect(statusesOf(execution)).toEqual(['success', 'success']);
	});

	it('may come with all others at the same instant, for three nodes in a row', async () => {
		const names = ['First', 'Second', 'Third'];
		const workflow = workflowOf({
			parameters,
			items: prompts(8, (n) => `First ${n} [callbacks=false] [duration=1]`),
		});
		const node = workflow.nodes.at(-1)!;
		for (const [n, name] of names.entries()) {
			if (n === 0) continue;
			const prompt = `={{ $json.prompt.replace('${names[n - 1]}', '${name}') }}`;
			const before = n === 1 ? NODE : names[n - 1]!;
			workflow.nodes.push({ ...node, id: name, name, parameters: { ...parameters, prompt } });
			workflow.connections[before] = { main: [[{ node: name, type: 'main', index: 0 }]] };
		}
		const id = await start(world, workflow);
		for (const name of names) {
			await poll(
				() => tasksWith(`${name} `).filter(({ state }) => state === 'succeeded').length,
				(ended) => ended === 8,
			);
			await untilAsleep(world, id);
			const answers = await callAtOnce(tasksWith(`${name} `));
			// 409 is n8n's own, while the execution runs.
			for (const answer of answers) expect([200, 403, 409, 503]).toContain(answer);
		}
		const execution = await ends(id);
		expect(execution.error).toBeUndefined();
		for (const name of names) expect(tasksWith(`${name} `)).toHaveLength(8);
		expect(itemsOf(execution, 0, 'Third')).toMatchObject(
			tasksWith('Third ').map(({ taskId }) => ({ taskId, status: 'success' })),
		);
	});
});

describe.each(APIS)('with the API "%s"', (api) => {
	it('an execution that sleeps gives the items that one that polls gives', async () => {
		const slept = await ends(ids[`${api}, asleep`]!);
		const polled = await ends(ids[`${api}, awake`]!);
		expect(itemsOf(slept).map(({ status }) => status)).toEqual([
			'success',
			'failed',
			'success',
			'success',
		]);
		expect(itemsOf(slept).map(withoutOwn)).toEqual(itemsOf(polled).map(withoutOwn));
	});
});

/** What no two tasks share: their ids and times. */
function withoutOwn({ taskId, completedAt, expiresAt, ...item }: IDataObject): unknown {
	const times = [completedAt, expiresAt].map((time) => typeof time);
	const text = JSON.stringify(item)
		.replaceAll(taskId as string, '(its id)')
		.replaceAll(/expires=\d+/g, 'expires=(its time)');
	return [times, JSON.parse(text)];
}

describe('a sleeping execution that nobody calls', () => {
	it('says how far it is, in the log and in its custom data', async () => {
		const { id } = await fallAsleep(world, {
			parameters,
			items: uncalled('Watched', 5, () => 600),
		});
		const progress = /^0 ended, 5 running, 0 to start; next check at .*Z$/;
		// n8n writes them down after the execution itself.
		const { runwayAleph, runwayAlephTasks } = await poll(
			async () => await world.client.customData(id),
			(customData) => customData.runwayAleph !== undefined,
		);
		expect(runwayAleph).toMatch(progress);
		const tasks = tasksWith('Watched').map(({ taskId }) => taskId);
		expect(runwayAlephTasks!.split(' ').sort()).toEqual(tasks.sort());
		const line = `Runway Aleph sleeps: ${runwayAleph}`;
		expect(world.n8n.logs().split(line)).toHaveLength(2);
	});

	it('looks for itself, and gives all videos', async () => {
		await poll(
			() => tasksWith('Forgotten').map(({ state }) => state),
			(states) => states.every((state) => state === 'succeeded'),
		);
		const execution = await world.client.waitForExecution(ids['Forgotten']!);
		expect(execution.error).toBeUndefined();
		expect(statusesOf(execution)).toEqual(Array(5).fill('success'));
	});

	it('fails at the timeout, and names the task', async () => {
		const { status, error } = await ends(ids['Error']!);
		expect(status).toBe('error');
		expect(error?.message).toBe('The task was still running after 0.5 minutes');
		const [finished, late] = tasksWith('E ');
		expect(error?.description).toContain(`task ${finished!.taskId} success`);
		expect(error?.description).toContain(`task ${late!.taskId} timeout`);
	});

	it('with On Timeout "Continue" gives the late task as such, and the finished one', async () => {
		const execution = await ends(ids['Continue']!);
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			tasksWith('C ').map(({ taskId }, n) => ({
				taskId,
				status: n === 0 ? 'success' : 'timeout',
			})),
		);
	});

	it('needs no public address, and gives the provider none to call', async () => {
		const execution = await ends(ids['Private']!);
		expect(execution.error).toBeUndefined();
		expect(statusesOf(execution)).toEqual(['success', 'success']);
		expect(tasksWith('Private').map(({ request }) => request.callBackUrl)).toEqual([
			undefined,
			undefined,
		]);
	});

	it('waits for tasks of another node with "Get"', async () => {
		const execution = await ends(ids['Get']!);
		expect(execution.error).toBeUndefined();
		const tasks = tasksWith('Looked for');
		expect(itemsOf(execution, 0, 'Get')).toMatchObject(
			tasks.map(({ taskId }) => ({ taskId, status: 'success' })),
		);
	});
});
