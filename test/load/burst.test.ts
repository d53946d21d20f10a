/** More callbacks at once than n8n answers within seconds. */
import { until } from '../support/poll';
import { publishTrigger, triggeredItems, useN8n } from '../support/realN8n';
import { prompts, startTask } from '../support/tasks';

const world = useN8n({
	duration: 3,
	rateLimit: 1000,
	concurrency: 1000,
	doubleEvery: 10,
	loseEvery: 20,
});

it('callbacks of 100 tasks at nearly the same time, some doubled and some lost, are 100 items', async () => {
	const { workflowId, path } = await publishTrigger(world);
	const callBackUrl = `${world.n8n.url}/webhook/${path}`;
	const started = prompts(100).map((order) =>
		startTask(world.simulator, { ...order, callBackUrl }),
	);
	const taskIds = await Promise.all(started);
	// Asking n8n meanwhile would only slow it down.
	const delivered = () => world.simulator.stats().callbacks.delivered;
	await until(() => delivered() === 100, { timeout: 300_000 });
	const items = await triggeredItems(world, workflowId, 100);
	expect(items.map(({ taskId }) => taskId).sort()).toEqual(taskIds.sort());
}, 600_000);
