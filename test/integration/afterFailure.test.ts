/** What docs/when-something-failed.md tells users to do, and what that costs them. */
import '../support/fastClock';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { logged, retryExecution, runNode, start, type Result } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

const accepted = () => simulator.stats().generate.accepted;

const statusesOf = (items: Result['items']) => items.map(({ json }) => json.status);

const hopeless = (n: number) => (n === 1 ? 'Bad [fail=moderation]' : `Video ${n}`);

describe('a batch whose account runs out of credits', () => {
	it('pays after a retry only for the videos that were not started', async () => {
		Object.assign(simulator.settings, { credits: 20, creditPerTask: 10 });
		const setup = {
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(4),
			credential: newAccount(),
		};
		const first = await runNode(setup);
		expect(first.error?.message).toBe('Not enough credits');
		expect(first.error?.description).toContain('2 of 4 videos are ready');
		simulator.settings.credits = 100;
		const second = await retryExecution({ ...setup, executionId: 'retry' }, first.run);
		expect(second.error).toBeUndefined();
		expect(statusesOf(second.items)).toEqual(Array(4).fill('success'));
		expect(accepted()).toBe(4);
	});
});

describe('a batch with a video that is refused every time', () => {
	const batch = () => ({
		parameters: generate({ prompt: promptOfItem }),
		items: prompts(3, hopeless),
		credential: newAccount(),
	});

	it('fails again if it is retried as it was, and pays for the refused video only', async () => {
		const setup = batch();
		const first = await runNode(setup);
		const second = await retryExecution({ ...setup, executionId: 'retry' }, first.run);
		expect(second.error?.message).toMatch(/^Moderation refused the video/);
		expect(accepted()).toBe(4);
	});

	it('gives the other videos once "On Error" is set and the saved workflow is retried', async () => {
		const setup = batch();
		const first = await runNode(setup);
		const second = await retryExecution(
			{ ...setup, settings: { onError: 'continueErrorOutput' }, executionId: 'retry' },
			first.run,
		);
		expect(second.error).toBeUndefined();
		expect(second.items.map(({ json }) => json.prompt)).toEqual(['Video 0', 'Video 2']);
		expect(second.errorItems.map(({ json }) => json.prompt)).toEqual([hopeless(1)]);
		expect(accepted()).toBe(4);
	});
});

describe('a retry with the credential of another account', () => {
	it('keeps the videos that are ready, and pays for the others there', async () => {
		Object.assign(simulator.settings, { credits: 20, creditPerTask: 10 });
		const parameters = generate({ prompt: promptOfItem });
		const setup = { parameters, items: prompts(3), credential: newAccount() };
		const first = await runNode(setup);
		simulator.settings.credits = 100;
		const other = { ...setup, credential: newAccount(), executionId: 'retry' };
		const second = await retryExecution(other, first.run);
		expect(statusesOf(second.items)).toEqual(Array(3).fill('success'));
		expect(accepted()).toBe(3);
	});
});

describe('an execution that is stopped', () => {
	it('leaves the IDs of its tasks in n8n’s log and in its custom data', async () => {
		const running = start({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(2, (n) => `Video ${n} [duration=600]`),
			credential: newAccount(),
		});
		const ids = () => simulator.tasks().map(({ taskId }) => taskId);
		const isLogged = (id: string) => logged.some((line) => line.includes(`accepted task ${id}`));
		await until(() => ids().length === 2 && ids().every(isLogged));
		await running.cancel();
		const { run } = await running.result;
		const { runwayAlephTasks = '' } = run.data.resultData.metadata ?? {};
		expect(runwayAlephTasks.split(' ').sort()).toEqual(ids().sort());
	});
});

describe('a batch whose videos go to the error output', () => {
	it('is a success, so that n8n offers no retry', async () => {
		const { run, errorItems } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(3, hopeless),
			credential: newAccount(),
			settings: { onError: 'continueErrorOutput' },
		});
		expect(run.status).toBe('success');
		expect(errorItems[0]?.json).toMatchObject({ prompt: hopeless(1), status: 'failed' });
	});
});

describe('the row of a failed video', () => {
	it('comes out with "Include Input Fields", on both outputs', async () => {
		const { items, errorItems } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { includeInputFields: true } }),
			items: prompts(2, hopeless).map((item, n) => ({ ...item, row_number: n + 2 })),
			credential: newAccount(),
			settings: { onError: 'continueErrorOutput' },
		});
		expect(items[0]?.json).toMatchObject({ row_number: 2, status: 'success' });
		expect(errorItems[0]?.json).toMatchObject({ row_number: 3, status: 'failed' });
	});
});
