/**
 * At its start n8n takes for crashed what it has just woken, and stores it as it was before. But that
 * execution goes on.
 */
import { skip } from '../support/fastClock';
import { sleep, type IRunExecutionData } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, untilEnded, wake, type Result, type Setup } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator({ concurrency: 1, duration: 15 });

const MINUTE = 60_000;

/** An execution that sleeps while its first task runs, and is due by now. The others have not been started. */
async function due(tasks: number, settings: Setup['settings'] = {}) {
	const setup = {
		parameters: generate({ prompt: promptOfItem, waitMode: 'sleep' }),
		items: prompts(tasks, (n) => `Video ${n}`),
		credential: newAccount(),
		executionId: 'woken',
		settings,
	};
	const { run } = await runNode(setup);
	await sleep(Number(run.waitTill) - Date.now() + 5_000);
	const retry = { ...setup, executionId: 'retry' };
	return {
		wake: async () => await wake(setup, run),
		wakeUntilEnded: async () => await untilEnded(setup, await wake(setup, run)),
		retry: async () => await wake(retry, run),
	};
}

const isRefused = ({ error }: Result) =>
	error?.message === 'The crashed execution is still running';

const paid = () => simulator.tasks().map(({ request }) => request.prompt);

describe('a retry of an execution that is marked as crashed', () => {
	it('is refused while that is awake', async () => {
		const { wake, retry } = await due(1);
		const [awake, retried] = await Promise.all([wake(), retry()]);
		expect(awake.error).toBeUndefined();
		expect(isRefused(retried)).toBe(true);
		expect(paid()).toEqual(['Video 0']);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'is an error even with %s, as n8n would hand on the input as the result; a retry of it has that again',
		async (onError) => {
			const { wake, retry } = await due(1, { onError });
			const [, retried] = await Promise.all([wake(), retry()]);
			expect(isRefused(retried)).toBe(true);
			expect([retried.items, retried.errorItems]).toEqual([[], []]);
			// As n8n stores it.
			const { executionData } = JSON.parse(JSON.stringify(retried.run.data)) as IRunExecutionData;
			expect(executionData!.nodeExecutionStack[0]!.node.onError).toBe(onError);
		},
	);

	it('pays for nothing that was started before its sleep was overwritten', async () => {
		const { wake, retry } = await due(2);
		expect((await wake()).run.waitTill).toBeDefined();
		// n8n may be about to store that it sleeps.
		expect(isRefused(await retry())).toBe(true);
		await sleep(MINUTE);
		const { error, items } = await retry();
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.prompt)).toEqual(['Video 0', 'Video 1']);
		expect(paid()).toEqual(['Video 0', 'Video 1']);
	});

	it('gives what had come out before that was overwritten, also on the next morning', async () => {
		const { wakeUntilEnded, retry } = await due(2);
		const before = await wakeUntilEnded();
		// Nodes behind this one may still run.
		expect(isRefused(await retry())).toBe(true);
		skip(8 * 60 * MINUTE);
		expect((await retry()).items).toEqual(before.items);
		expect(paid()).toEqual(['Video 0', 'Video 1']);
	});
});

it('an execution that n8n wakes twice at once goes on once', async () => {
	const { wake } = await due(2);
	const [, second] = await Promise.all([wake(), wake()]);
	expect(second.run.waitTill).toBeDefined();
	await wake();
	expect(paid()).toEqual(['Video 0', 'Video 1']);
});
