/** What sleeping executions hold of n8n's memory, beside executions that poll. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { ExecutionStatus, INodeParameters } from 'n8n-workflow';
import { alephNode, chain, NODE, polling, webhookNode } from '../support/workflow';
import { COLLECTS_GARBAGE, settledMemory } from './memory';
import { cell, times, type Part, type PartOptions, type Row } from './part';
import { HIGHEST_RATE, newAccount, waitForExecutions, withWorld, type World } from './world';

interface Load {
	title: string;
	count: number;
	waitMode: 'sleep' | 'poll';
	/** What becomes of the executions for as long as it is measured. */
	status: ExecutionStatus;
}

const LOADS: Load[] = [
	{ title: '200 asleep ("Sleep")', count: 200, waitMode: 'sleep', status: 'waiting' },
	{ title: '50 polling ("Poll")', count: 50, waitMode: 'poll', status: 'running' },
];

/**
 * Executions that have ended before the first measurement. It takes about as many until n8n has
 * given back what it needed for its start.
 */
const WARM_UP = 200;

export const sleeping: Part = {
	compares: `Resident memory of n8n's main process when idle, after garbage collection. "Before" is after ${WARM_UP} executions have ended; "During" is while more executions, with one task each, are waiting. Each row uses a fresh n8n instance. n8n can release startup memory at any time, which can outweigh what's measured: a row that ends lower than it began counts as 0. The memory that a polling execution holds is n8n's own: an isolate for expressions, kept for as long as the execution runs.`,
	inShort: (rows) =>
		`an execution that sleeps takes ${cell(rows, LOADS[0]!.title, 'Each (MB)')} MB of n8n's memory, one that polls ${cell(rows, LOADS[1]!.title, 'Each (MB)')} MB.`,
	run: async (options) => {
		const measured: Array<{ load: Load; memory: Memory }> = [];
		for (const load of LOADS) {
			options.progress(load.title);
			measured.push({ load, memory: await measure(load, options) });
		}
		const polling = measured.find(({ load }) => load.waitMode === 'poll')!;
		return measured.map(({ load, memory }) =>
			row(load, memory, perExecution(polling.load, polling.memory)),
		);
	},
};

/** Megabytes. */
interface Memory {
	before: number;
	during: number;
}

async function measure(load: Load, { packageTarball }: PartOptions): Promise<Memory> {
	const n8nOptions = { packageTarball, env: COLLECTS_GARBAGE };
	return await withWorld(n8nOptions, async (world) => {
		const { pid } = world.n8n;
		await warmUp(world);
		const before = await settledMemory(pid);
		await start(world, { waitMode: load.waitMode }, load);
		return { before, during: await settledMemory(pid) };
	});
}

/** Runs executions that need not wait for their tasks, which makes them short. */
async function warmUp(world: World): Promise<void> {
	const parameters = { waitForCompletion: false };
	await start(world, parameters, { title: 'Warm-up', count: WARM_UP, status: 'success' });
}

/** Starts as many executions, and resolves once they have come as far as they come. */
async function start(
	world: World,
	waiting: INodeParameters,
	{ title, count, status }: Pick<Load, 'title' | 'count' | 'status'>,
): Promise<void> {
	const { client, n8n, simulator } = world;
	const path = randomUUID();
	const node = alephNode(NODE, 'aleph', {
		...polling,
		prompt: 'An hour of snow [duration=3600]',
		options: { generateRate: HIGHEST_RATE, timeout: 24 * 60 },
		...waiting,
	});
	const built = chain(title, [webhookNode(path), node]);
	const workflowId = await client.importWorkflow(built, [await newAccount(world, randomUUID())]);
	await client.activate(workflowId);
	const tasks = simulator.tasks().length + count;
	for (let started = 0; started < count; started++) await axios.post(`${n8n.url}/webhook/${path}`);
	// One that runs may not have started its task yet.
	while (simulator.tasks().length < tasks) await sleep(100);
	await waitForExecutions(world, workflowId, status, count);
}

function perExecution({ count }: Load, { before, during }: Memory): number {
	return Math.max(0, during - before) / count;
}

function row(load: Load, memory: Memory, perPolling: number): Row {
	const each = perExecution(load, memory);
	return {
		Executions: load.title,
		'Each vs. polling': times(each / perPolling),
		'Each (MB)': each.toFixed(1),
		'Before (MB)': memory.before.toFixed(0),
		'During (MB)': memory.during.toFixed(0),
	};
}
