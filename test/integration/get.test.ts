/** Get: a task that somebody has started before. */
import '../support/fastClock';
import { generate, get, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator();

describe('get', () => {
	async function taskOf(prompt: string, credential = newAccount()) {
		await runNode({
			parameters: generate({ prompt, waitForCompletion: false }),
			credential,
		});
		return { taskId: simulator.tasks().at(-1)!.taskId, credential };
	}

	it('tells the current state, a failed one too', async () => {
		const running = await taskOf('Slow [duration=60]');
		const first = await runNode({
			parameters: get(running.taskId),
			credential: running.credential,
		});
		expect(first.items[0]?.json).toMatchObject({ status: 'processing', taskId: running.taskId });
		const failing = await taskOf('Bad [fail=moderation] [duration=0]');
		const second = await runNode({
			parameters: get(failing.taskId),
			credential: failing.credential,
		});
		expect(second.error).toBeUndefined();
		expect(second.items[0]?.json).toMatchObject({
			status: 'failed',
			errorMessage: expect.any(String) as string,
		});
	});

	it.each(['jobs', 'runway'])('asks "%s" for no ID that no URL can hold', async (api) => {
		const { error } = await runNode({
			parameters: get('\ud83c'),
			credential: newAccount({ api }),
		});
		expect(error?.message).toBe('"Task ID" must be the ID of a task');
		expect(error?.description).toMatch(/^Nothing was sent/);
		expect(simulator.requests()).toEqual([]);
	});

	it('waits for the video where asked to', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=3]');
		const { items } = await runNode({
			parameters: get(taskId, { waitForCompletion: true }),
			credential,
		});
		expect(items[0]?.json.status).toBe('success');
	});

	it('that waits for a task that fails is an error', async () => {
		const { taskId, credential } = await taskOf('Bad [fail=moderation]');
		const { error } = await runNode({
			parameters: get(taskId, { waitForCompletion: true }),
			credential,
		});
		expect(error?.message).toMatch(/^Moderation refused/);
	});

	it('asks again for a task that was started just before', async () => {
		const { taskId, credential } = await taskOf('Snow [lag=3]');
		const { items } = await runNode({ parameters: get(taskId), credential });
		expect(items[0]?.json.status).toBe('success');
	});
});
