/** The node in an execution that another node has put to sleep before, such as n8n's Wait. */
import '../support/fastClock';
import { sleep } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runBehindSleep, runInNextRound, runNode, untilEnded } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator({ duration: 600 });

const MINUTE = 60_000;

it.each([
	[31, 0],
	[20, 1],
])(
	'n8n counts the time of the instance from the first start, not anew: after %i of 60 minutes, %i is paid',
	async (minutes, paid) => {
		const setup = {
			parameters: generate({ waitMode: 'sleep' }),
			credential: newAccount(),
			// What n8n says at each wake.
			endsIn: 60 * MINUTE,
		};
		const { error } = await runBehindSleep(setup, minutes * MINUTE);
		expect(simulator.tasks()).toHaveLength(paid);
		expect(error?.message).toBe(
			paid ? undefined : 'n8n would stop this workflow before the video could be ready',
		);
	},
);

it.each([
	['trigger', 75, 0],
	['retry', 75, 0],
	['retry', 20, 1],
] as const)(
	'a loop gets no more time by its rounds (%s): after %i of 130 seconds, %i is paid in the next one',
	async (mode, seconds, paid) => {
		const setup = {
			parameters: generate({ prompt: 'Snow [duration=0]', options: { timeout: 1 } }),
			credential: newAccount(),
			executionId: 'of a loop',
			mode,
			// What n8n says at each wake.
			endsIn: 130_000,
		};
		const { run } = await runNode(setup);
		await sleep(seconds * 1000);
		await runInNextRound(setup, run);
		expect(simulator.tasks()).toHaveLength(1 + paid);
	},
);

it('a loop of a retry has all of the time that is left', async () => {
	const setup = {
		parameters: generate({ prompt: 'Snow [duration=50]', options: { timeout: 1 } }),
		credential: newAccount(),
		executionId: 'of a loop',
		mode: 'retry' as const,
		endsIn: 200_000,
	};
	const { run } = await runNode(setup);
	const { items } = await runInNextRound({ ...setup, endsIn: 90_000 }, run);
	expect(items[0]?.json.status).toBe('success');
});

it('n8n may wake it with what it had stored before the node ran: that pays for nothing again', async () => {
	const setup = {
		parameters: generate({ prompt: 'Snow [duration=0]', waitMode: 'sleep' }),
		items: [{}, {}],
		credential: newAccount(),
		executionId: 'woken late',
	};
	const first = await runBehindSleep(setup, 2 * MINUTE);
	expect(first.run.waitTill).toBeDefined();
	const late = await runBehindSleep(setup, 3 * MINUTE);
	expect(simulator.tasks()).toHaveLength(2);
	expect(late.error).toBeUndefined();
	const { items } = await untilEnded(setup, late);
	expect(items.map(({ json }) => json.status)).toEqual(['success', 'success']);
	expect(simulator.tasks()).toHaveLength(2);
});

it('it may then have other items in front of the node: each is paid for once, by what it asks for', async () => {
	const setup = {
		parameters: generate({ prompt: promptOfItem, waitMode: 'sleep' }),
		credential: newAccount(),
		executionId: 'woken with others',
	};
	await runBehindSleep({ ...setup, items: prompts(3, (n) => `Video ${n}`) }, 2 * MINUTE);
	await runBehindSleep({ ...setup, items: prompts(2, (n) => `Video ${n * 7}`) }, 3 * MINUTE);
	const paid = simulator.tasks().map(({ request }) => request.prompt);
	expect(paid).toEqual(['Video 0', 'Video 1', 'Video 2', 'Video 7']);
});

it('Retry On Fail has all of the time that is left', async () => {
	const { error } = await runNode({
		parameters: generate({
			prompt: 'Snow [duration=30] [fail=internal]',
			options: { timeout: 1 },
		}),
		credential: newAccount(),
		settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		endsIn: 130_000,
	});
	expect(error?.message).toMatch(/^The task failed/);
	expect(simulator.tasks()).toHaveLength(2);
});
