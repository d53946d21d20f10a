/** What Generate sends, and what it gives, for one video. */
import '../support/fastClock';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { logged, runNode } from '../support/engine';

useSimulator();

describe('generate', () => {
	it('without waiting gives the task ID at once', async () => {
		const credential = newAccount();
		const { items } = await runNode({
			parameters: generate({ waitForCompletion: false }),
			credential,
		});
		expect(items[0]?.json).toMatchObject({
			taskId: simulator.tasks()[0]?.taskId,
			status: 'processing',
			prompt: 'Make it snow',
			videoUrl: null,
		});
		const raw = await runNode({
			parameters: generate({ waitForCompletion: false, simplify: false }),
			credential,
		});
		expect(raw.items[0]?.json).toEqual({ taskId: simulator.tasks()[1]?.taskId });
	});

	it.each([
		['Prompt', { prompt: ' ' }],
		['Video URL', { videoUrl: 'ftp://example.com/video.mp4' }],
		['Seed', { options: { seed: 1.5 } }],
	])('with a bad "%s" sends nothing', async (field, bad) => {
		const { error } = await runNode({ parameters: generate(bad), credential: newAccount() });
		expect(error?.message).toContain(`"${field}"`);
		expect(simulator.requests()).toEqual([]);
	});

	it('works with a base URL that ends in a slash', async () => {
		const credential = newAccount({ baseUrl: `${simulator.url}/ ` });
		const { items } = await runNode({ parameters: generate(), credential });
		expect(items[0]?.json.status).toBe('success');
	});
});

it('a short API key changes no number', async () => {
	const { items } = await runNode({
		parameters: generate({ simplify: false }),
		credential: newAccount({ apiKey: '1' }),
	});
	expect(items[0]?.json).toMatchObject({ successFlag: 1 });
});

it('each accepted task is in n8n’s log, with its item and execution', async () => {
	await runNode({ parameters: generate(), credential: newAccount(), executionId: 'logged' });
	const { taskId } = simulator.tasks()[0]!;
	const line = logged.find((each) => each.includes(taskId));
	expect(line).toMatch(/accepted task.*itemIndex: 0.*executionId: 'logged of/s);
});
