/** Several workers with one API key: each n8n process paces by itself, and learns its share from refusals. */
import { randomUUID } from 'node:crypto';
import { startSimulator, type TaskView } from '../simulator';
import { startQueueMode } from '../support/n8n/queue';
import { idealTime } from '../support/ideal';
import { alephWorkflow, sourceOf } from '../support/workflow';
import { cell, times, type Part, type Row } from './part';
import { newAccount, spreadOrders, waitForExecutions, type World } from './world';

const WORKERS = 3;
const EXECUTIONS = 6;
const COUNT = 50;

/** Seconds. */
const DURATIONS = { shortest: 20, longest: 40 };

/** Of each account, which the simulator keeps. */
const LIMITS = { rateLimit: 20, concurrency: 30 };
const WINDOW_SECONDS = 10;

const WAYS = [
	{ name: 'Runway Aleph, "Poll"', waitMode: 'poll' },
	{ name: 'Runway Aleph, "Sleep"', waitMode: 'sleep' },
];

export const workers: Part = {
	compares: `n8n's queue mode with ${WORKERS} workers and 2 webhook processors: ${EXECUTIONS} executions of ${COUNT} tasks each share one API key. The API runs ${LIMITS.concurrency} at once and accepts ${LIMITS.rateLimit} new ones in ${WINDOW_SECONDS} s, and tasks take ${DURATIONS.shortest} to ${DURATIONS.longest} s. Nothing is configured: each worker paces itself, and finds its share by what the API refuses. In the ideal case, all tasks start as soon as both limits allow. "First" and "Last" are when the first and the last execution ended, compared with that. Both wait modes run at the same time, each with a key of its own.`,
	inShort: (rows) => {
		const [poll, sleep] = WAYS.map(
			({ name }) =>
				`${cell(rows, name, 'Last vs. ideal')} the ideal time and ${cell(rows, name, 'Refused per task')} refused requests per task`,
		);
		return `six executions on ${WORKERS} workers with one key need ${poll} with "Poll", and ${sleep} with "Sleep".`;
	},
	run: async ({ packageTarball, progress }) => {
		const queue = await startQueueMode({ packageTarball, workers: WORKERS });
		try {
			const client = await queue.main.signIn();
			const measured = WAYS.map(async ({ name, waitMode }) => {
				const simulator = await startSimulator({ ...LIMITS, credits: 1_000_000 });
				try {
					progress(`${name} starts`);
					const row = await measure({ simulator, n8n: queue.main, client }, waitMode);
					progress(`${name} has ended`);
					return { Method: name, ...row };
				} finally {
					await simulator.close();
				}
			});
			return await Promise.all(measured);
		} finally {
			await queue.stop();
		}
	},
};

async function measure(world: World, waitMode: string): Promise<Row> {
	const { client, simulator } = world;
	const account = randomUUID();
	const credential = await newAccount(world, account);
	const ids = await Promise.all(
		Array.from({ length: EXECUTIONS }, async (_, n) => {
			const orders = spreadOrders(account, n * COUNT, COUNT, DURATIONS);
			const built = alephWorkflow(sourceOf(orders), waitMode);
			const workflowId = await client.importWorkflow(built, [credential]);
			await client.runManually(workflowId);
			return workflowId;
		}),
	);
	const ends = await Promise.all(ids.map(async (id) => await endOf(world, id)));
	const tasks = simulator.tasks();
	if (tasks.length !== EXECUTIONS * COUNT) throw new Error(`${tasks.length} tasks`);
	const ideal = idealOf(tasks);
	const lasted = ends.map((end) => (end - tasks[0]!.createdAt) / 1000 / ideal);
	const { refusedByRate, refusedByConcurrency } = simulator.stats().generate;
	return {
		'Last vs. ideal': times(Math.max(...lasted)),
		'First vs. ideal': times(Math.min(...lasted)),
		'Refused per task': ((refusedByRate + refusedByConcurrency) / tasks.length).toFixed(2),
	};
}

async function endOf(world: World, workflowId: string): Promise<number> {
	await waitForExecutions(world, workflowId, 'success', 1);
	const [execution] = await world.client.listExecutions({ workflowId });
	return Number(execution?.stoppedAt);
}

/** Seconds. */
function idealOf(tasks: TaskView[]): number {
	const durations = tasks.map(({ createdAt, endsAt }) => (endsAt - createdAt) / 1000);
	const { rateLimit: rate, concurrency: slots } = LIMITS;
	return idealTime(durations, { rate, slots, window: WINDOW_SECONDS });
}
