/** A second run for the same input pays only for what failed. */
import { skip } from '../support/fastClock';
import axios from 'axios';
import type { IDataObject, INode, IRun } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { retryExecution, runNode } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator();

/** The execution as n8n stores it if the agent fails whose tool the node was. */
function stoppedAt(run: IRun): IRun {
	const stored = structuredClone(run);
	const { executionData, resultData } = stored.data;
	const [node] = Object.keys(resultData.runData).slice(-1);
	executionData!.nodeExecutionStack = [
		{
			node: { name: node } as INode,
			data: { main: [[{ json: {} }]] },
			source: { main: [{ previousNode: 'Start' }] },
		},
	];
	return stored;
}

describe('a second run for the same input', () => {
	const mixed = (n: number) => (n === 0 ? 'Bad [fail=internal]' : `Video ${n}`);

	const mixedBatch = () => ({
		parameters: generate({ prompt: promptOfItem }),
		items: prompts(3, mixed),
		credential: newAccount(),
	});

	it('by Retry On Fail pays only for what failed', async () => {
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(4, mixed),
			credential: newAccount(),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		});
		expect(error?.message).toMatch(/^The task failed: /);
		const paid = simulator.tasks().map(({ request }) => request.prompt);
		expect(paid.sort()).toEqual([mixed(0), mixed(0), mixed(1), mixed(2), mixed(3)]);
	});

	it('by Retry On Fail and "Continue" pays only for what failed', async () => {
		await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(3, mixed),
			credential: newAccount(),
			settings: {
				onError: 'continueRegularOutput',
				retryOnFail: true,
				maxTries: 2,
				waitBetweenTries: 0,
			},
		});
		expect(simulator.stats().generate.accepted).toBe(4);
	});

	it('by Retry On Fail keeps videos whose prompts are not the same twice', async () => {
		const { error } = await runNode({
			parameters: generate({ prompt: '={{ $json.prompt }} {{ Math.random() }}' }),
			items: prompts(3, mixed),
			credential: newAccount(),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		});
		expect(error?.message).toMatch(/^The task failed: /);
		expect(simulator.stats().generate.accepted).toBe(4);
	});

	it('by "Retry execution" lists the tasks although an expression fails by now', async () => {
		const setup = mixedBatch();
		const first = await runNode(setup);
		const prompt = '={{ $json.prompt.startsWith("Bad") ? $json.gone.away : $json.prompt }}';
		const parameters = generate({ prompt });
		const retried = { ...setup, parameters, executionId: 'retry' };
		const { error } = await retryExecution(retried, first.run);
		expect(error?.description).toContain('2 of 3 videos are ready');
		expect(simulator.stats().generate.requests).toBe(3);
	});

	it('by "Retry execution" finds them again after a retry with a bad option', async () => {
		const setup = mixedBatch();
		const first = await runNode(setup);
		const parameters = generate({ prompt: promptOfItem, options: { seed: 'abc' } });
		const second = await retryExecution({ ...setup, parameters, executionId: 'bad' }, first.run);
		expect(second.error?.message).toBe('"Seed" must be a whole number');
		await retryExecution({ ...setup, executionId: 'good' }, second.run);
		expect(simulator.stats().generate.accepted).toBe(4);
	});

	it('by "Retry execution" gives URLs that work, also days later', async () => {
		simulator.settings.resultExpires = 60;
		const credential = newAccount({ api: 'runway' });
		const setup = { parameters: generate({ prompt: promptOfItem }), items: prompts(2, mixed) };
		const first = await runNode({ ...setup, credential });
		skip(3 * 24 * 60 * 60_000);
		const settings = { onError: 'continueRegularOutput' as const };
		const retry = { ...setup, credential, settings, executionId: 'retry' };
		const { items } = await retryExecution(retry, first.run);
		const { status, videoUrl } = items[1]!.json;
		expect(status).toBe('success');
		expect((await axios.get(videoUrl as string)).status).toBe(200);
	});

	it('by "Retry execution" says where tasks of another provider are', async () => {
		const setup = {
			parameters: generate({ prompt: 'Slow [duration=600]', options: { timeout: 0.1 } }),
			credential: newAccount(),
		};
		const first = await runNode(setup);
		const baseUrl = simulator.url.replace('127.0.0.1', 'localhost');
		const credential = { ...setup.credential, baseUrl };
		const { error } = await retryExecution(
			{ ...setup, credential, executionId: 'retry' },
			first.run,
		);
		expect(error?.description).toContain('Set the credential back to that provider');
		expect(simulator.stats().generate.accepted).toBe(1);
	});

	it('by "Retry execution" of an AI agent gives the video that its tool has made', async () => {
		const settings = { type: 'n8n-nodes-runway-aleph.alephTool' };
		const setup = { parameters: generate(), credential: newAccount(), settings };
		const first = await runNode(setup);
		const { items } = await retryExecution(
			{ ...setup, executionId: 'retry' },
			stoppedAt(first.run),
		);
		expect(items[0]?.json.status).toBe('success');
		expect(simulator.stats().generate.accepted).toBe(1);
	});

	it('by Retry On Fail does not repeat a request that may have been accepted', async () => {
		const setup = {
			parameters: generate({ prompt: 'Snow [generateFault=errorAfter]' }),
			credential: newAccount(),
			settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
		};
		const first = await runNode(setup);
		expect(first.error?.message).toBe('The API did not confirm the task, so it may exist');
		expect(simulator.stats().generate.requests).toBe(1);
		// The user has looked, and retries the execution: that is another one.
		await retryExecution({ ...setup, executionId: 'retry' }, first.run);
		expect(simulator.stats().generate.requests).toBe(2);
	});

	it('by "Retry execution" picks up the tasks that were still running', async () => {
		const setup = {
			parameters: generate({ prompt: promptOfItem, options: { timeout: 0.05 } }),
			items: prompts(3, (n) => `Video ${n} [duration=${n === 1 ? 600 : 1}]`),
			credential: newAccount(),
		};
		const first = await runNode(setup);
		expect(first.error?.message).toMatch(/still running/);
		simulator.endTasks('Video 1');
		const second = await retryExecution({ ...setup, executionId: 'retry' }, first.run);
		expect(second.error).toBeUndefined();
		expect(second.items.map(({ json }) => json.status)).toEqual(Array(3).fill('success'));
		expect(simulator.stats().generate.accepted).toBe(3);
	});

	it('with another prompt is another video', async () => {
		const setup = {
			parameters: generate({ prompt: 'Slow [duration=60]', options: { timeout: 0.05 } }),
			credential: newAccount(),
		};
		const first = await runNode(setup);
		await retryExecution({ ...setup, parameters: generate(), executionId: 'retry' }, first.run);
		expect(simulator.stats().generate.accepted).toBe(2);
	});
});

