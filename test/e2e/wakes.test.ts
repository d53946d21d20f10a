/** Wakes at which something is wrong that was right before. What was paid for comes out all the same. */
import type { INodeParameters } from 'n8n-workflow';
import type { Credential } from '../support/n8n/client';
import type { Execution } from '../support/n8n/execution';
import { poll } from '../support/poll';
import { accountOn, itemsOf, newCredential, statusesOf, useN8n } from '../support/realN8n';
import { fallAsleep, start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { NODE, sleeping, workflowOf, type WorkflowSetup } from '../support/workflow';

const world = useN8n({ duration: 3, concurrency: 2 });

const tasksWith = (text: string) => tasksOf(world, text);

const ends = async (executionId: string) =>
	await world.client.waitForExecution(executionId, { timeout: 300_000 });

const STOP: WorkflowSetup['settings'] = {};
const GO_ON: WorkflowSetup['settings'] = { onError: 'continueRegularOutput' };

const uncalled = (name: string) => prompts(2, (n) => `${name} ${n} [callbacks=false]`);

const unreadable = () => accountOn(world, { apiKey: '={{ ] }}' });

/** Resolves once the execution has woken, and sleeps again. */
async function untilItHasWoken({ id }: Execution): Promise<void> {
	const progress = async () => (await world.client.customData(id)).runwayAleph;
	const before = await poll(progress);
	await poll(progress, (now) => now !== before);
}

// n8n looks for what is due once a minute: they wait together.
describe('a credential that cannot be read at a wake', () => {
	const ended: Record<string, Execution> = {};

	async function sleepLocked(
		name: string,
		settings: WorkflowSetup['settings'],
		options: INodeParameters = {},
	): Promise<[Execution, Credential]> {
		const account = await newCredential(world);
		const parameters = { ...sleeping, options };
		const setup = { parameters, items: uncalled(name), settings };
		const asleep = await fallAsleep(world, setup, account);
		await world.client.updateCredential(account, unreadable());
		return [asleep, account];
	}

	async function runMended(name: string, settings: WorkflowSetup['settings']): Promise<void> {
		const [asleep, account] = await sleepLocked(name, settings);
		await untilItHasWoken(asleep);
		const mended = accountOn(world, { apiKey: `key of ${name}` });
		await world.client.updateCredential(account, mended);
		ended[name] = await ends(asleep.id);
	}

	async function runBroken(name: string, settings: WorkflowSetup['settings']): Promise<void> {
		const [asleep] = await sleepLocked(name, settings, { timeout: 0.5 });
		ended[name] = await ends(asleep.id);
	}

	beforeAll(async () => {
		await Promise.all([
			runMended('Mended, stops', STOP),
			runMended('Mended, goes on', GO_ON),
			runBroken('Broken, stops', STOP),
			runBroken('Broken, goes on', GO_ON),
		]);
	}, 400_000);

	it.each(['Mended, stops', 'Mended, goes on'])('is read at a later one: %s', (name) => {
		const execution = ended[name]!;
		expect(execution.error).toBeUndefined();
		const tasks = tasksWith(name);
		expect(tasks).toHaveLength(2);
		expect(itemsOf(execution)).toMatchObject(
			tasks.map(({ taskId }) => ({ taskId, status: 'success' })),
		);
	});

	it('until the time is up gives an error that names the tasks', () => {
		const { status, error } = ended['Broken, stops']!;
		expect(status).toBe('error');
		expect(error?.message).toBe('The API could not say what became of the task within 0.5 minutes');
		expect(error?.description).toContain('n8n could not read the credential');
		expect(error?.description).toContain(tasksWith('Broken, stops')[0]!.taskId);
	});

	it('until the time is up gives, with "Continue", items with the tasks, and not the input', () => {
		expect(itemsOf(ended['Broken, goes on']!)).toMatchObject(
			tasksWith('Broken, goes on').map(({ taskId }) => ({
				taskId,
				status: 'timeout',
				error: expect.stringMatching(/^The API could not say/) as string,
			})),
		);
	});
});

describe('an expression that has no value any more at a wake', () => {
	/** It throws once the execution has slept, as the node has run by then. */
	const untilItSleeps = (value: string) =>
		`={{ $('${NODE}').isExecuted ? $('Nowhere').first().json : ${value} }}`;

	const GONE = /^Referenced node doesn't exist/;

	const ended: Record<string, Execution> = {};

	async function run(
		name: string,
		settings: WorkflowSetup['settings'],
		parameters: INodeParameters,
		count = 3,
	): Promise<void> {
		const items = prompts(count, (n) => `${name} ${n} [duration=10]`);
		const workflow = workflowOf({ parameters: { ...sleeping, ...parameters }, items, settings });
		ended[name] = await ends(await start(world, workflow, await newCredential(world)));
	}

	beforeAll(async () => {
		const prompt = untilItSleeps('$json.prompt');
		const waitForCompletion = untilItSleeps('true');
		await Promise.all([
			run('Gone, stops', STOP, { prompt }),
			run('Gone, goes on', GO_ON, { prompt }),
			run('Waits, stops', STOP, { waitForCompletion }, 2),
			run('Waits, goes on', GO_ON, { waitForCompletion }, 2),
		]);
	}, 400_000);

	it('costs the item that has not been started; the error names the others, and a retry keeps them', async () => {
		const execution = ended['Gone, stops']!;
		expect(execution.status).toBe('error');
		expect(execution.error?.message).toMatch(GONE);
		const [first, second, ...others] = tasksWith('Gone, stops');
		expect(others).toEqual([]);
		for (const task of [first, second]) {
			expect(execution.error?.description).toContain(`task ${task!.taskId} success`);
		}

		const again = await ends(await world.client.retryExecution(execution.id));
		expect(again.error?.message).toMatch(GONE);
		expect(tasksWith('Gone, stops')).toHaveLength(2);
	});

	it('costs, with "Continue", that item alone', () => {
		const execution = ended['Gone, goes on']!;
		expect(execution.status).toBe('success');
		expect(itemsOf(execution)).toMatchObject([
			...tasksWith('Gone, goes on').map(({ taskId }) => ({ taskId, status: 'success' })),
			{ taskId: null, status: 'failed', error: expect.stringMatching(GONE) as string },
		]);
	});

	it.each(['Waits, stops', 'Waits, goes on'])(
		'costs nothing if all have been started: %s',
		(name) => {
			const execution = ended[name]!;
			expect(execution.error).toBeUndefined();
			expect(statusesOf(execution)).toEqual(['success', 'success']);
			expect(tasksWith(name)).toHaveLength(2);
		},
	);
});

describe('executions that fell asleep together', () => {
	it('wake at different instants', async () => {
		const asleep = await Promise.all(
			[0, 1, 2, 3, 4, 5].map(async (n) => {
				const setup = { parameters: sleeping, items: uncalled(`Together ${n}`) };
				return await fallAsleep(world, setup, await newCredential(world));
			}),
		);
		const instants = asleep.map(({ waitTill }) => waitTill!.getTime());
		expect(new Set(instants.map((time) => time % 30_000)).size).toBe(6);
		expect(Math.max(...instants) - Math.min(...instants)).toBeGreaterThan(10_000);
	});
});
