/** Waiting for a batch of tasks: the node's two wait modes, beside loops of n8n's own nodes. */
import { randomUUID } from 'node:crypto';
import type { INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from '../n8n/client';
import type { TaskView } from '../simulator';
import { LOOP_SECONDS, loopOfAllItems, loopOverItems } from './loops';
import { mean, times, type Part, type Row } from './part';
import { alephNode, ownNode, workflow } from './workflow';
import { HIGHEST_RATE, newAccount, waitForExecutions, withWorld, type World } from './world';

const BATCH = 10;
const LARGE_BATCH = 100;
/** Seconds; the tasks of a batch are spread evenly between them. */
const SHORTEST = 20;
const LONGEST = 40;

type Build = (source: INode[], baseUrl: string) => WorkflowJson;

const WAYS: Record<string, Build> = {
	'Runway Aleph, "Poll"': (source) => alephWorkflow(source, 'poll'),
	'Runway Aleph, "Callback"': (source) => alephWorkflow(source, 'callback'),
	'HTTP Request, Wait and IF in a loop': loopOfAllItems,
};

const SEQUENTIAL = 'The same in Loop Over Items, one by one';

export const waiting: Part = {
	compares: `A batch of tasks of ${SHORTEST} to ${LONGEST} s, waited for by the node's two wait modes and by loops of n8n's own nodes that wait ${LOOP_SECONDS} s between two looks; the same n8n and simulator, without limits of the account. The first three run one after another; the last, which takes minutes, beside them, with an account of its own. "Requests" are generate and record-info; the ideal is that the batch takes as long as its longest task; a task is noticed when it is first looked at after its end.`,
	run: async ({ packageTarball, full, progress }) =>
		await withWorld({ packageTarball }, async (world) => {
			progress(`${BATCH} tasks, one by one, beside all the following`);
			const sequential = measure(world, SEQUENTIAL, loopOverItems, BATCH);
			// Until it is awaited, its failure must not end the process.
			sequential.catch(() => {});
			const measured: Figures[] = [];
			for (const count of full ? [BATCH, LARGE_BATCH] : [BATCH]) {
				for (const [name, build] of Object.entries(WAYS)) {
					progress(`${count} tasks, ${name}`);
					measured.push(await measure(world, name, build, count));
				}
			}
			progress('the rest of those one by one');
			measured.push(await sequential);
			return measured.map((figures) => row(figures, loopOf(measured, figures.count)));
		}),
};

interface Figures {
	name: string;
	count: number;
	requestsPerTask: number;
	/** Seconds from the first task's start until the execution has ended. */
	wallTime: number;
	/** Seconds. */
	longestTask: number;
	/** Seconds from a task's end until it is looked at, on average. */
	noticedAfter: number;
}

async function measure(world: World, name: string, build: Build, count: number): Promise<Figures> {
	const { client, simulator } = world;
	const batch = `${name}, ${count} tasks`;
	const built = build(source(batch, count), simulator.url);
	const workflowId = await client.importWorkflow(built, [await newAccount(world, randomUUID())]);
	await client.runManually(workflowId);
	await waitForExecutions(world, workflowId, 'success', 1);
	const [execution] = await client.listExecutions({ workflowId });
	const tasks = simulator.tasks().filter(({ request }) => request.prompt.startsWith(batch));
	if (tasks.length !== count) throw new Error(`${batch} has started ${tasks.length}`);

	const start = Math.min(...tasks.map(({ createdAt }) => createdAt));
	return {
		name,
		count,
		requestsPerTask: 1 + mean(tasks.map(({ reads }) => reads)),
		wallTime: (Number(execution?.stoppedAt) - start) / 1000,
		longestTask: Math.max(...tasks.map(({ createdAt, endsAt }) => endsAt - createdAt)) / 1000,
		noticedAfter: mean(noticing(world, tasks)),
	};
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

/** Start -> Items: what to generate, with durations that neither rise nor fall along the batch. */
function source(batch: string, count: number): INode[] {
	const items = Array.from({ length: count }, (_, n) => {
		const place = (7 * n) % count;
		const duration = SHORTEST + ((LONGEST - SHORTEST) * place) / (count - 1);
		return {
			prompt: `${batch}: ${n} [duration=${duration}]`,
			videoUrl: 'https://example.com/v.mp4',
		};
	});
	const jsCode = `return ${JSON.stringify(items.map((json) => ({ json })))};`;
	return [ownNode('Start', 'manualTrigger', 1), ownNode('Items', 'code', 2, { jsCode })];
}

function alephWorkflow(source: INode[], waitMode: string): WorkflowJson {
	const parameters: INodeParameters = {
		prompt: '={{ $json.prompt }}',
		videoUrl: '={{ $json.videoUrl }}',
		waitMode,
		options: { generateRate: HIGHEST_RATE },
	};
	return workflow(waitMode, [...source, alephNode('Runway Aleph', 'aleph', parameters)], {
		Start: ['Items'],
		Items: ['Runway Aleph'],
	});
}

/** What the others of the same size are compared with. */
function loopOf(measured: Figures[], count: number): Figures {
	const name = Object.keys(WAYS).at(-1);
	return measured.find((figures) => figures.name === name && figures.count === count)!;
}

function row(figures: Figures, loop: Figures): Row {
	const { name, count, requestsPerTask, wallTime, longestTask, noticedAfter } = figures;
	return {
		Way: name,
		Tasks: String(count),
		'Time beside the ideal': times(wallTime / longestTask),
		'Time (s)': wallTime.toFixed(1),
		'Requests beside the loop': times(requestsPerTask / loop.requestsPerTask),
		'Requests per task': requestsPerTask.toFixed(1),
		'Noticed after (s)': noticedAfter.toFixed(1),
	};
}
