/**
 * n8n with one place for executions, which is taken for two minutes while others sleep. Each minute n8n wakes
 * those that are due once more, and each wake goes on later with what was stored when it began to wait.
 */
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import Fastify from 'fastify';
import type { INode } from 'n8n-workflow';
import type { Execution } from '../support/n8n/execution';
import { poll } from '../support/poll';
import { executionsOf, itemsOf, newCredential, publish, useN8n } from '../support/realN8n';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	NODE,
	ownNode,
	sleeping,
	webhookNode,
} from '../support/workflow';

/** Four videos at once, of which nobody tells: the executions wake by time. */
const world = useN8n(
	{ duration: 5, rateLimit: 1_000, concurrency: 4, callbacks: false },
	{ N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' },
);

const tasksWith = (text: string) => tasksOf(world, text);

/** Counts how often a node has run. */
const counter = Fastify();
const counted: string[] = [];

function countNode(name: string): INode {
	const { port } = counter.server.address() as { port: number };
	const url = `http://127.0.0.1:${port}/${encodeURIComponent(name)}`;
	return { ...ownNode(name, 'httpRequest', 4.2, { url }), executeOnce: true };
}

const runsOf = (name: string) => counted.filter((each) => each === name).length;

/** Starts a workflow by its webhook. Gives its id. */
async function start(name: string, nodes: INode[]): Promise<string> {
	const path = randomUUID();
	const workflow = chain(name, [webhookNode(path), ...nodes]);
	const id = await publish(world, workflow, await newCredential(world));
	await axios.post(`${world.n8n.url}/webhook/${path}`);
	return id;
}

async function untilAsleep(workflowId: string): Promise<void> {
	await poll(async () => {
		const asleep = await world.client.listExecutions({ workflowId, status: ['waiting'] });
		return asleep.length === 1;
	});
}

/** n8n looks at least twice meanwhile for what is due. */
const TWO_MINUTES = [1, 2].map((minute) =>
	ownNode(`Minute ${minute}`, 'wait', 1.1, { amount: 60, unit: 'seconds' }),
);

describe('an execution that is due while another takes the only place for two minutes', () => {
	const ended: Record<string, Execution> = {};

	beforeAll(async () => {
		counter.get('/:name', (request) => {
			counted.push((request.params as { name: string }).name);
			return {};
		});
		await counter.listen({ port: 0, host: '127.0.0.1' });

		const inWaves = (name: string, items: Array<{ prompt: string }>) => [
			itemsNode(items),
			alephNode(NODE, 'aleph', sleeping),
			countNode(`Behind ${name}`),
		];
		const workflows = {
			Uncalled: inWaves(
				'Uncalled',
				prompts(8, (n) => `Uncalled ${n}`),
			),
			Called: inWaves(
				'Called',
				prompts(8, (n) => `Called ${n} [callbacks=true] [duration=15]`),
			),
			Row: [
				itemsNode(prompts(3, (n) => `Row ${n}`)),
				alephNode('First', 'aleph', sleeping),
				countNode('Between'),
				ownNode('Three', 'code', 2, { jsCode: "return $('First').all();" }),
				alephNode('Second', 'aleph', { ...sleeping, prompt: '={{ $json.prompt }}, again' }),
				countNode('Behind Row'),
			],
		};
		const started = await Promise.all(
			Object.entries(workflows).map(async ([name, nodes]) => {
				const id = await start(name, nodes);
				await untilAsleep(id);
				return [name, id] as const;
			}),
		);
		await start('Blocker', TWO_MINUTES);
		for (const [name, id] of started) {
			[ended[name]] = (await executionsOf(world, id, 1, { timeout: 600_000 })) as [Execution];
		}
	}, 800_000);
	afterAll(async () => await counter.close());

	it.each([
		['nobody calls', 'Uncalled', 8],
		['the provider calls', 'Called', 8],
	])('pays for nothing twice, and gives all videos, if %s', (_, name, count) => {
		const execution = ended[name]!;
		expect(execution.error).toBeUndefined();
		const tasks = tasksWith(name);
		expect(tasks).toHaveLength(count);
		expect(itemsOf(execution)).toMatchObject(
			tasks.map(({ taskId }) => ({ taskId, status: 'success' })),
		);
		expect(runsOf(`Behind ${name}`)).toBe(1);
	});

	it('with two nodes in a row pays for nothing twice, and runs what is between and behind once', () => {
		const execution = ended.Row!;
		expect(execution.error).toBeUndefined();
		expect(tasksWith('Row').map(({ request }) => request.prompt)).toEqual(
			[0, 1, 2].flatMap((n) => [`Row ${n}`, `Row ${n}, again`]),
		);
		const statuses = itemsOf(execution, 0, 'Second').map(({ status }) => status);
		expect(statuses).toEqual(Array(3).fill('success'));
		expect([runsOf('Between'), runsOf('Behind Row')]).toEqual([1, 1]);
	});
});
