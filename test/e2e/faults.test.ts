/**
 * Some hundred tasks through all that goes wrong at once: an API that refuses, lags, answers badly and
 * is down for a while, callbacks that are lost, doubled and forged, and an n8n that is killed twice.
 * Then the account of what became of each task.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import fc from 'fast-check';
import type { ExecutionStatus, IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import type { TaskView } from '../simulator';
import type { Credential } from '../support/n8n/client';
import { outputOf, type Execution } from '../support/n8n/execution';
import { killWhen } from '../support/n8n/killWhen';
import { poll } from '../support/poll';
import { newCredential, restart, useN8n } from '../support/realN8n';
import { goOnAfterCrash } from '../support/sleepers';
import { workflowOf } from '../support/workflow';

/** The default engine makes an isolate for each callback, which takes ten times the processor time. */
const env = { N8N_EXPRESSION_ENGINE: 'legacy' };

const world = useN8n(
	{
		rateLimit: 20,
		concurrency: 45,
		loseEvery: 5,
		doubleEvery: 7,
		// For longer than n8n needs to be back.
		callbackRetries: 12,
		callbackRetryDelay: 8,
	},
	env,
);

interface Batch {
	name: string;
	waitMode: 'poll' | 'sleep';
	size: number;
	/** What is wrong with which of its items. */
	faults?: Record<number, string>;
	settings?: Partial<INode>;
	options?: IDataObject;
	/** Seconds that its tasks run. */
	duration?: number;
}

const SIZE = 32;

const LAST = SIZE - 1;

const retrying: Partial<INode> = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1_000 };

/** Nobody says of these whether they were accepted; the third and the fifth were not. */
const unconfirmed = {
	2: '[generateFault=cutAfter]',
	5: '[generateFault=errorAfter]',
	8: '[generateFault=cutBefore]',
	11: '[generateFault=html]',
	14: '[generateFault=errorBefore]',
};

const everything = {
	...unconfirmed,
	17: '[refuse=422]',
	20: '[refuse=451]',
	23: '[fail=moderation]',
	26: '[fail=internal]',
};

/** One for each thing that a user can have chosen to happen on errors, in both wait modes. */
const batches = (['sleep', 'poll'] as const).flatMap((waitMode): Batch[] => {
	const batch = (name: string, settings: Partial<INode> = {}, faults: Batch['faults'] = {}) => ({
		name: `${name} by ${waitMode}`,
		waitMode,
		size: SIZE,
		settings,
		faults,
	});
	return [
		batch('Flawless'),
		// A batch that stops on errors starts nothing more after the first.
		batch('Stopping', {}, { [LAST]: '[fail=moderation]' }),
		batch('Trying again', retrying, { [LAST]: '[fail=internal]' }),
		batch('Unsure', retrying, { [LAST]: '[generateFault=cutAfter]' }),
		batch('Going on', { onError: 'continueRegularOutput' }, everything),
		batch('Splitting', { onError: 'continueErrorOutput', ...retrying }, everything),
	];
});

const byPoll = batches.filter(({ waitMode }) => waitMode === 'poll');
const byCallback = batches.filter(({ waitMode }) => waitMode === 'sleep');

/** Nobody calls for its tasks. */
const forgotten: Batch = {
	name: 'Forgotten',
	waitMode: 'sleep',
	size: 5,
	faults: Object.fromEntries([0, 1, 2, 3, 4].map((n) => [n, '[callbacks=false]'])),
	duration: 5,
};

/** Runs while n8n is killed, and dies with it. */
const crashing: Batch = { name: 'Crashing', waitMode: 'poll', size: 12, duration: 60 };

/** The small troubles of a task, none of which a user should notice. */
const troubles = fc.record({
	readFaults: fc.constantFrom('', '', '', 'cut,500', 'html,455,429', '503'),
	lag: fc.constantFrom(0, 0, 3),
	errorStyle: fc.constantFrom('body', 'status'),
	spelling: fc.constantFrom('camel', 'snake', 'short'),
	times: fc.constantFrom('iso', 'iso-local', 'epoch'),
	lose: fc.constantFrom(0, 0, 0, 2),
	duration: fc.integer({ min: 0, max: 6 }),
});

const SEED = 7;

/** Of one task of each sleeper, which outlasts the restarts of n8n: it ends when the test says so. */
const OUTLASTING = 3_600;

function promptsOf({ name, waitMode, size, faults = {}, duration }: Batch): string[] {
	const seed = SEED + 100 * batches.findIndex((batch) => batch.name === name);
	return fc.sample(troubles, { seed, numRuns: size }).map((trouble, n) => {
		const asleep = n === 0 ? OUTLASTING : 40 + 10 * trouble.duration;
		const seconds = duration ?? (waitMode === 'sleep' ? asleep : trouble.duration);
		const directives = Object.entries({ ...trouble, duration: seconds });
		const text = directives.map(([directive, value]) => `[${directive}=${value}]`).join('');
		return `${name} ${n} ${text}${faults[n] ?? ''}`;
	});
}

