/** A batch that is far larger than what the API runs at once: the node's two wait modes, beside a loop. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INode } from 'n8n-workflow';
import { loopOfAllItems } from '../support/loops';
import type { WorkflowJson } from '../support/n8n/client';
import { isFinished } from '../support/n8n/execution';
import { alephWorkflow, sourceOf } from '../support/workflow';
import { cpuSeconds } from './cpu';
import { times, type Part, type PartOptions, type Row } from './part';
import { newAccount, spreadOrders, withWorld, type World } from './world';

const COUNT = 300;

/** The account's limits, which the simulator keeps. */
const LIMITS = { rateLimit: 20, concurrency: 30 };
const WINDOW_SECONDS = 10;

/** Seconds. */
const SHORTEST = 15;
const LONGEST = 25;

/** For HTTP Request: no more than run at once, if they take as long as expected. */
const BATCHING = { batchSize: 12, batchInterval: 11_000 };

/** Seconds between two looks at what the execution does. */
const LOOK_SECONDS = 1;

interface Way {
	name: string;
	build: (source: INode[], baseUrl: string) => WorkflowJson;
}

const WAYS: Way[] = [
	{ name: 'Runway Aleph, "Poll"', build: (source) => alephWorkflow(source, 'poll') },
	{ name: 'Runway Aleph, "Sleep"', build: (source) => alephWorkflow(source, 'sleep') },
	{
		name: 'HTTP Request, Wait and IF in a loop',
		build: (source, url) => loopOfAllItems(source, url, BATCHING),
	},
];

export const large: Part = {
	compares: `${COUNT} tasks in one execution. The API runs ${LIMITS.concurrency} at once and accepts ${LIMITS.rateLimit} new ones in ${WINDOW_SECONDS} s, and tasks take ${SHORTEST} to ${LONGEST} s. In the ideal case, each task starts as soon as both limits allow. A loop of n8n's own nodes can't tell that the API is full, so its "Batching" option needs careful tuning: ${BATCHING.batchSize} items every ${BATCHING.batchInterval / 1000} s. "Awake" is the share of time that the execution is running rather than stored in n8n's database. "Refused" counts requests over a limit, which cost nothing. "CPU time" is that of n8n's main process, minus an idle one's. Each method has its own n8n instance, and all run at the same time.

Not every callback wakes a sleeping execution, so slots freed by finished tasks stay empty for a few seconds. The longer tasks take, the less this matters. Most of the CPU time with "Sleep" goes to callbacks, because n8n loads the execution for each one.`,
	run: async (options) => {
		const figures = await Promise.all(WAYS.map(async (way) => await measure(way, options)));
		return figures.map(row);
	},
};

interface Figures {
	name: string;
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

async function measure(
	{ name, build }: Way,
	{ packageTarball, progress }: PartOptions,
): Promise<Figures> {
	return await withWorld(
		{ packageTarball },
		async (world) => {
			const { client, n8n, simulator } = world;
			const orders = spreadOrders(name, 0, COUNT, { shortest: SHORTEST, longest: LONGEST });
			const built = build(sourceOf(orders), simulator.url);
			const id = await client.importWorkflow(built, [await newAccount(world, randomUUID())]);
			const idle = await idleCpu(world, id);
			progress(`${name} starts`);
			const before = await cpuSeconds(n8n.pid);
			await client.runManually(id);
			const { awake, seconds } = await watch(world, id);
			const cpu = (await cpuSeconds(n8n.pid)) - before - idle * seconds;
			progress(`${name} has ended`);
			const tasks = simulator.tasks();
			const [execution] = await client.listExecutions({ workflowId: id });
			const { generate, requestsPerTask } = simulator.stats();
			if (tasks.length !== COUNT || execution?.status !== 'success') {
				throw new Error(`${name}: ${tasks.length} tasks, ${execution?.status}`);
			}
			return {
				name,
				took: (Number(execution.stoppedAt) - tasks[0]!.createdAt) / 1000,
				ideal: idealOf(tasks.map(({ createdAt, endsAt }) => (endsAt - createdAt) / 1000)),
				awake,
				requestsPerTask,
				refused: generate.refusedByRate + generate.refusedByConcurrency,
				cpuPerTask: cpu / COUNT,
			};
		},
		{ ...LIMITS, credits: 1_000_000 },
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

/** Seconds until the last has ended, if each starts as early as both limits allow. */
function idealOf(durations: number[]): number {
	const starts: number[] = [];
	const running: number[] = [];
	let end = 0;
	for (const duration of durations) {
		const byRate = (starts[starts.length - LIMITS.rateLimit] ?? -Infinity) + WINDOW_SECONDS;
		const free = running.length < LIMITS.concurrency ? 0 : running.sort((a, b) => a - b).shift()!;
		const start = Math.max(0, byRate, free);
		starts.push(start);
		running.push(start + duration);
		end = Math.max(end, start + duration);
	}
	return end;
}

function row(figures: Figures): Row {
	const { name, took, ideal, awake, requestsPerTask, refused, cpuPerTask } = figures;
	return {
		Method: name,
		'Time vs. ideal': times(took / ideal),
		'Time (s)': took.toFixed(0),
		Awake: `${(awake * 100).toFixed(0)} %`,
		'Requests per task': requestsPerTask.toFixed(1),
		Refused: String(refused),
		'CPU time per task (ms)': (cpuPerTask * 1000).toFixed(0),
	};
}
