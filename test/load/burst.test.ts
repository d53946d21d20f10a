/** More callbacks at once than n8n answers within seconds. */
import axios from 'axios';
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

describe.each([true, false])('with deduplication: %s', (deduplicate) => {
	it('callbacks of 100 tasks whose first two tries hang up are delivered by the third, as 100 items', async () => {
		const { workflowId, path } = await publishTrigger(world, { deduplicate });
		const started = prompts(100, (n) => `Video ${n} [duration=0]`).map((order) =>
			startTask(world.simulator, order),
		);
		const taskIds = await Promise.all(started);
		const deliver = async (taskId: string, timeout: number) => {
			const body = { code: 200, msg: 'success', taskId };
			const options = { timeout, proxy: false, validateStatus: () => true } as const;
			const answer = await axios.post(`${world.n8n.url}/webhook/${path}`, body, options);
			return answer.status;
		};
		// Before n8n can have answered, on any machine; the last try waits as long as it takes.
		const deliverAll = async (timeout: number) =>
			await Promise.allSettled(taskIds.map(async (taskId) => await deliver(taskId, timeout)));
		await deliverAll(500);
		await deliverAll(500);
		const answers = await deliverAll(300_000);
		expect(answers).toEqual(Array(100).fill({ status: 'fulfilled', value: 200 }));
		const items = await triggeredItems(world, workflowId, 100);
		expect(items.map(({ taskId }) => taskId).sort()).toEqual(taskIds.sort());
	}, 600_000);
});
