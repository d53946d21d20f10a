/** Sleeping executions of an n8n that is stopped. */
import { poll } from '../support/poll';
import { restart, statusesOf, useN8n } from '../support/realN8n';
import { fallAsleep, goOnAfterCrash, start } from '../support/sleepers';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { sleeping, workflowOf } from '../support/workflow';

/** As long as n8n waits for executions when its users stop it. */
const env = { N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '30' };

const world = useN8n({ duration: 6 }, env);

const tasksWith = (text: string) => tasksOf(world, text);

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
		await restart(world, 'shutDown', env);
		expect(tasksWith('Asleep').map(({ state }) => state)).toEqual(Array(5).fill('succeeded'));

		for (const [id, name] of [
			[asleep.id, 'Asleep'],
			[awake, 'Awake'],
		] as const) {
			const execution = await world.client.waitForExecution(await goOnAfterCrash(world, id));
			expect(execution).toMatchObject({ status: 'success', error: undefined });
			expect(statusesOf(execution)).toEqual(Array(5).fill('success'));
			expect(tasksWith(name)).toHaveLength(5);
		}
	});
});
