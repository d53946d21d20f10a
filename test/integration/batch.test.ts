/** Many items at once: their order, their pace and their limits. */
import '../support/fastClock';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

describe('a batch', () => {
	it('is waited for together, and keeps order and pairing', async () => {
		// Longer than it takes to start them all on a busy machine.
		const durations = [64, 61, 63, 61, 62, 61, 65, 61, 61, 62];
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(10, (n) => `Video ${n} [duration=${durations[n]}]`),
			credential: newAccount(),
		});
		expect(items.map(({ json }) => json.prompt)).toEqual(
			durations.map((duration, n) => `Video ${n} [duration=${duration}]`),
		);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
			durations.map((_, item) => ({ item })),
		);
		expect(simulator.stats().peakRunning).toBe(10);
	});

	it('larger than the limit is submitted without being refused once', async () => {
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(30),
			credential: newAccount(),
		});
		expect(items).toHaveLength(30);
		expect(simulator.stats()).toMatchObject({
			generate: { accepted: 30, refusedByRate: 0 },
			duplicates: 0,
		});
	});

	it('of several executions shares the pacing of one API key', async () => {
		const credential = newAccount();
		const options = { generateRate: 10 };
		const batch = (name: string) =>
			runNode({
				parameters: generate({ prompt: promptOfItem, waitForCompletion: false, options }),
				items: prompts(8, (n) => `${name} ${n}`),
				credential,
			});
		await Promise.all(['first', 'second', 'third'].map(batch));
		expect(simulator.stats().generate).toMatchObject({ accepted: 24, refusedByRate: 0 });
	});

	it('waits where the API refuses for now, and pays nothing twice', async () => {
		Object.assign(simulator.settings, { rateLimit: 0, retryAfter: 1 });
		const execution = runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(12),
			credential: newAccount(),
		});
		await until(() => simulator.stats().generate.refusedByRate > 0);
		simulator.settings.rateLimit = 5;
		const { items } = await execution;
		expect(items.map(({ json }) => json.status)).toEqual(Array(12).fill('success'));
		expect(simulator.stats()).toMatchObject({ generate: { accepted: 12 }, duplicates: 0 });
	});

	it('waits for a free place where only so many tasks may run at once', async () => {
		Object.assign(simulator.settings, { concurrency: 4, duration: 60 });
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(10),
			credential: newAccount(),
		});
		expect(items.map(({ json }) => json.status)).toEqual(Array(10).fill('success'));
		expect(simulator.stats()).toMatchObject({ generate: { accepted: 10 }, peakRunning: 4 });
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

it('an execution that is to sleep does so after some seconds, though there is more to start', async () => {
	const { run } = await runNode({
		parameters: generate({
			prompt: promptOfItem,
			waitMode: 'sleep',
			options: { generateRate: 2 },
		}),
		items: prompts(12, (n) => `Video ${n} [duration=600]`),
		credential: newAccount(),
	});
	expect(run.waitTill).toBeDefined();
	expect(simulator.tasks().length).toBeLessThan(12);
});

it.each(['evaluation', 'chat'] as const)(
	'an execution in the mode "%s" does not sleep, as somebody waits for it',
	async (mode) => {
		const { run, items } = await runNode({
			parameters: generate({ waitMode: 'sleep' }),
			credential: newAccount(),
			mode,
		});
		expect(run.waitTill).toBeUndefined();
		expect(items[0]?.json.status).toBe('success');
	},
);

it('nor does one whose form answers when the last node has finished', async () => {
	const { run, items } = await runNode({
		parameters: generate({ waitMode: 'sleep' }),
		credential: newAccount(),
		startedBy: { type: 'n8n-nodes-base.formTrigger', parameters: { responseMode: 'lastNode' } },
	});
	expect(run.waitTill).toBeUndefined();
	expect(items[0]?.json.status).toBe('success');
});

it('an execution sleeps for the items that are waited for, whichever they are', async () => {
	const { run } = await runNode({
		parameters: generate({
			prompt: promptOfItem,
			waitForCompletion: '={{ $json.wait }}',
			waitMode: 'sleep',
		}),
		items: [false, true].map((wait) => ({ wait, prompt: `Waits: ${wait} [duration=600]` })),
		credential: newAccount(),
	});
	expect(run.waitTill).toBeDefined();
	const called = simulator.tasks().filter(({ request }) => request.callBackUrl);
	expect(called.map(({ request }) => request.prompt)).toEqual(['Waits: true [duration=600]']);
});
