/** Keep Credits: nothing more is started once fewer are left. */
import '../support/fastClock';
import { sleep } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, start } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

const CREDIT_ROUTE = 'GET /api/v1/chat/credit';

describe('credits to keep', () => {
	const run = (count: number, keepCredits: number, settings = {}) =>
		runNode({
			parameters: generate({ prompt: promptOfItem, options: { keepCredits } }),
			items: prompts(count),
			credential: newAccount(),
			settings,
		});

	it('are asked for before each task', async () => {
		const { items } = await run(8, 100);
		expect(items.map(({ json }) => json.status)).toEqual(Array(8).fill('success'));
		expect(simulator.stats().routes[CREDIT_ROUTE]).toBe(8);
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

	it('end a batch on the way, one task below at the most, and what was started is waited for', async () => {
		simulator.settings.credits = 300;
		const { items } = await run(30, 200, { onError: 'continueRegularOutput' });
		expect(simulator.stats().generate.accepted).toBe(11);
		const states = items.map(({ json }) => json.status);
		expect(states).toEqual(prompts(30).map((_, n) => (n < 11 ? 'success' : 'failed')));
		expect(items.at(-1)?.json.error).toBe('Only 190 credits are left');
	});

	it('are asked for again if the API cannot tell for a while', async () => {
		simulator.settings.concurrency = 1;
		const execution = start({
			parameters: generate({ prompt: promptOfItem, options: { keepCredits: 0 } }),
			items: prompts(3, (n) => `Video ${n} [duration=30]`),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		await until(() => simulator.tasks().length === 1);
		simulator.settings.maintenance = true;
		await sleep(60_000);
		simulator.settings.maintenance = false;
		const { items } = await execution.result;
		expect(items.map(({ json }) => json.status)).toEqual(Array(3).fill('success'));
	});

	it('are kept by two executions at once, which take turns', async () => {
		simulator.settings.credits = 300;
		const credential = newAccount();
		const batch = (name: string) =>
			runNode({
				parameters: generate({ prompt: promptOfItem, options: { keepCredits: 200 } }),
				items: prompts(10, (n) => `${name} ${n}`),
				credential,
				settings: { onError: 'continueRegularOutput' },
			});
		const runs = await Promise.all(['first', 'second'].map(batch));
		expect(simulator.settings.credits).toBe(190);
		for (const { items } of runs) {
			const ready = items.filter(({ json }) => json.status === 'success').length;
			expect(ready).toBeGreaterThanOrEqual(5);
		}
	});

	it('let nothing be started where nobody can tell how many are left', async () => {
		simulator.settings.creditEndpoint = false;
		const { error } = await run(3, 0);
		expect(error?.message).toBe('The credits could not be checked');
		expect(simulator.stats().generate.requests).toBe(0);
	});

	it.each([null, '', '={{ $json.gone }}', 'many', [], {}])(
		'are never switched off by an expression that yields %j',
		async (keepCredits) => {
			const { error } = await runNode({
				parameters: generate({ options: { keepCredits } }),
				credential: newAccount(),
			});
			expect(error?.message).toBe('"Keep Credits" must be a number of at least 0');
			expect(simulator.requests()).toEqual([]);
		},
	);
});
