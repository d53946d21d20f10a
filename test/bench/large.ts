/** Batches that are far larger than what the API runs at once: the node's two wait modes, beside a loop. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INode } from 'n8n-workflow';
import { loopOfAllItems } from '../support/loops';
import type { WorkflowJson } from '../support/n8n/client';
import { isFinished } from '../support/n8n/execution';
import { alephWorkflow, sourceOf } from '../support/workflow';
import { cpuSeconds } from './cpu';
import { idealTime } from '../support/ideal';
import { times, type Part, type PartOptions, type Row } from './part';
import { newAccount, spreadOrders, withWorld, type World } from './world';

/** A batch, and the limits of the account, which the simulator keeps. */
interface Load {
	count: number;
	/** Seconds. */
	shortest: number;
	longest: number;
	/** How many run at once, and how many are accepted in 10 s. */
	concurrency: number;
	rateLimit: number;
	/** For HTTP Request: no more than run at once, if they take as long as expected. */
	batching?: { batchSize: number; batchInterval: number };
}

const LOADS: Load[] = [
	{
		count: 300,
		shortest: 15,
		longest: 25,
		concurrency: 30,
		rateLimit: 20,
		batching: { batchSize: 12, batchInterval: 11_000 },
	},
	{
		count: 60,
		shortest: 60,
		longest: 120,
		concurrency: 20,
		rateLimit: 20,
		batching: { batchSize: 10, batchInterval: 60_000 },
	},
	{ count: 1_000, shortest: 20, longest: 20, concurrency: 100, rateLimit: 200 },
];

const WINDOW_SECONDS = 10;

/** Seconds between two looks at what the execution does. */
const LOOK_SECONDS = 1;

interface Way {
	name: string;
	load: Load;
	build: (source: INode[], baseUrl: string) => WorkflowJson;
}

function waysOf(load: Load): Way[] {
	const { batching, rateLimit } = load;
	const options = { generateRate: rateLimit };
	const nodes = (['poll', 'sleep'] as const).map((waitMode): Way => ({
		name: waitMode === 'poll' ? 'Runway Aleph, "Poll"' : 'Runway Aleph, "Sleep"',
		load,
		build: (source) => alephWorkflow(source, waitMode, options),
	}));
	if (!batching) return nodes;
	const build: Way['build'] = (source, url) => loopOfAllItems(source, url, batching);
	return [...nodes, { name: 'HTTP Request, Wait and IF in a loop', load, build }];
}

export const large: Part = {
	compares: `More tasks in one execution than the API runs at once: it accepts 20 new ones in ${WINDOW_SECONDS} s (200 in the batch of 1,000). In the ideal case, each task starts as soon as both limits allow. A loop of n8n's own nodes can't tell that the API is full, so its "Batching" option needs careful tuning: 12 items every 11 s, or 10 every 60 s. "Awake" is the share of time that the execution is running rather than stored in n8n's database. "Refused" counts requests over a limit, which cost nothing. "CPU time" is that of n8n's main process, minus an idle one's. Each method has its own n8n instance, and all run at the same time.

Not every callback wakes a sleeping execution, so slots freed by finished tasks stay empty for a few seconds. The longer tasks take, the less this matters. Most of the CPU time with "Sleep" goes to callbacks, because n8n loads the execution for each one.`,
	inShort: (rows) => {
		const [row] = rows.filter(({ Method }) => Method?.includes('"Sleep"')).slice(-1);
		return `${row!.Tasks!.replace(',', ' each,')}: ${row!['Time vs. ideal']} the ideal time with "Sleep", awake for ${row!.Awake} of it.`;
	},
	run: async (options) => {
		const ways = LOADS.flatMap(waysOf);
		return (await Promise.all(ways.map(async (way) => await measure(way, options)))).map(row);
	},
};

interface Figures {
	way: Way;
	/** Seconds. */
	took: number;
	ideal: number;
	/** Of the time. */
	awake: number;
	requestsPerTask: number;
	refused: number;
	/** Seconds of the processor. */
	cpuPerTask: number;
}

async function measure(way: Way, { packageTarball, progress }: PartOptions): Promise<Figures> {
	const { name, load, build } = way;
	const { count, concurrency, rateLimit } = load;
	return await withWorld(
		{ packageTarball },
		async (world) => {
			const { client, n8n, simulator } = world;
			const built = build(sourceOf(spreadOrders(name, 0, count, load)), simulator.url);
			const id = await client.importWorkflow(built, [await newAccount(world, randomUUID())]);
			const idle = await idleCpu(world, id);
			progress(`${count} tasks, ${name} starts`);
			const before = await cpuSeconds(n8n.pid);
			await client.runManually(id);
			const { awake, seconds } = await watch(world, id);
			const cpu = (await cpuSeconds(n8n.pid)) - before - idle * seconds;
			progress(`${count} tasks, ${name} has ended`);
			const tasks = simulator.tasks();
			const [execution] = await client.listExecutions({ workflowId: id });
			const { generate, requestsPerTask } = simulator.stats();
			if (tasks.length !== count || execution?.status !== 'success') {
				throw new Error(`${name}: ${tasks.length} tasks, ${execution?.status}`);
			}
			const durations = tasks.map(({ createdAt, endsAt }) => (endsAt - createdAt) / 1000);
			const limits = { rate: rateLimit, slots: concurrency, window: WINDOW_SECONDS };
			return {
				way,
				took: (Number(execution.stoppedAt) - tasks[0]!.createdAt) / 1000,
				ideal: idealTime(durations, limits),
				awake,
				requestsPerTask,
				refused: generate.refusedByRate + generate.refusedByConcurrency,
				cpuPerTask: cpu / count,
			};
		},
		{ rateLimit, concurrency, credits: 1_000_000 },
	);
}

/** Seconds of the processor per second that n8n takes for nothing but to be looked at. */
async function idleCpu({ client, n8n }: World, workflowId: string): Promise<number> {
	const looks = 20;
	await sleep(5_000);
	const before = await cpuSeconds(n8n.pid);
	for (let look = 0; look < looks; look++) {
		await client.listExecutions({ workflowId });
		await sleep(LOOK_SECONDS * 1_000);
	}
	return ((await cpuSeconds(n8n.pid)) - before) / (looks * LOOK_SECONDS);
}

/** Until the execution has ended: for how long, and for which share of that it was awake. */
async function watch({ client }: World, workflowId: string) {
	const began = performance.now();
	let looks = 0;
	let awake = 0;
	for (;;) {
		const [execution] = await client.listExecutions({ workflowId });
		if (execution && isFinished(execution)) break;
		looks++;
		if (execution?.status !== 'waiting') awake++;
		await sleep(LOOK_SECONDS * 1_000);
	}
	return { awake: awake / looks, seconds: (performance.now() - began) / 1000 };
}

function row(figures: Figures): Row {
	const { way, took, ideal, awake, requestsPerTask, refused, cpuPerTask } = figures;
	const { count, shortest, longest, concurrency } = way.load;
	const duration = shortest === longest ? `${longest} s` : `${shortest} to ${longest} s`;
	return {
		Method: way.name,
		Tasks: `${count} of ${duration}, ${concurrency} at once`,
		'Time vs. ideal': times(took / ideal),
		'Time (s)': took.toFixed(0),
		Awake: `${(awake * 100).toFixed(0)} %`,
		'Requests per task': requestsPerTask.toFixed(1),
		Refused: String(refused),
		'CPU time per task (ms)': (cpuPerTask * 1000).toFixed(0),
	};
}
