/** Sleeping executions of an n8n that is stopped, or killed. */
import { startN8n } from '../support/n8n/server';
import { poll } from '../support/poll';
import { itemsOf, newCredential, statusesOf, useN8n } from '../support/realN8n';
import { fallAsleep, goOnAfterCrash, start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { sleeping, workflowOf } from '../support/workflow';

/** As long as n8n waits for executions when its users stop it. */
const env = { N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '30' };

const world = useN8n({ duration: 6 }, env);

/** What all processes of n8n that have ended have logged. */
let log = '';

const tasksWith = (text: string) => tasksOf(world, text);

async function restart(end: 'shutDown' | 'kill'): Promise<void> {
	await world.n8n[end]();
	log += world.n8n.logs();
	const { userFolder, port } = world.n8n;
	world.n8n = await startN8n({ userFolder, port, env });
	world.client = await world.n8n.signIn();
}

const statusOf = async (executionId: string) => (await world.client.execution(executionId)).status;

const ends = async (executionId: string) => await world.client.waitForExecution(executionId);

describe('n8n stopped', () => {
	it('loses neither what sleeps, without a callback, nor what is awake', async () => {
		const asleep = await fallAsleep(world, {
			parameters: sleeping,
			items: prompts(5, (n) => `Asleep ${n} [callbacks=false]`),
		});
		const awake = await start(
			world,
			workflowOf({
				parameters: { ...sleeping, options: { generateRate: 2 } },
				items: prompts(5, (n) => `Awake ${n} [callbacks=false]`),
			}),
		);
		await poll(() => tasksWith('Awake').length);
		await restart('shutDown');
		expect(tasksWith('Asleep').map(({ state }) => state)).toEqual(Array(5).fill('succeeded'));

		for (const [id, name] of [
			[asleep.id, 'Asleep'],
			[awake, 'Awake'],
		] as const) {
			const execution = await ends(id);
			expect(execution.error).toBeUndefined();
			expect(statusesOf(execution)).toEqual(Array(5).fill('success'));
			expect(tasksWith(name)).toHaveLength(5);
		}
	});
});

describe('n8n killed twice', () => {
	it('loses nothing that sleeps, and what is awake pays again for what its log names', async () => {
		Object.assign(world.simulator.settings, { concurrency: 6, callbackRetries: 8 });
		const large = prompts(18, (n) => `Large ${String(n).padStart(2, '0')} [duration=20]`);
		const slow = prompts(15, (n) => `Slow ${String(n).padStart(2, '0')}`);
		const largeId = await start(world, workflowOf({ parameters: sleeping, items: large }));
		// Three at once every ten seconds: it sleeps after the sixth, and is awake after the ninth.
		const parameters = { ...sleeping, options: { generateRate: 3 } };
		const another = await newCredential(world);
		const slowId = await start(world, workflowOf({ parameters, items: slow }), another);

		await poll(
			async () => {
				const statuses = [await statusOf(slowId), await statusOf(largeId)];
				return `${knownTasks('Slow').length} slow ones, ${statuses.join(', ')}`;
			},
			(found) => found === '9 slow ones, running, waiting',
		);
		await restart('kill');
		expect(await statusOf(slowId)).toBe('crashed');
		const retriedId = await world.client.retryExecution(slowId);
		await poll(
			() => knownTasks('Large').length,
			(count) => count === 18,
		);
		await restart('kill');

		const execution = await ends(await goOnAfterCrash(world, largeId));
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution)).toMatchObject(
			large.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		expect(tasksWith('Large')).toHaveLength(18);

		const retried = await ends(await goOnAfterCrash(world, retriedId));
		expect(retried.error).toBeUndefined();
		expect(itemsOf(retried)).toMatchObject(
			slow.map(({ prompt }) => ({ prompt, status: 'success' })),
		);
		const delivered = itemsOf(retried).map(({ taskId }) => taskId);
		const paidAgain = tasksWith('Slow').filter(({ taskId }) => !delivered.includes(taskId));
		expect(paidAgain).toHaveLength(3);
		for (const { taskId } of paidAgain) expect(log).toContain(`accepted task ${taskId}`);
	}, 400_000);
});

/** Those that n8n has logged. */
function knownTasks(text: string) {
	const logs = log + world.n8n.logs();
	return tasksWith(text).filter(({ taskId }) => logs.includes(taskId));
}