/** By the name of the batch. */
const executions = new Map<string, string>();

const KEY = 'key-that-nobody-may-see';

let accounts: Credential[];

async function start(batch: Batch, account: Credential): Promise<void> {
	const { name, waitMode, settings, options } = batch;
	const parameters = {
		prompt: '={{ $json.prompt }}',
		videoUrl: 'https://example.com/video.mp4',
		waitMode,
		// More than the API allows, so that it refuses some.
		options: { generateRate: 25, ...options },
	};
	const items = promptsOf(batch).map((prompt) => ({ prompt }));
	const workflow = workflowOf({ parameters, items, settings });
	const id = await world.client.importWorkflow(workflow, [account]);
	executions.set(name, await world.client.runManually(id));
}

/** Resolves once all of them have one of these statuses. */
async function until(batches: Batch[], statuses: ExecutionStatus[]): Promise<void> {
	const open = async () => {
		const found = await world.client.listExecutions();
		const statusOf = ({ name }: Batch) =>
			found.find(({ id }) => id === executions.get(name))?.status ?? 'unknown';
		return batches
			.filter((batch) => !statuses.includes(statusOf(batch)))
			.map((batch) => `${batch.name}: ${statusOf(batch)}`);
	};
	await poll(open, ({ length }) => length === 0, { timeout: 300_000, interval: 1_000 });
}

const ENDED: ExecutionStatus[] = ['success', 'error', 'crashed'];

const tasksOf = ({ name }: Batch) =>
	world.simulator.tasks().filter(({ request }) => request.prompt.startsWith(`${name} `));

/** What all processes of n8n have logged. */
let log = '';

/** Whether n8n has been told of all of its tasks. */
function areLogged(batch: Batch): boolean {
	const logs = world.n8n.logs();
	const logged = tasksOf(batch).filter(({ taskId }) => logs.includes(taskId));
	return logged.length === batch.size;
}

/** When it is killed, all of them sleep. */
async function killAndRestart(): Promise<void> {
	const sleepers = [...byCallback, forgotten].map(({ name }) => executions.get(name)!);
	await killWhen(world.n8n, (statusOf) =>
		sleepers.every((id) => ['waiting', 'success', 'error'].includes(statusOf(id)!)),
	);
	expect(byCallback.flatMap(tasksOf).some(isRunning)).toBe(true);
	log += await restart(world, 'kill', env);
}

/** n8n marks those as crashed that it wakes at its start. */
async function retryCrashed(): Promise<void> {
	await Promise.all(
		[...byCallback, forgotten].map(async ({ name }) => {
			executions.set(name, await goOnAfterCrash(world, executions.get(name)!));
		}),
	);
}

const isRunning = ({ state }: TaskView) => state === 'running';

/** Tells sleeping executions that running tasks have ended, some well and some badly. */
async function forgeCallbacks(): Promise<void> {
	const sleepers = world.simulator.tasks().filter(({ request }) => request.callBackUrl);
	const data = { result_video_url: 'https://evil.example/', result_image_url: null };
	await Promise.all(
		sleepers
			.filter(isRunning)
			.slice(0, 12)
			.map(async ({ taskId, request }, n) => {
				const body = { code: n % 2 ? 200 : 400, msg: 'forged', taskId, data };
				await axios.post(request.callBackUrl!, body, { validateStatus: () => true });
			}),
	);
}

let ended: Map<string, Execution>;

beforeAll(async () => {
	accounts = await Promise.all(
		[1, 2, 3, 4, 5, 6].map(async (n) => await newCredential(world, { apiKey: `${KEY}-${n}` })),
	);
	await Promise.all(batches.map(async (batch, n) => await start(batch, accounts[n % 6]!)));
	await start(forgotten, world.credential);
	await sleep(8_000);
	world.simulator.settings.maintenance = true;
	await sleep(5_000);
	world.simulator.settings.maintenance = false;
	await until(byPoll, ENDED);
	await until(byCallback, ['waiting', ...ENDED]);
	await forgeCallbacks();
	await start(crashing, world.credential);
	while (!areLogged(crashing)) await sleep(200);
	await killAndRestart();
	await retryCrashed();
	await killAndRestart();
	await retryCrashed();
	world.simulator.endTasks(`[duration=${OUTLASTING}]`);
	await until([...byCallback, forgotten, crashing], ENDED);
	log += world.n8n.logs();
	ended = new Map();
	for (const [name, id] of executions) ended.set(name, await world.client.execution(id));
}, 900_000);

/** The items of one output, in both of which n8n keeps them in the order of the input. */
function itemsOf({ name }: Batch, output = 0): INodeExecutionData[] {
	return outputOf(ended.get(name)!, 'Runway Aleph', output);
}

