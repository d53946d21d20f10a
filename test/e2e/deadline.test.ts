/** The end that n8n sets for an execution: nothing is paid for that could not be ready by then. */
import type { INodeParameters } from 'n8n-workflow';
import type { Execution } from '../support/n8n/execution';
import { itemsOf, newCredential, useN8n } from '../support/realN8n';
import { start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { polling, workflowOf, type WorkflowSetup } from '../support/workflow';

/** For workflows that set no time of their own. */
const OF_THE_INSTANCE = { EXECUTIONS_TIMEOUT: '60' };

const world = useN8n({ duration: 5, rateLimit: 1_000, concurrency: 10 }, OF_THE_INSTANCE);

const tasksWith = (text: string) => tasksOf(world, text);

/** @param seconds "Timeout Workflow" in the settings of the workflow */
async function begin(setup: WorkflowSetup, seconds?: number): Promise<string> {
	const workflow = workflowOf(setup);
	if (seconds !== undefined) Object.assign(workflow.settings!, { executionTimeout: seconds });
	return await start(world, workflow, await newCredential(world));
}

async function end(executionId: string): Promise<Execution> {
	return await world.client.waitForExecution(executionId, { timeout: 240_000 });
}

const parametersOf = (waitMode: string, options: INodeParameters): INodeParameters => ({
	...polling,
	waitMode,
	options,
});

const wavesOf = (waitMode: string) => `${waitMode}, in waves`;

/** By wait mode, the executions that take as long as they are given. They run meanwhile. */
const inWaves: Record<string, string> = {};

// With Sleep n8n may wake the execution a minute late, which the node allows for.
beforeAll(async () => {
	for (const [waitMode, seconds] of [
		['poll', 75],
		['sleep', 150],
	] as const) {
		const name = wavesOf(waitMode);
		const setup: WorkflowSetup = {
			parameters: parametersOf(waitMode, { timeout: 0.5, generateRate: 1_000 }),
			items: prompts(120, (n) => `${name} ${String(n).padStart(3, '0')}`),
			settings: { onError: 'continueRegularOutput' },
		};
		inWaves[waitMode] = await begin(setup, seconds);
	}
});

describe.each(['poll', 'sleep'])('with the wait mode "%s"', (waitMode) => {
	it.each([
		['the workflow', 60],
		['the instance', undefined],
	])(
		'a time-out of %s before that of a video is told before anything is paid',
		async (of, time) => {
			const name = `${waitMode}, too long for ${of}`;
			const items = prompts(2, (n) => `${name} ${n}`);
			const { status, error } = await end(
				await begin({ parameters: parametersOf(waitMode, {}), items }, time),
			);
			expect(status).toBe('error');
			expect(error?.message).toMatch(/^n8n would stop this workflow before/);
			expect(error?.description).toMatch(/^Nothing was charged .* Raise "Timeout Workflow"/);
			expect(tasksWith(name)).toEqual([]);
		},
	);

	it('of 120 videos, ten at once, those are started whose time ends before that of the workflow', async () => {
		const execution = await end(inWaves[waitMode]!);
		expect(execution.status).toBe('success');
		const items = itemsOf(execution);
		expect(items).toHaveLength(120);
		const videos = items.filter(({ status }) => status === 'success');
		const tasks = tasksWith(wavesOf(waitMode));
		expect(videos.map(({ taskId }) => taskId)).toEqual(tasks.map(({ taskId }) => taskId));
		expect(tasks.length).toBeGreaterThanOrEqual(20);
		expect(tasks.length).toBeLessThan(120);
		for (const item of items.filter(({ status }) => status !== 'success')) {
			expect(item).toMatchObject({
				taskId: null,
				error: expect.stringMatching(/^n8n would stop this workflow before/) as string,
			});
		}
	});
});
