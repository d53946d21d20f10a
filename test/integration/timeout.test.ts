/** A task that takes longer than the user wants to wait. */
import '../support/fastClock';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator();

describe('an API that cannot be read any more', () => {
	it('is a time-out of the task, which is not lost', async () => {
		const setup = (options = {}) => ({
			parameters: generate({
				prompt: `Snow [readFaults=${Array(9).fill('500').join(',')}]`,
				options: { timeout: 0.05, ...options },
			}),
			credential: newAccount(),
		});
		const { error } = await runNode(setup());
		expect(error?.message).toBe(
			'The API could not say what became of the task within 0.05 minutes',
		);
		expect(error?.description).toContain(simulator.tasks()[0]?.taskId);
		expect(error?.description).toContain(
			'The last status check said: The API had an internal error.',
		);
		const { items } = await runNode(setup({ onTimeout: 'continue' }));
		expect(items[0]?.json).toMatchObject({
			status: 'timeout',
			taskId: simulator.tasks()[1]?.taskId,
		});
	});
});

describe('the time-out', () => {
	const slow = { prompt: 'Slow [duration=60]' };

	it('is an error that tells how to get the video later', async () => {
		const { error } = await runNode({
			parameters: generate({ ...slow, options: { timeout: 0.05 } }),
			credential: newAccount(),
		});
		expect(error?.message).toBe('The task was still running after 0.05 minutes');
		expect(error?.description).toContain(simulator.tasks()[0]?.taskId);
	});

	it('is an item with its task ID where the user chose to continue', async () => {
		const { items } = await runNode({
			parameters: generate({ ...slow, options: { timeout: 0.05, onTimeout: 'continue' } }),
			credential: newAccount(),
		});
		expect(items[0]?.json).toMatchObject({
			status: 'timeout',
			taskId: simulator.tasks()[0]?.taskId,
		});
	});
});
