/** How running tasks are looked after while the execution stays awake. */
import '../support/fastClock';
import { isDeepStrictEqual } from 'node:util';
import { sleep } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, start } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

/** The requests that were sent by then. One that was under way may still come. */
async function onceAllHaveArrived() {
	for (;;) {
		const { routes } = simulator.stats();
		await sleep(4_000);
		if (isDeepStrictEqual(routes, simulator.stats().routes)) return routes;
	}
}

describe('polling', () => {
	it('of 60 waiting tasks reads no more than 10 times a second', async () => {
		simulator.settings.rateLimit = 1000;
		const began = Date.now();
		await runNode({
			parameters: generate({ prompt: promptOfItem, options: { generateRate: 1000 } }),
			items: prompts(60, (n) => `Video ${n} [duration=4]`),
			credential: newAccount(),
		});
		const seconds = (Date.now() - began) / 1000;
		expect(simulator.stats().recordInfo.requests).toBeLessThanOrEqual(10 * seconds + 1);
	});

	it('ends at once when the execution is stopped, and starts nothing more', async () => {
		const execution = start({
			parameters: generate({ prompt: promptOfItem, options: { generateRate: 2 } }),
			items: prompts(6, (n) => `Video ${n} [duration=60]`),
			credential: newAccount(),
		});
		await until(() => simulator.stats().recordInfo.requests > 2);
		await execution.cancel();
		await execution.result;
		const routes = await onceAllHaveArrived();
		await sleep(12_000);
		expect(simulator.stats().routes).toEqual(routes);
		expect(simulator.stats().generate.accepted).toBe(2);
	});

	it('goes by the interval of the user', async () => {
		await runNode({
			parameters: generate({ prompt: 'Snow [duration=35]', options: { pollInterval: 10 } }),
			credential: newAccount(),
		});
		// After 2 seconds, and from then on every 10.
		expect(simulator.stats().recordInfo.requests).toBeLessThanOrEqual(6);
	});
});
