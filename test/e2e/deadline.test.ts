/** The end that n8n sets for an execution: nothing is paid for that could not be ready by then. */
import type { INodeParameters } from 'n8n-workflow';
import type { Execution } from '../support/n8n/execution';
import { itemsOf, useN8n } from '../support/realN8n';
import { start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { polling, workflowOf, type WorkflowSetup } from '../support/workflow';

/** For workflows that set no time of their own. */
const OF_THE_INSTANCE = { EXECUTIONS_TIMEOUT: '60' };

const world = useN8n({ duration: 5, rateLimit: 1_000, concurrency: 10 }, OF_THE_INSTANCE);

const tasksWith = (text: string) => tasksOf(world, text);

/** @param seconds "Timeout Workflow" in the settings of the workflow */
async function run(setup: WorkflowSetup, seconds?: number): Promise<Execution> {
	const workflow = workflowOf(setup);
	if (seconds !== undefined) Object.assign(workflow.settings!, { executionTimeout: seconds });
	const id = await start(world, workflow);
	return await world.client.waitForExecution(id, { timeout: 240_000 });
}

// With Sleep n8n may wake the execution a minute late, which the node allows for.
describe.each([
	['poll', 75],
	['sleep', 150],
])('with the wait mode "%s"', (waitMode, seconds) => {
	const parametersOf = (options: INodeParameters): INodeParameters => ({
		...polling,
		waitMode,
		options,
	});

	it.each([
		['the workflow', 60],
		['the instance', undefined],
	])(
		'a time-out of %s before that of a video is told before anything is paid',
		async (of, time) => {
			const name = `${waitMode}, too long for ${of}`;
			const items = prompts(2, (n) => `${name} ${n}`);
			const { status, error } = await run({ parameters: parametersOf({}), items }, time);
			expect(status).toBe('error');
			expect(error?.message).toMatch(/^n8n would stop this workflow before/);
			expect(error?.description).toMatch(/^Nothing was charged .* Raise "Timeout Workflow"/);
			expect(tasksWith(name)).toEqual([]);
		},
	);

	it('of 120 videos, ten at once, those are started whose time ends before that of the workflow', async () => {
		const name = `${waitMode}, in waves`;
		const execution = await run(
			{
				parameters: parametersOf({ timeout: 0.5, generateRate: 1_000 }),
				items: prompts(120, (n) => `${name} ${String(n).padStart(3, '0')}`),
				settings: { onError: 'continueRegularOutput' },
			},
			seconds,
		);
		expect(execution.status).toBe('success');
		const items = itemsOf(execution);
		expect(items).toHaveLength(120);
		const videos = items.filter(({ status }) => status === 'success');
		const tasks = tasksWith(name);
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
