/** A task that fails, for each way to go on that n8n offers. */
import '../support/fastClock';
import { generate, get, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';
import { prompts } from '../support/tasks';
import { sleeping } from '../support/workflow';

useSimulator();

describe('a task that fails', () => {
	const batch = { items: prompts(3, (n) => (n === 1 ? 'Bad [fail=moderation]' : `Video ${n}`)) };

	it('ends the node with an error that lists every task, after the others have ended', async () => {
		const { error, items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			credential: newAccount(),
			...batch,
		});
		expect(items).toEqual([]);
		expect(error?.message).toMatch(/^Moderation refused the video: /);
		for (const { taskId, request } of simulator.tasks()) {
			const item = batch.items.findIndex(({ prompt }) => prompt === request.prompt);
			const state = item === 1 ? 'failed' : 'success';
			expect(error?.description?.split('<br>\n')).toContain(
				`Item ${item}: task ${taskId} ${state}`,
			);
		}
	});

	it('is among the ten items that the error lists, and comes first', async () => {
		const items = prompts(12, (n) => `Video ${n} ${n === 11 ? '[fail=moderation]' : ''}`);
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items,
			credential: newAccount(),
		});
		const lineOf = (item: number, state: string) => {
			const task = simulator.tasks().find(({ request }) => request.prompt === items[item]!.prompt);
			return `Item ${item}: task ${task!.taskId} ${state}`;
		};
		expect(error?.description?.split('<br>\n').slice(-11)).toEqual([
			lineOf(11, 'failed'),
			...Array.from({ length: 9 }, (_, item) => lineOf(item, 'success')),
			"and 2 more: n8n's log has the task IDs of those that were started",
		]);
	});

	it('lets none be started of those that wait for their turn, and says so', async () => {
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { generateRate: 2 } }),
			items: prompts(50, (n) => `Video ${n} ${n === 1 ? '[refuse=451]' : ''}`),
			credential: newAccount(),
		});
		const [first] = simulator.tasks();
		expect(error?.message).toMatch(/^The API could not fetch the video/);
		expect(error?.description).toContain('1 of 50 videos are ready');
		expect(error?.description).toContain(
			`Item 0: task ${first!.taskId} success<br>\nItem 2: not started<br>\nItem 3: not started`,
		);
		expect(error?.description).toMatch(/<br>\nItem 1: The API could not .*<br>\nItem 0: /);
		expect(simulator.tasks()).toHaveLength(1);
	});

	it('comes out as an item with "Continue"', async () => {
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
			...batch,
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['success', 'failed', 'success']);
		expect(items[1]?.json).toMatchObject({
			error: expect.stringMatching(/^Moderation refused/) as string,
			taskId: simulator.tasks()[1]?.taskId,
			status: 'failed',
			errorMessage: expect.any(String) as string,
		});
	});

	it('is not blamed for items that were not started because the account is refused', async () => {
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { generateRate: 1 } }),
			items: ['a [fail=moderation]', 'b [refuse=402]', 'c'].map((prompt) => ({ prompt })),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json }) => json.error)).toEqual([
			expect.stringMatching(/^Moderation refused/),
			'Not enough credits',
			'Not enough credits',
		]);
		expect(items[2]?.json.taskId).toBeNull();
	});

	it('comes out on the error output with its task ID where the user chose that', async () => {
		const { items, errorItems } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			credential: newAccount(),
			settings: { onError: 'continueErrorOutput' },
			...batch,
		});
		expect(items.map(({ json }) => json.status)).toEqual(['success', 'success']);
		expect(errorItems).toHaveLength(1);
		expect(errorItems[0]?.json).toMatchObject({
			error: expect.stringMatching(/^Moderation refused/) as string,
			taskId: simulator.tasks()[1]?.taskId,
			status: 'failed',
			errorMessage: expect.any(String) as string,
		});
		expect(items.concat(errorItems).map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 2 },
			{ item: 1 },
		]);
	});
});

it.each([
	'Failed to download https://cdn.example.com/flagged/clip.mp4',
	'Parameter names are case-insensitive',
	'A time-sensitive request expired',
	`Failed: data:image/png;base64,${'A'.repeat(100_000)}`,
	'The content safety check could not be run (ASSET.INVALID)',
])('a task that failed for another reason is not said to be moderated: %s', async (reason) => {
	const { error } = await runNode({
		parameters: generate({ prompt: `Snow [fail=${reason}]` }),
		credential: newAccount(),
	});
	expect(error?.message).toBe(`The task failed: ${reason}`);
});

it('an item without a pair keeps its task ID on the error output', async () => {
	const { errorItems } = await runNode({
		parameters: generate({ prompt: promptOfItem }),
		items: prompts(2, (n) => `Bad ${n} [fail=moderation]`),
		credential: newAccount(),
		settings: { onError: 'continueErrorOutput' },
	});
	const ids = errorItems.map(({ json }) => json.taskId);
	expect(ids).toEqual(simulator.tasks().map(({ taskId }) => taskId));
});

describe('a credential that cannot be used', () => {
	const videoUrl = 'https://example.com/video.mp4';
	const operations = [
		['generate', { resource: 'video', operation: 'generate', prompt: 'Snow', videoUrl }],
		['generate asleep', { ...sleeping, resource: 'video', operation: 'generate' }],
		['get', get('some-task')],
		['cancel', { resource: 'video', operation: 'cancel', taskId: 'some-task' }],
		['upload', { resource: 'file', operation: 'upload' }],
		['getCredits', { resource: 'account', operation: 'getCredits' }],
	] as const;

	it.each(operations)('ends %s', async (_, parameters) => {
		const { error } = await runNode({ parameters, credential: newAccount({ apiKey: '' }) });
		expect(error?.message).toBe('The API key in the credential is empty');
	});

	it.each(operations)(
		'is the error of each item of %s with "Continue", and never hands on the input',
		async (_, parameters) => {
			const setup = {
				parameters,
				items: [{ row: 1 }, { row: 2 }],
				credential: newAccount({ apiKey: '' }),
			};
			const failed = { json: { error: expect.any(String) as string, status: 'failed' } };
			const regular = await runNode({ ...setup, settings: { onError: 'continueRegularOutput' } });
			expect(regular.items).toMatchObject([failed, failed]);
			expect(regular.items.filter(({ json }) => 'row' in json)).toEqual([]);
			const split = await runNode({ ...setup, settings: { onError: 'continueErrorOutput' } });
			expect([split.items, split.errorItems]).toMatchObject([[], [failed, failed]]);
		},
	);
});
