/**
 * n8n wakes an execution twice with what it had stored before: its timer rings although a callback has woken
 * the execution, and then waits until that one has left its slot.
 */
import { skip } from '../support/fastClock';
import { sleep, type IRun } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, untilEnded, wake, type Result, type Setup } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator({ concurrency: 1, duration: 15 });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

// A process that has just started remembers everything.
beforeAll(() => skip(6 * MINUTE));

const paid = () => simulator.tasks().map(({ request }) => request.prompt);

/** An execution that sleeps while its first task runs, woken a little before its time. */
async function woken(
	tasks: number,
	settings: Setup['settings'] = {},
	change: (asleep: IRun) => void = () => {},
) {
	const setup = {
		settings,
		parameters: generate({ prompt: promptOfItem, waitMode: 'sleep' }),
		items: prompts(tasks, (n) => `Video ${n}`),
		credential: newAccount(),
		executionId: `of ${tasks}`,
	};
	const { run: asleep } = await runNode(setup);
	change(asleep);
	await sleep(Number(asleep.waitTill) - Date.now() - 2 * SECOND);
	const first = await wake(setup, asleep);
	return { setup, first, asleep };
}

it('it goes on from what has been started since', async () => {
	const { setup, first, asleep } = await woken(2);
	expect(first.run.waitTill).toBeDefined();
	const again = await wake(setup, asleep);
	expect(paid()).toEqual(['Video 0', 'Video 1']);
	const { items } = await untilEnded(setup, again);
	expect(items.map(({ json }) => json.status)).toEqual(['success', 'success']);
	expect(paid()).toEqual(['Video 0', 'Video 1']);
});

it('it leaves what has come out since in the database, and pays for nothing', async () => {
	const { setup, first, asleep } = await woken(1);
	expect(first.items.map(({ json }) => json.status)).toEqual(['success']);
	const { run, error } = await wake(setup, asleep);
	expect(error).toBeUndefined();
	// As n8n stores it.
	expect(JSON.stringify(run.data)).toBe(JSON.stringify(first.run.data));
	expect(paid()).toEqual(['Video 0']);
});

/** It has one of its inputs, and waits for the other: n8n runs it once nothing else is left. */
function letAMergeWait({ data }: IRun): void {
	data.resultData.pinData = {};
	data.executionData!.waitingExecution = { Start: { 0: { main: [[{ json: {} }]] } } };
	data.executionData!.waitingExecutionSource = { Start: { 0: { main: [] } } };
}

it.each([{}, { alwaysOutputData: true }])(
	'it gives nothing to the nodes behind, nor to a Merge that waits: %j',
	async (settings) => {
		const { setup, first, asleep } = await woken(1, settings, letAMergeWait);
		const runsOfStart = ({ run }: Result) => run.data.resultData.runData.Start!.length;
		expect(runsOfStart(first)).toBe(2);
		const again = await wake(setup, asleep);
		expect(again.items).toEqual([]);
		expect(runsOfStart(again)).toBe(1);
	},
);
