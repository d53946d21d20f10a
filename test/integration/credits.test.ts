/** Keep Credits: nothing more is started once fewer are left. */
import '../support/fastClock';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';
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
