/**
 * At its start n8n takes for crashed what it has just woken, and stores it as it was before. But that
 * execution goes on.
 */
import '../support/fastClock';
import { sleep } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, wake, type Result } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator({ concurrency: 1, duration: 15 });

const MINUTE = 60_000;

let executions = 0;

/** An execution that sleeps while its first task runs, and is due by now. The others have not been started. */
async function due(tasks: number) {
	const setup = {
		parameters: generate({ prompt: promptOfItem, waitMode: 'sleep' }),
		items: prompts(tasks, (n) => `Video ${n}`),
		credential: newAccount(),
		executionId: `woken ${++executions}`,
	};
	const { run } = await runNode(setup);
	await sleep(Number(run.waitTill) - Date.now());
	const retry = { ...setup, executionId: `retry ${executions}` };
	return { wake: async () => await wake(setup, run), retry: async () => await wake(retry, run) };
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

	it('gives what had come out before that was overwritten', async () => {
		const { wake, retry } = await due(1);
		const before = await wake();
		await sleep(MINUTE);
		expect((await retry()).items).toEqual(before.items);
		expect(paid()).toEqual(['Video 0']);
	});
});
