/**
 * The promises that depend most on n8n, kept on other versions of it: those of N8N_VERSIONS (with
 * commas between), or the oldest that is claimed, the first and one in the middle of 2.x, and the pinned
 * one.
 */
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import type { IDataObject, INode } from 'n8n-workflow';
import { startSimulator } from '../simulator';
import { N8N_VERSION } from '../support/n8n/install';
import { packPackage } from '../support/n8n/pack';
import { startN8n } from '../support/n8n/server';
import { until } from '../support/poll';
import {
	itemsOf,
	newCredential,
	PROVIDER,
	publish,
	publishTrigger,
	runWorkflow,
	triggeredItems,
	type World,
} from '../support/realN8n';
import { start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	NODE,
	ownNode,
	polling,
	sleeping,
	sourceOf,
	webhookNode,
	workflowOf,
} from '../support/workflow';

const { N8N_VERSIONS = `1.123.81,2.0.3,2.20.12,${N8N_VERSION}` } = process.env;

/** Three prompts with a name of their own, whose second fails where a failure is given. */
const three = (name: string, failure = ''): IDataObject[] =>
	prompts(3, (n) => `${name} ${n} ${n === 1 ? failure : ''}`);

describe.each(N8N_VERSIONS.split(','))('n8n %s', (version) => {
	const world = {} as World;

	beforeAll(async () => {
		world.simulator = await startSimulator(PROVIDER);
		world.n8n = await startN8n({ version, packageTarball: await packPackage() });
		world.client = await world.n8n.signIn();
		world.credential = await newCredential(world);
	}, 900_000);
	afterAll(async () => {
		await world.n8n?.stop();
		await world.simulator?.close();
	});

	afterEach(() => {
		world.simulator.settings.callbacks = true;
	});

	const run = async (items: IDataObject[], settings: Partial<INode>, mode = polling) =>
		await runWorkflow(world, { parameters: mode, items, settings });
	const tasksWith = (name: string) => tasksOf(world, name);

	it('tests the credential', async () => {
		expect(await world.client.testCredential(world.credential)).toMatchObject({ status: 'OK' });
		const wrong = await newCredential(world, { apiKey: 'wrong' });
		expect(await world.client.testCredential(wrong)).toEqual({
			status: 'Error',
			message: expect.stringMatching(/^The API key is wrong or missing/) as string,
		});
	});

	it.each([
		['polls', polling],
		['sleeps', sleeping],
	])('gives a failed task on the error output when it %s', async (name, mode) => {
		const items = three(name, '[fail=moderation]');
		const execution = await run(items, { onError: 'continueErrorOutput' }, mode);
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject([
			{ prompt: items[0]?.prompt, status: 'success' },
			{ prompt: items[2]?.prompt, status: 'success' },
		]);
		const failed = tasksWith(name).find(({ state }) => state === 'failed');
		expect(itemsOf(execution, 1)).toMatchObject([
			{
				taskId: failed?.taskId,
				status: 'failed',
				error: expect.stringMatching(/^Moderation/) as string,
			},
		]);
		const called = tasksWith(name).filter(({ request }) => request.callBackUrl);
		expect(called).toHaveLength(mode === sleeping ? 3 : 0);
	});

	it.each([
		['Polling', polling],
		['Sleeping', sleeping],
	])('stops on an error with the list of all tasks: %s', async (name, mode) => {
		const execution = await run(three(name, '[fail=moderation]'), {}, mode);
		expect(execution.status).toBe('error');
		expect(execution.error?.message).toMatch(/^Moderation/);
		expect(tasksWith(name)).toHaveLength(3);
		for (const { taskId } of tasksWith(name)) {
			expect(execution.error?.description).toContain(taskId);
		}
	});

	it('takes nothing for true that a callback without a token says', async () => {
		const { client, credential } = world;
		const items = [{ prompt: 'Guarded [duration=10]' }];
		const workflow = workflowOf({ parameters: sleeping, items });
		const id = await client.runManually(await client.importWorkflow(workflow, [credential]));
		await client.waitForExecution(id, { until: ({ status }) => status === 'waiting' });
		const { taskId, request } = tasksWith('Guarded')[0]!;
		const [withoutToken = ''] = request.callBackUrl!.split('?');
		const body = { code: 400, msg: 'It has failed', taskId };
		const { status } = await axios.post(withoutToken, body, { validateStatus: () => true });
		// 1.x gives resume URLs no token: there the execution wakes, looks for itself, and sleeps again.
		expect(status).toBe(request.callBackUrl === withoutToken ? 200 : 401);
		const execution = await client.waitForExecution(id);
		expect(itemsOf(execution)).toMatchObject([{ status: 'success' }]);
	});

	it('wakes by itself when nobody calls, with the videos and with what is late', async () => {
		world.simulator.settings.callbacks = false;
		const items = three('Forgotten', '[duration=600]');
		const execution = await runWorkflow(world, {
			parameters: { ...sleeping, options: { timeout: 0.1 } },
			items,
			settings: { onError: 'continueErrorOutput' },
		});
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject([
			{ prompt: items[0]?.prompt, status: 'success' },
			{ prompt: items[2]?.prompt, status: 'success' },
		]);
		const late = tasksWith('Forgotten').find(({ state }) => state === 'running');
		expect(itemsOf(execution, 1)).toMatchObject([{ taskId: late?.taskId, status: 'timeout' }]);
	});

	it('keeps running for a caller that waits, whom a sleep would give nothing', async () => {
		const path = randomUUID();
		const { parameters, ...webhook } = webhookNode(path, 'lastNode');
		const allEntries = { ...parameters, responseData: 'allEntries' };
		const nodes = [
			{ ...webhook, parameters: allEntries },
			itemsNode(three('Waited for')),
			alephNode(NODE, 'aleph', sleeping),
		];
		await publish(world, chain('Caller', nodes));
		const url = `${world.n8n.url}/webhook/${path}`;
		const { data } = await axios.post<IDataObject[]>(url);
		expect(data.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
		expect(tasksWith('Waited for')).toHaveLength(3);
	});

	it.each(['once', 'each'])('gives all videos to a workflow that calls it: %s', async (mode) => {
		const name = `Called ${mode}`;
		const called = ownNode('Called', 'executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		const sub = chain(`Sub ${mode}`, [called, alephNode(NODE, 'aleph', sleeping)]);
		const value = await world.client.importWorkflow(sub, [world.credential]);
		// n8n 1 calls what is not published, and refuses to publish what does not start by itself.
		if (!version.startsWith('1.')) await world.client.activate(value);
		const nodes = [
			...sourceOf(three(name)),
			ownNode('Call', 'executeWorkflow', 1.2, {
				workflowId: { __rl: true, mode: 'id', value },
				mode,
			}),
			ownNode('End', 'noOp', 1),
		];
		const id = await world.client.importWorkflow(chain(name, nodes));
		const execution = await world.client.waitForExecution(await world.client.runManually(id));
		expect(itemsOf(execution, 0, 'End').map(({ status }) => status)).toEqual([
			'success',
			'success',
			'success',
		]);
		expect(tasksWith(name)).toHaveLength(3);
	});

	it('starts a workflow once for a task that is called for twice', async () => {
		const { workflowId, path } = await publishTrigger(world);
		const url = `${world.n8n.url}/webhook/${path}`;
		await run(three('Calling twice'), {});
		const taskIds = tasksWith('Calling twice').map(({ taskId }) => taskId);
		for (const taskId of [...taskIds, ...taskIds]) {
			const answer = await axios.post(url, { code: 200, msg: 'success', taskId });
			expect(answer.status).toBe(200);
		}
		const items = await triggeredItems(world, workflowId, 3);
		expect(items.map(({ status }) => status)).toEqual(Array(3).fill('success'));
		expect(items.map(({ taskId }) => taskId).sort()).toEqual(taskIds.sort());
	});

	it.each([
		['Retry On Fail', { retryOnFail: true, maxTries: 2, waitBetweenTries: 1000 }],
		['Retry execution', {}],
	])('pays only for what failed when it runs again: %s', async (name, settings) => {
		const execution = await run(three(name, '[fail=internal]'), settings);
		expect(execution.status).toBe('error');
		if (!('retryOnFail' in settings)) {
			const id = await world.client.retryExecution(execution.id);
			await world.client.waitForExecution(id);
		}
		const prompts = tasksWith(name).map(({ request }) => request.prompt[name.length + 1]);
		expect(prompts.sort()).toEqual(['0', '1', '1', '2']);
	});

	it('goes on with what was paid for when n8n was killed, by both entries of "Retry"', async () => {
		world.simulator.settings.stall = 'download';
		const entries = ['original', 'currently saved'] as const;
		const awake = await Promise.all(
			entries.map(async (entry) => {
				const parameters = { ...sleeping, options: { download: ['video'] } };
				const workflow = workflowOf({ parameters, items: three(`Killed, ${entry}`) });
				return await start(world, workflow, await newCredential(world));
			}),
		);
		const downloads = () =>
			world.simulator.requests().filter(({ path }) => path.startsWith('/files/result/'));
		const tasks = () => tasksWith('Killed');
		await until(
			() =>
				tasks().length === 6 &&
				tasks().every(({ taskId }) => downloads().some(({ path }) => path.includes(taskId))),
		);
		await world.n8n.kill();
		world.simulator.settings.stall = null;
		const { userFolder, port } = world.n8n;
		world.n8n = await startN8n({ version, userFolder, port });
		world.client = await world.n8n.signIn();
		for (const [n, entry] of entries.entries()) {
			const id = await world.client.retryExecution(awake[n]!, entry);
			const retried = await world.client.waitForExecution(id);
			expect(retried.error).toBeUndefined();
			expect(itemsOf(retried)).toMatchObject(
				tasksWith(`Killed, ${entry}`).map(({ taskId }) => ({ taskId, status: 'success' })),
			);
		}
		expect(tasks()).toHaveLength(6);
	});
});
