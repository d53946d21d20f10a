/** Executions of an n8n that is killed: those that sleep, and those that poll. */
import { randomUUID } from 'node:crypto';
import { killWhen } from '../support/n8n/killWhen';
import { poll } from '../support/poll';
import { itemsOf, newCredential, publish, restart, useN8n } from '../support/realN8n';
import { goOnAfterCrash, post, start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	NODE,
	polling,
	sleeping,
	webhookNode,
	workflowOf,
} from '../support/workflow';

const world = useN8n({ duration: 6, concurrency: 6, callbackRetries: 8 });

/** What all processes of n8n that have ended have logged. */
let log = '';

const tasksWith = (text: string) => tasksOf(world, text);

/** Those that n8n has logged. */
function knownTasks(text: string) {
	const logs = log + world.n8n.logs();
	return tasksWith(text).filter(({ taskId }) => logs.includes(taskId));
}

async function startAgain(): Promise<void> {
	log += await restart(world, 'kill');
}

const statusOf = async (executionId: string) => (await world.client.execution(executionId)).status;

const ends = async (executionId: string) => await world.client.waitForExecution(executionId);

describe('n8n killed twice', () => {
	it('loses nothing that sleeps, and what is awake pays again for what its log names', async () => {
		const large = prompts(18, (n) => `Large ${String(n).padStart(2, '0')} [duration=20]`);
		const slow = prompts(15, (n) => `Slow ${String(n).padStart(2, '0')}`);
		const largeId = await start(world, workflowOf({ parameters: sleeping, items: large }));
		// Three at once every ten seconds: it sleeps after the sixth, and is awake after the ninth.
		const parameters = { ...sleeping, options: { generateRate: 3 } };
		const another = await newCredential(world);
		const slowId = await start(world, workflowOf({ parameters, items: slow }), another);

		await killWhen(
			world.n8n,
			(statusOf) =>
				knownTasks('Slow').length === 9 &&
				statusOf(slowId) === 'running' &&
				statusOf(largeId) === 'waiting',
		);
		await startAgain();
		expect(await statusOf(slowId)).toBe('crashed');
		const goingOn = await goOnAfterCrash(world, largeId);
		const retriedId = await world.client.retryExecution(slowId);
		await killWhen(
			world.n8n,
			(statusOf) => knownTasks('Large').length === 18 && statusOf(retriedId) !== 'running',
		);
		await startAgain();

		const execution = await ends(await goOnAfterCrash(world, goingOn));
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
	}, 600_000);
});

it('n8n killed while an execution polls: a retry pays again for what the log names', async () => {
	const path = randomUUID();
	const items = itemsNode(prompts(2, (n) => `Polled ${n}`));
	const aleph = alephNode(NODE, 'aleph', polling);
	const workflowId = await publish(world, chain('Polled', [webhookNode(path), items, aleph]));
	await post(`${world.n8n.url}/webhook/${path}`, {});
	await poll(
		() => knownTasks('Polled').length,
		(count) => count === 2,
	);
	const paid = tasksWith('Polled');
	await startAgain();
	const [crashed] = await world.client.listExecutions({ workflowId });
	expect(crashed?.status).toBe('crashed');

	const retried = await ends(await world.client.retryExecution(crashed!.id));
	const again = itemsOf(retried);
	expect(again).toMatchObject(Array(2).fill({ status: 'success' }));
	expect(tasksWith('Polled')).toHaveLength(4);
	for (const { taskId } of paid) {
		expect(log).toContain(`accepted task ${taskId}`);
		expect(again).not.toContainEqual(expect.objectContaining({ taskId }));
	}
}, 600_000);