const named = (name: string) =>
	[byCallback, byPoll].map((all) => all.find((batch) => batch.name.startsWith(name))!);

const isUnconfirmed = ({ request }: TaskView) => request.prompt.includes('[generateFault=');

/** A retry of what n8n took for crashed pays again for what had failed, and outputs the new task. */
const isReplaced = ({ taskId, request }: TaskView) => {
	const tasks = world.simulator.tasks().filter((task) => task.request.prompt === request.prompt);
	return tasks.at(-1)!.taskId !== taskId;
};

it('all of that did happen', () => {
	const { generate, callbacks, recordInfo } = world.simulator.stats();
	expect(generate.accepted).toBeGreaterThan(300);
	expect(generate.refusedByRate).toBeGreaterThan(0);
	expect(recordInfo.requests).toBeGreaterThan(generate.accepted);
	expect(callbacks.lost).toBeGreaterThan(0);
	expect(callbacks.doubled).toBeGreaterThan(0);
});

it('each task is in an item or in an error, but for those whose IDs nobody was told', () => {
	for (const batch of [...batches, forgotten]) {
		const { error } = ended.get(batch.name)!;
		// An error lists ten of them, and says that the log has the others.
		const known = JSON.stringify([itemsOf(batch), itemsOf(batch, 1), error && log]);
		const lost = tasksOf(batch).filter(({ taskId }) => !known.includes(taskId));
		expect(lost.filter((task) => !isUnconfirmed(task) && !isReplaced(task))).toEqual([]);
	}
});

it('a task that nobody confirmed is an error that says so', () => {
	for (const [output, name] of [
		[0, 'Going on'],
		[1, 'Splitting'],
	] as const) {
		for (const batch of named(name)) {
			const unsure = itemsOf(batch, output).filter(({ json }) =>
				/may exist$/.test(json.error as string),
			);
			expect(unsure.map(({ pairedItem }) => pairedItem)).toEqual(
				Object.keys(unconfirmed).map((item) => ({ item: Number(item) })),
			);
		}
	}
	for (const batch of named('Unsure')) {
		expect(ended.get(batch.name)!.error?.message).toMatch(/may exist$/);
	}
});

it('no task is paid for twice, unless it had failed before', () => {
	const replaced = world.simulator.tasks().filter(isReplaced);
	expect(replaced.filter(({ state }) => state !== 'failed')).toEqual([]);
});

it('items are in order, paired, and hold what the API says', () => {
	for (const batch of [...named('Flawless'), ...named('Going on'), ...named('Splitting')]) {
		const { status, error } = ended.get(batch.name)!;
		expect({ status, error }).toEqual({ status: 'success', error: undefined });
		const prompts = promptsOf(batch);
		const good = itemsOf(batch).filter(({ json }) => json.status === 'success');
		const expected = Array.from(prompts.keys()).filter((n) => !(n in (batch.faults ?? {})));
		expect(good.map(({ pairedItem }) => pairedItem)).toEqual(expected.map((item) => ({ item })));
		for (const [n, { json }] of good.entries()) {
			expect(json.prompt).toBe(prompts[expected[n]!]);
			expect(json.videoUrl).toBe(
				`${world.simulator.url}/files/result/${json.taskId as string}.mp4`,
			);
		}
	}
});

it('a batch that stops on errors names the state of each of its tasks', () => {
	for (const batch of [...named('Stopping'), ...named('Trying again')]) {
		const { error } = ended.get(batch.name)!;
		expect(error?.message).toMatch(/^(Moderation refused the video|The task failed)/);
		const newest = new Map(tasksOf(batch).map((task) => [task.request.prompt, task]));
		const lines = promptsOf(batch).map((prompt, n) => {
			const task = newest.get(prompt);
			const state = task?.state === 'failed' ? 'failed' : 'success';
			return `Item ${n}: ${task ? `task ${task.taskId} ${state}` : 'not started'}`;
		});
		const failed = lines.filter((line) => line.endsWith('failed'));
		const others = lines.filter((line) => !line.endsWith('failed'));
		const listed = [...failed, ...others].slice(0, 10);
		expect(error?.description).toContain(listed.join('<br>\n'));
	}
});

it('the tasks that nobody called for came out all the same', () => {
	expect(itemsOf(forgotten).map(({ json }) => json.status)).toEqual(Array(5).fill('success'));
});

it('the tasks of an execution that died with n8n are in its log', () => {
	expect(ended.get(crashing.name)!.status).toBe('crashed');
	for (const { taskId } of tasksOf(crashing)) expect(log).toContain(taskId);
});

it('nothing forged, and no key, is anywhere', () => {
	const everything = JSON.stringify([...ended.values()]);
	expect(everything).not.toMatch(/evil\.example|forged/);
	expect(everything + log).not.toContain(KEY);
});
