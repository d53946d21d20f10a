/** What goes into the node comes out of it, item by item, whatever it is. */
import '../support/fastClock';
import type { IDataObject } from 'n8n-workflow';
import { generate, get, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator();

it('no items in are no items out, and nothing is sent', async () => {
	const { items, error } = await runNode({
		parameters: generate(),
		items: [],
		credential: newAccount(),
	});
	expect(error).toBeUndefined();
	expect(items).toEqual([]);
	expect(simulator.requests()).toEqual([]);
});

it('an item without json is one as good as any', async () => {
	const { items } = await runNode({
		parameters: generate(),
		items: [undefined as unknown as IDataObject],
		credential: newAccount(),
	});
	expect(items[0]?.json.status).toBe('success');
});

it.each(['__proto__', 'constructor', 'toString'])(
	'%s is a prompt like any other',
	async (prompt) => {
		const credential = newAccount();
		const { items } = await runNode({ parameters: generate({ prompt }), credential });
		expect(items[0]?.json).toMatchObject({ prompt, status: 'success' });
		const { error } = await runNode({ parameters: get(prompt), credential });
		expect(error?.message).toBe('The API does not know this task');
	},
);

describe('the fields of the input', () => {
	const input = { id: 7, prompt: 'Make it snow', status: 'mine', nested: { deep: [1] } };
	const include = { includeInputFields: true };

	it('stay behind, unless they are wanted', async () => {
		const setup = { parameters: generate(), items: [input], credential: newAccount() };
		const { items } = await runNode(setup);
		expect(items[0]?.json).not.toHaveProperty('id');
	});

	it('come out beside those of the node, which win', async () => {
		const { items } = await runNode({
			parameters: generate({ prompt: '={{ $json.prompt }}', options: include }),
			items: [input, { ...input, id: 8, prompt: 'Bad [fail=moderation]' }],
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json }) => json)).toMatchObject([
			{ id: 7, nested: { deep: [1] }, status: 'success', prompt: 'Make it snow' },
			{ id: 8, nested: { deep: [1] }, status: 'failed', prompt: 'Bad [fail=moderation]' },
		]);
		expect(items[1]?.json).toMatchObject({
			error: expect.stringMatching(/^Moderation refused/) as string,
			taskId: expect.any(String) as string,
		});
	});

	it('come out of both outputs, and with what was refused before anything was sent', async () => {
		const seeds = [1, 1.5, 2];
		const { items, errorItems } = await runNode({
			parameters: generate({
				prompt: '={{ $json.prompt }}',
				options: { ...include, seed: '={{ $json.seed }}' },
			}),
			items: seeds.map((seed, n) => ({
				...input,
				id: n,
				seed,
				prompt: n === 2 ? 'Bad [fail=internal]' : 'Snow',
			})),
			credential: newAccount(),
			settings: { onError: 'continueErrorOutput' },
		});
		expect(items.map(({ json }) => json)).toMatchObject([
			{ id: 0, nested: { deep: [1] }, status: 'success' },
		]);
		expect(errorItems.map(({ json }) => json)).toMatchObject([
			{
				id: 1,
				nested: { deep: [1] },
				error: '"Seed" must be a whole number',
				status: 'failed',
				taskId: null,
			},
			{
				id: 2,
				nested: { deep: [1] },
				error: expect.stringMatching(/^The task failed/) as string,
				status: 'failed',
				taskId: expect.any(String) as string,
			},
		]);
		expect(errorItems.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }, { item: 2 }]);
	});

	it('have no error of an earlier run', async () => {
		const { items, errorItems } = await runNode({
			parameters: generate({ prompt: '={{ $json.prompt }}', options: include }),
			items: ['Snow', 'Bad [fail=internal]'].map((prompt) => ({
				...input,
				prompt,
				error: 'old failure',
			})),
			credential: newAccount(),
			settings: { onError: 'continueErrorOutput' },
		});
		expect(items[0]?.json).toMatchObject({ id: 7, status: 'success' });
		expect(items[0]?.json).not.toHaveProperty('error');
		expect(errorItems[0]?.json).toMatchObject({
			id: 7,
			error: expect.stringMatching(/^The task failed/) as string,
		});
	});

	it.each([
		['get', 'jobs'],
		['cancel', 'runway'],
	])('come out of %s, with a task and with an error', async (operation, api) => {
		const credential = newAccount({ api });
		// One that has ended by the time it is cancelled is deleted.
		const parameters = generate({ prompt: 'Snow [duration=600]', waitForCompletion: false });
		const started = await runNode({ parameters, credential });
		const taskId = started.items[0]!.json.taskId as string;
		const { items } = await runNode({
			parameters: {
				resource: 'video',
				operation,
				taskId: '={{ $json.of }}',
				options: include,
			},
			items: [taskId, 'no-such-task', ''].map((of) => ({ of, id: 9, status: 'mine' })),
			credential,
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json }) => [json.id, json.of, json.taskId])).toEqual([
			[9, taskId, taskId],
			[9, 'no-such-task', 'no-such-task'],
			[9, '', null],
		]);
		expect(items.map(({ json }) => json.error)).toEqual([
			undefined,
			'The API does not know this task',
			'"Task ID" is empty',
		]);
		expect(items.map(({ json }) => json.status)).not.toContain('mine');
	});

	it('are copies, one for each item', async () => {
		const setup = { items: [input, input], credential: newAccount() };
		const parameters = { resource: 'account', operation: 'getCredits' };
		const { items } = await runNode({ ...setup, parameters });
		expect(items[0]?.json).toEqual({ credits: 1000 });
		expect(items[0]?.json).not.toBe(items[1]?.json);
	});
});
