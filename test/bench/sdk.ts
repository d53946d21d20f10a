/**
 * How a script waits that has Runway's own SDK for Node: its `waitForTaskOutput` looks at a task
 * after 6 s, give or take 1.5 s, and so on until it has ended; then comes the next task.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { Simulator } from '../simulator';
import { startTask, type Order } from '../support/tasks';

const INTERVAL_MS = 6_000;
const JITTER_MS = 1_500;

export async function oneAfterAnother(
	simulator: Simulator,
	apiKey: string,
	orders: Order[],
): Promise<void> {
	for (const order of orders) {
		const taskId = await startTask(simulator, order, apiKey);
		do await sleep(INTERVAL_MS + JITTER_MS * (2 * Math.random() - 1));
		while (!(await hasEnded(simulator, apiKey, taskId)));
	}
}

async function hasEnded({ url }: Simulator, apiKey: string, taskId: string): Promise<boolean> {
	const headers = { Authorization: `Bearer ${apiKey}` };
	const answer = await axios.get<{ data: { successFlag: number } }>(
		`${url}/api/v1/aleph/record-info`,
		{ headers, params: { taskId }, proxy: false },
	);
	return answer.data.data.successFlag === 1;
}
