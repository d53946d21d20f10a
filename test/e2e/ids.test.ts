/** Where the IDs of tasks are found when their execution is lost. */
import { poll } from '../support/poll';
import { newCredential, useN8n } from '../support/realN8n';
import { fallAsleep, start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { polling, sleeping, workflowOf } from '../support/workflow';

const world = useN8n({ duration: 600, rateLimit: 1_000 });

const options = { generateRate: 1_000 };

const idsOf = (text: string) => tasksOf(world, text).map(({ taskId }) => taskId);

/** All that the node has noted beside the execution, as n8n's list of executions shows it. */
async function noted(executionId: string): Promise<string[]> {
	const customData = await world.client.customData(executionId);
	const values = Object.entries(customData).filter(([key]) => key.startsWith('runwayAlephTasks'));
	// n8n logs an error for what is longer.
	for (const [, value] of values) expect(value.length).toBeLessThanOrEqual(255);
	return values.flatMap(([, value]) => value.split(' ')).sort();
}

describe('an execution', () => {
	it('that polled, and was stopped, has the IDs in its custom data and in the log', async () => {
		const items = prompts(30, (n) => `Stopped ${n}`);
		const setup = { parameters: { ...polling, options }, items };
		const id = await start(world, workflowOf(setup), await newCredential(world));
		await poll(
			() => idsOf('Stopped').filter((taskId) => world.n8n.logs().includes(`task ${taskId}`)),
			({ length }) => length === 30,
		);
		await world.client.stopExecution(id);
		expect((await world.client.waitForExecution(id)).status).toBe('canceled');
		expect(await noted(id)).toEqual(idsOf('Stopped').sort());
	});

	it('that sleeps has the IDs in its custom data', async () => {
		const items = prompts(30, (n) => `Asleep ${n}`);
		const setup = { parameters: { ...sleeping, options }, items };
		const { id } = await fallAsleep(world, setup, await newCredential(world));
		expect(await noted(id)).toEqual(idsOf('Asleep').sort());
	});
});
