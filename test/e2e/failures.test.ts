/** What a provider says of a failed task, word for word, also where n8n would read something into it. */
import { itemsOf, runWorkflow, useN8n } from '../support/realN8n';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { polling } from '../support/workflow';

const world = useN8n({ duration: 1 });

describe.each([
	[
		'has the name of a network error',
		'FileNotFoundError: input.mp4',
		'FileNotFoundError: input.mp4',
	],
	['speaks of a permission', 'rolePermission of the model', 'rolePermission of the model'],
	// For n8n "canceled" is what its user does, after which nothing can be retried.
	[
		'says that it was canceled',
		'The task was canceled by the operator',
		'The task was cancelled by the operator',
	],
])('the text of a failed task that %s', (_, text, shown) => {
	const items = prompts(2, (n) => `${text} ${n} ${n === 1 ? `[fail=${text}]` : ''}`);
	const tasks = () => tasksOf(world, text);

	it('arrives, and the execution is an error that can be retried', async () => {
		const failed = await runWorkflow(world, { parameters: polling, items });
		expect(failed.status).toBe('error');
		expect(failed.error?.message).toContain(shown);
		expect(tasks()).toHaveLength(2);

		const id = await world.client.retryExecution(failed.id);
		const again = await world.client.waitForExecution(id);
		expect(again.error?.message).toContain(shown);
		expect(tasks()).toHaveLength(3);
	});

	it('arrives on the error output', async () => {
		const settings = { onError: 'continueErrorOutput' as const };
		const execution = await runWorkflow(world, { parameters: polling, items, settings });
		expect(execution.status).toBe('success');
		expect(itemsOf(execution)).toMatchObject([{ status: 'success' }]);
		expect(itemsOf(execution, 1)).toMatchObject([
			{
				status: 'failed',
				error: expect.stringContaining(shown) as string,
				errorMessage: text,
			},
		]);
	});
});
