/** Waiting for a batch of tasks: the node's two wait modes, beside what people build without it. */
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import type { TaskView } from '../simulator';
import { idealTime } from '../support/ideal';
import { LOOP_SECONDS, loopOfAllItems, loopOverItems } from '../support/loops';
import type { WorkflowJson } from '../support/n8n/client';
import type { Order } from '../support/tasks';
import { alephWorkflow, sourceOf } from '../support/workflow';
import { mean, times, type Part, type Row } from './part';
import { oneAfterAnother } from './sdk';
import { newAccount, spreadOrders, waitForExecutions, withWorld, type World } from './world';

/** Small batches come several times: one of them says little. */
const BATCHES = [
	{ count: 1, rounds: 5 },
	{ count: 10, rounds: 3 },
	{ count: 100, rounds: 1 },
];

/** Seconds. As far apart as the longest interval between two looks, so that no way is lucky. */
const DURATIONS = { shortest: 5, longest: 11 };

/** The account's limit, which the simulator keeps: new tasks in so many milliseconds. */
const RATE = { tasks: 20, window: 10_000 };

/** For HTTP Request: the limit, and a second for uneven travel times. */
const WITHIN_RATE = { batchSize: RATE.tasks, batchInterval: RATE.window + 1_000 };

interface Way {
	name: string;
	/** Gets the videos of a batch, with an account of its own; gives when it has them all. */
	run: (world: World, account: string, orders: Order[]) => Promise<number>;
}

const LOOP = 'HTTP Request, Wait and IF in a loop';

const TOGETHER: Way[] = [
	{ name: 'Runway Aleph, "Poll"', run: inN8n((items) => alephWorkflow(items, 'poll')) },
	{ name: 'Runway Aleph, "Sleep"', run: inN8n((items) => alephWorkflow(items, 'sleep')) },
	{ name: LOOP, run: inN8n((items, url) => loopOfAllItems(items, url, WITHIN_RATE)) },
];

/** Of 100 tasks they would take twenty minutes. */
const ONE_BY_ONE_UP_TO = 10;

const ONE_BY_ONE: Way[] = [
	{ name: 'The same in Loop Over Items, one by one', run: inN8n(loopOverItems) },
	{
		name: "A script that checks like Runway's SDK, one by one",
		run: async ({ simulator }, account, orders) => {
			await oneAfterAnother(simulator, account, orders);
			return Date.now();
		},
	},
];

export const waiting: Part = {
	compares: `Batches of 1, 10 and 100 tasks on the same n8n and simulator. Compares the node's two wait modes, loops of n8n's own nodes that check every ${LOOP_SECONDS} s, and a script outside n8n that checks as often as Runway's own SDK does: every 6 s, ±1.5 s. The API's limit of ${RATE.tasks} new tasks in ${RATE.window / 1000} s applies. The node stays within it by itself. The loop uses the HTTP Request node's "Batching" option, with ${WITHIN_RATE.batchSize} items every ${WITHIN_RATE.batchInterval / 1000} s. Without it, the loop with 100 tasks never ends, because the API refuses most of them.

In the ideal case, every task starts as early as the limit allows and its end is noticed at once. "Requests" counts calls to generate and record-info. A task counts as noticed at the first status check after it ends. With "Sleep", an execution starts as many tasks as it can within 15 s, sleeps until a callback wakes it or a minute has passed, and then continues. Tasks take ${DURATIONS.shortest} to ${DURATIONS.longest} s, spread evenly and identical for all methods. The one-by-one methods would take twenty minutes for 100 of them, and aren't measured with these. Real tasks take minutes: delays of a few seconds matter less, and polling needs more requests, but "Sleep" doesn't. Figures for 1 task are the mean of ${BATCHES[0]!.rounds} batches, and for 10 tasks of ${BATCHES[1]!.rounds}. The one-by-one methods are idle most of the time, so they run alongside the others.`,
	inShort: (rows) => {
		const ratio = (name: string) =>
			rows.find((each) => each.Method?.includes(name) && each.Tasks === '100')?.['Time vs. ideal'];
		return `a batch of 100 short tasks takes ${ratio('"Poll"')} the ideal time with "Poll", ${ratio('"Sleep"')} with "Sleep", and ${ratio('loop')} with a loop that knows the limits.`;
	},
	run: async ({ packageTarball, progress }) =>
		await withWorld(
			{ packageTarball },
			async (world) => {
				progress('one by one, beside all the following');
				const idle = Promise.all(
					ONE_BY_ONE.flatMap((way) =>
						BATCHES.filter(({ count }) => count <= ONE_BY_ONE_UP_TO).map(
							async (batches) => await measure(world, way, batches),
						),
					),
				);
				// Until it is awaited, its failure must not end the process.
				idle.catch(() => {});
				const measured: Figures[] = [];
				for (const batches of BATCHES) {
					for (const way of TOGETHER) {
						progress(`${batches.count} tasks, ${way.name}`);
						measured.push(await measure(world, way, batches));
					}
				}
				progress('the rest of those one by one');
				measured.push(...(await idle));
				return measured
					.sort((a, b) => a.count - b.count)
					.map((figures) => row(figures, loopOf(measured, figures.count)));
			},
			{ rateLimit: RATE.tasks, credits: 1_000_000 },
		),
};