describe('an execution that is retried twice', () => {
	const failing = (items: IDataObject[]) => ({
		parameters: generate({ prompt: promptOfItem }),
		items,
		credential: newAccount(),
		executionId: 'failed',
	});
	const paid = () => simulator.tasks().map(({ request }) => request.prompt);

	it('one after the other keeps what the first retry has paid for', async () => {
		const setup = failing(prompts(3, (n) => (n === 0 ? 'Bad [fail=internal]' : `Video ${n}`)));
		simulator.settings.maintenance = true;
		const { run } = await runNode({
			...setup,
			parameters: { ...setup.parameters, options: { timeout: 0.01 } },
		});
		simulator.settings.maintenance = false;
		expect(paid()).toEqual([]);
		for (const executionId of ['retry', 'again']) {
			await retryExecution({ ...setup, executionId }, run);
		}
		expect(paid().sort()).toEqual([
			'Bad [fail=internal]',
			'Bad [fail=internal]',
			'Video 1',
			'Video 2',
		]);
	});

	it('at once goes on once', async () => {
		const setup = failing(prompts(2, (n) => `Video ${n} [fail=internal]`));
		const { run } = await runNode(setup);
		const retries = await Promise.all(
			['retry', 'again'].map(
				async (name) => await retryExecution({ ...setup, executionId: name }, run),
			),
		);
		expect(retries.map(({ error }) => error?.message)).toContain(
			'Another retry of this execution is still running',
		);
		expect(paid()).toHaveLength(4);
	});
});

it('an expression that fails after a sleep names the task that was paid for', async () => {
	const setup = {
		parameters: generate({ prompt: 'Slow [duration=60]', options: { timeout: 0.05 } }),
		credential: newAccount(),
	};
	const { run } = await runNode(setup);
	const [task] = simulator.tasks();
	const context = run.data.executionData!.contextData['node:Runway Aleph'] as IDataObject;
	// As the execution would have stored it when it fell asleep.
	const now = Date.now();
	Object.assign(context.batch as IDataObject, { sleep: { since: now, wakeAt: now, waker: null } });
	const bad = generate({ prompt: '={{ $json.gone.prompt.length.toFixed() }}' });
	const { error } = await retryExecution({ ...setup, parameters: bad }, run);
	expect(error?.description).toContain(`task ID ${task!.taskId}`);
	expect(simulator.stats().generate.requests).toBe(1);
});
