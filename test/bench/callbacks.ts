/** What one callback costs n8n that a sleeping execution only notes, by the number of its tasks. */
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import type { TaskView } from '../simulator';
import { alephWorkflow, sourceOf } from '../support/workflow';
import { cpuSeconds } from './cpu';
import { cell, median, times, type Part, type Row } from './part';
import {
	HIGHEST_RATE,
	newAccount,
	spreadOrders,
	waitForExecutions,
	withWorld,
	type World,
} from './world';

const COUNTS = [10, 100, 1_000];
const CALLBACKS = 50;
const ROUNDS = 2;

const AN_HOUR = { shortest: 3_600, longest: 3_600 };

export const callbacks: Part = {
	compares: `The cost of a callback that doesn't wake the execution yet because other tasks are still running: n8n loads the execution with all its data, and the node records the callback. The figures are means of ${ROUNDS} rounds of ${CALLBACKS} callbacks, sent one after another. "CPU time" is that of n8n's main process.`,
	inShort: (rows) =>
		`a callback for a sleeping execution of 1,000 tasks costs n8n ${cell(rows, '1000', 'CPU time per callback (ms)')} ms, ${cell(rows, '1000', 'Compared with 10 tasks')} what one for 10 tasks does.`,
	run: async ({ packageTarball, progress }) =>
		await withWorld({ packageTarball }, async (world) => {
			const rounds = new Map(COUNTS.map((count) => [count, [] as Cost[]]));
			// The first of all is to warm up.
			await measure(world, COUNTS[0]!);
			for (let round = 1; round <= ROUNDS; round++) {
				for (const [count, costs] of rounds) {
					progress(`${count} tasks, round ${round} of ${ROUNDS}`);
					costs.push(await measure(world, count));
				}
			}
			const least = median(rounds.get(COUNTS[0]!)!.map(({ cpu }) => cpu));
			return [...rounds].map(([count, costs]) => row(count, costs, least));
		}),
};

/** Milliseconds per callback. */
interface Cost {
	cpu: number;
	answer: number;
}

async function measure(world: World, count: number): Promise<Cost> {
	const { client } = world;
	const account = randomUUID();
	const source = sourceOf(spreadOrders(account, 0, count, AN_HOUR));
	const built = alephWorkflow(source, 'sleep', { generateRate: HIGHEST_RATE, timeout: 24 * 60 });
	const workflowId = await client.importWorkflow(built, [await newAccount(world, account)]);
	const executionId = await client.runManually(workflowId);
	await waitForExecutions(world, workflowId, 'waiting', 1);
	try {
		return await callFor(world, taskOf(world, account));
	} finally {
		await client.stopExecution(executionId);
	}
}

function taskOf({ simulator }: World, account: string): TaskView {
	return simulator.tasks().find(({ request }) => request.prompt.startsWith(account))!;
}

async function callFor({ n8n }: World, { taskId, request }: TaskView): Promise<Cost> {
	const before = await cpuSeconds(n8n.pid);
	const began = performance.now();
	for (let call = 0; call < CALLBACKS; call++) {
		const body = { code: 200, msg: 'success', taskId };
		await axios.post(request.callBackUrl!, body, { proxy: false });
	}
	const answer = (performance.now() - began) / CALLBACKS;
	const cpu = (((await cpuSeconds(n8n.pid)) - before) * 1000) / CALLBACKS;
	return { cpu, answer };
}

function row(count: number, costs: Cost[], least: number): Row {
	const cpu = median(costs.map((cost) => cost.cpu));
	return {
		'Tasks in the execution': String(count),
		[`Compared with ${COUNTS[0]} tasks`]: times(cpu / least),
		'CPU time per callback (ms)': cpu.toFixed(0),
		'Response time (ms)': median(costs.map(({ answer }) => answer)).toFixed(0),
	};
}