interface Figures {
	name: string;
	count: number;
	/** Seconds from a batch's first task until all its videos are there, on average. */
	took: number;
	/** Seconds that it could have taken, on average. */
	ideal: number;
	requestsPerTask: number;
	/** Seconds from a task's end until it is looked at, on average. */
	noticedAfter: number;
}

async function measure(
	world: World,
	{ name, run }: Way,
	{ count, rounds }: { count: number; rounds: number },
): Promise<Figures> {
	const took: number[] = [];
	const ideal: number[] = [];
	const tasks: TaskView[] = [];
	for (let round = 0; round < rounds; round++) {
		const account = randomUUID();
		const end = await run(world, account, spreadOrders(account, round * count, count, DURATIONS));
		const batch = world.simulator
			.tasks()
			.filter(({ request }) => request.prompt.startsWith(account));
		if (batch.length !== count) throw new Error(`${name}: ${batch.length} of ${count} tasks`);
		took.push((end - batch[0]!.createdAt) / 1000);
		ideal.push(idealOf(batch));
		tasks.push(...batch);
	}
	return {
		name,
		count,
		took: mean(took),
		ideal: mean(ideal),
		requestsPerTask: 1 + mean(tasks.map(({ reads }) => reads)),
		noticedAfter: mean(noticing(world, tasks)),
	};
}

/** Seconds until the last has ended, if each starts as early as the limit allows. */
function idealOf(tasks: TaskView[]): number {
	const durations = tasks.map(({ createdAt, endsAt }) => endsAt - createdAt);
	const limits = { rate: RATE.tasks, window: RATE.window, slots: Infinity };
	return idealTime(durations, limits) / 1000;
}

/** For each task, how many seconds after its end it was looked at. */
function noticing({ simulator }: World, tasks: TaskView[]): number[] {
	const looks = simulator.requests().map(({ time, query }) => {
		const { taskId } = query as { taskId?: string };
		return { time, taskId };
	});
	return tasks.map(({ taskId, endsAt }) => {
		const look = looks.find((each) => each.taskId === taskId && each.time >= endsAt);
		if (!look) throw new Error(`Nobody looked at the task ${taskId} after its end`);
		return (look.time - endsAt) / 1000;
	});
}

/** A way that is a workflow: it begins with Start -> Items, which are the orders. */
function inN8n(build: (source: INode[], baseUrl: string) => WorkflowJson): Way['run'] {
	return async (world, account, orders) => {
		const { client, simulator } = world;
		const built = build(sourceOf(orders), simulator.url);
		const workflowId = await client.importWorkflow(built, [await newAccount(world, account)]);
		await client.runManually(workflowId);
		await waitForExecutions(world, workflowId, 'success', 1);
		const [execution] = await client.listExecutions({ workflowId });
		return Number(execution?.stoppedAt);
	};
}

/** What the others of the same size are compared with. */
function loopOf(measured: Figures[], count: number): Figures {
	return measured.find((figures) => figures.name === LOOP && figures.count === count)!;
}

function row(figures: Figures, loop: Figures): Row {
	const { name, count, took, ideal, requestsPerTask, noticedAfter } = figures;
	return {
		Method: name,
		Tasks: String(count),
		'Time vs. ideal': times(took / ideal),
		'Time (s)': took.toFixed(1),
		'Requests vs. loop': times(requestsPerTask / loop.requestsPerTask),
		'Requests per task': requestsPerTask.toFixed(1),
		'Noticed after (s)': noticedAfter.toFixed(1),
	};
}
