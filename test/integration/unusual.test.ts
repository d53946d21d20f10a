/** What rarely happens, and must not cost a video, a credit or a task ID. */
import '../support/fastClock';
import type { IDataObject } from 'n8n-workflow';
import {
	generate,
	get,
	newAccount,
	promptOfItem,
	prompts,
	simulator,
	useSimulator,
} from '../support/aleph';
import { logged, retryExecution, runNode } from '../support/engine';

useSimulator();

const CREDIT_ROUTE = 'GET /api/v1/chat/credit';

describe.each(['aleph', 'jobs'])('credits to keep, with the API "%s"', (api) => {
	const run = (count: number, keepCredits: number, settings = {}) =>
		runNode({
			parameters: generate({ prompt: promptOfItem, options: { keepCredits } }),
			items: prompts(count),
			credential: newAccount({ api }),
			settings,
		});

	it('are asked for once for all tasks that start together', async () => {
		const { items } = await run(8, 100);
		expect(items.map(({ json }) => json.status)).toEqual(Array(8).fill('success'));
		expect(simulator.stats().routes[CREDIT_ROUTE]).toBe(1);
	});

	it.each([
		[50, 'Only 50 credits are left'],
		[1, 'Only 1 credit is left'],
	])(
		'let nothing be started where only %i are left, and the error says so',
		async (left, message) => {
			simulator.settings.credits = left;
			const { error } = await run(3, 100);
			expect(error?.message).toBe(message);
			expect(simulator.stats().generate.requests).toBe(0);
		},
	);

	it('end a batch on the way, and what was started is waited for', async () => {
		simulator.settings.credits = 300;
		const { items } = await run(30, 200, { onError: 'continueRegularOutput' });
		expect(simulator.stats().generate.accepted).toBe(20);
		const states = items.map(({ json }) => json.status);
		expect(states).toEqual(prompts(30).map((_, n) => (n < 20 ? 'success' : 'failed')));
		expect(items.at(-1)?.json.error).toBe('Only 100 credits are left');
	});

	it('let nothing be started where nobody can tell how many are left', async () => {
		simulator.settings.creditEndpoint = false;
		const { error } = await run(3, 0);
		expect(error?.message).toBe('The credits could not be checked');
		expect(simulator.stats().generate.requests).toBe(0);
	});
});

it('an expression that fails after a sleep names the task that was paid for', async () => {
	const setup = {
		parameters: generate({ prompt: 'Slow [duration=60]', options: { timeout: 0.05 } }),
		credential: newAccount(),
	};
	const { run } = await runNode(setup);
	const [task] = simulator.tasks();
	const context = run.data.executionData!.contextData['node:Runway Aleph'] as IDataObject;
	// As the execution would have stored it when it fell asleep.
	const now = Date.now();
	Object.assign(context.batch as IDataObject, { sleep: { since: now, until: now, waker: null } });
	const bad = generate({ prompt: '={{ $json.gone.prompt.length.toFixed() }}' });
	const { error } = await retryExecution({ ...setup, parameters: bad }, run);
	expect(error?.description).toContain(`task ID ${task!.taskId}`);
	expect(simulator.stats().generate.requests).toBe(1);
});

it('a short API key changes no number', async () => {
	const { items } = await runNode({
		parameters: generate({ simplify: false }),
		credential: newAccount({ apiKey: '1' }),
	});
	expect(items[0]?.json).toMatchObject({ successFlag: 1 });
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

describe('a video that a public provider can hardly fetch', () => {
	const hintsOf = async (videoUrl: string) => {
		const { run } = await runNode({
			parameters: generate({ videoUrl, waitForCompletion: false }),
			credential: newAccount({ baseUrl: 'http://api.invalid' }),
			settings: { onError: 'continueRegularOutput' },
		});
		const { hints = [] } = run.data.resultData.runData['Runway Aleph']![0]!;
		return hints.map(({ message }) => message);
	};

	it.each(['https://192.168.1.2/a.mp4', 'http://example.com/a.mp4', 'https://nas.local/a.mp4'])(
		'gives a hint: %s',
		async (url) => {
			expect(await hintsOf(url)).toEqual([expect.stringContaining(url)]);
		},
	);

	it('is not one with a public HTTPS URL', async () => {
		expect(await hintsOf('https://example.com/a.mp4')).toEqual([]);
	});
});

it('2,000 items are started without waiting, each once', async () => {
	Object.assign(simulator.settings, { rateLimit: 1e6, concurrency: 1e6, credits: 1e6 });
	const { items } = await runNode({
		parameters: generate({
			prompt: promptOfItem,
			waitForCompletion: false,
			options: { generateRate: 1e6 },
		}),
		items: prompts(2_000),
		credential: newAccount(),
	});
	expect(new Set(items.map(({ json }) => json.taskId)).size).toBe(2_000);
	expect(simulator.stats()).toMatchObject({ generate: { requests: 2_000 }, duplicates: 0 });
});

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

it('each accepted task is in n8n’s log, with its item and execution', async () => {
	await runNode({ parameters: generate(), credential: newAccount(), executionId: 'logged' });
	const { taskId } = simulator.tasks()[0]!;
	const line = logged.find((each) => each.includes(taskId));
	expect(line).toMatch(/accepted task.*itemIndex: 0.*executionId: 'logged'/s);
});
