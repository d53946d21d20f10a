/** Callbacks per second through the Runway Aleph Trigger, beside n8n's own Webhook node. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { INode } from 'n8n-workflow';
import type { WorkflowJson } from '../support/n8n/client';
import { triggerWorkflow, webhookNode, workflow } from '../support/workflow';
import { cell, median, times, type Part, type PartOptions, type Row } from './part';
import { callbackOf, endedTasks, newAccount, withWorld, type World } from './world';

const CONNECTIONS = 20;
const CALLBACKS = 100;
/** The one before them is to warm up. */
const ROUNDS = 4;

/** A header that every callback has, and one contender checks. */
const SECRET = { name: 'x-secret', value: 'known to the provider' };

/** Spares n8n the isolates for expressions that nobody needs. */
const LAZY = 'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true';

const VERIFYING = 'Runway Aleph Trigger, "Verify with API" on';

/** A published workflow that consists of a trigger. */
interface Contender {
	name: string;
	/** The environment variable that its n8n has. */
	setting: string;
	world: World;
	workflowId: string;
	url: string;
	rounds: Round[];
}

interface Round {
	/** Callbacks per second, until the last is answered. */
	answered: number;
	/** Callbacks per second, until the last execution has ended as well. */
	executed: number;
	/** Milliseconds from a callback to its answer. */
	patience: number;
}

export const trigger: Part = {
	compares: `Compares a workflow that contains only the Runway Aleph Trigger with one that contains only n8n's Webhook node, set to respond immediately. Both get the same ${CALLBACKS} callbacks, each for a different task, over ${CONNECTIONS} connections. The figures are medians of ${ROUNDS} rounds, taken in turn. "Executions per second" counts until the last execution has ended. Deduplication is on. With "Verify with API" on, each callback needs an API request, which the node deliberately limits to 50 per second and account.

By default, n8n sets up an isolate for expressions for each webhook (except its own Webhook node's) and each execution, even if there's no expression. That takes most of the time. To increase throughput, set \`${LAZY}\`: n8n then sets up an isolate only if there's an expression. In queue mode, n8n splits the work between webhook processors and workers. That isn't measured here.`,
	inShort: (rows) =>
		`the trigger, which checks each callback with the API, takes ${cell(rows, VERIFYING, 'Callbacks per second')} callbacks per second, ${cell(rows, VERIFYING, 'Compared with Webhook')} what n8n's own Webhook node takes.`,
	run: async (options) =>
		await withContenders(
			'',
			options,
			async (usual) =>
				await withContenders(LAZY, options, async (lazy) => {
					const contenders = [...usual, ...lazy];
					for (let round = 0; round <= ROUNDS; round++) {
						options.progress(round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`);
						// Each is first as often as the others.
						for (let turn = 0; turn < contenders.length; turn++) {
							const contender = contenders[(round + turn) % contenders.length]!;
							const measured = await measure(contender);
							if (round > 0) contender.rounds.push(measured);
						}
					}
					return contenders.map((contender) => row(contender, contenders[0]!));
				}),
		),
};

/** A fresh n8n with an environment variable more. */
async function withContenders(
	setting: string,
	{ packageTarball }: PartOptions,
	use: (contenders: Contender[]) => Promise<Row[]>,
): Promise<Row[]> {
	const [variable = '', value = ''] = setting.split('=');
	const env = setting ? { [variable]: value } : {};
	return await withWorld(
		{ packageTarball, env },
		async (world) => await use(await publish(world, setting)),
	);
}

async function publish(world: World, setting: string): Promise<Contender[]> {
	const credentials = [
		await newAccount(world, 'trigger'),
		await world.client.createCredential('Header', 'httpHeaderAuth', SECRET),
	];
	const add = async (name: string, built: WorkflowJson, path: string): Promise<Contender> => {
		const workflowId = await world.client.importWorkflow(built, credentials);
		await world.client.activate(workflowId);
		const url = `${world.n8n.url}/webhook/${path}`;
		return { name, setting, world, workflowId, url, rounds: [] };
	};
	const addTrigger = async (name: string, verifyWithApi: boolean) => {
		const built = triggerWorkflow({ verifyWithApi });
		return await add(name, built.workflow, built.path);
	};
	const addWebhook = async (name: string, webhook: INode) =>
		await add(name, workflow(name, [webhook]), webhook.webhookId!);
	const webhook = await addWebhook('Webhook (n8n)', webhookNode('open'));
	const verifying = await addTrigger(VERIFYING, true);
	if (setting) return [webhook, verifying];
	return [
		webhook,
		await addWebhook('Webhook (n8n) with "Header Auth"', guarded(webhookNode('guarded'))),
		await addTrigger('Runway Aleph Trigger, "Verify with API" off', false),
		verifying,
	];
}

/** Like the trigger, it has to look into a credential. */
function guarded(webhook: INode): INode {
	const parameters = { ...webhook.parameters, authentication: 'headerAuth' };
	return { ...webhook, parameters, credentials: { httpHeaderAuth: { id: '', name: '' } } };
}

async function measure({ world, url, workflowId }: Contender): Promise<Round> {
	const taskIds = await endedTasks(world, CALLBACKS);
	const began = performance.now();
	const rate = () => taskIds.length / ((performance.now() - began) / 1000);
	const patience = median(await deliver(url, taskIds));
	const answered = rate();
	await waitUntilIdle(world, workflowId);
	return { answered, executed: rate(), patience };
}

/** Gives how many milliseconds each took. */
async function deliver(url: string, taskIds: string[]): Promise<number[]> {
	const httpAgent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
	const headers = { [SECRET.name]: SECRET.value };
	const queue = [...taskIds];
	const durations: number[] = [];
	const connection = async () => {
		for (let taskId = queue.shift(); taskId !== undefined; taskId = queue.shift()) {
			const began = performance.now();
			await axios.post(url, callbackOf(taskId), { httpAgent, headers, proxy: false });
			durations.push(performance.now() - began);
		}
	};
	try {
		await Promise.all(Array.from({ length: CONNECTIONS }, connection));
	} finally {
		httpAgent.destroy();
	}
	return durations;
}

/** What one contender has left to do must not burden the next. */
async function waitUntilIdle({ client }: World, workflowId: string): Promise<void> {
	const status = ['new' as const, 'running' as const];
	while ((await client.listExecutions({ workflowId, status })).length > 0) await sleep(50);
}

function row({ name, setting, rounds }: Contender, reference: Contender): Row {
	const beside = rounds.map(({ answered }, n) => answered / reference.rounds[n]!.answered);
	return {
		Trigger: name,
		'n8n setting': setting && `\`${setting}\``,
		'Compared with Webhook': times(median(beside)),
		'Callbacks per second': median(rounds.map(({ answered }) => answered)).toFixed(0),
		'Executions per second': median(rounds.map(({ executed }) => executed)).toFixed(0),
		'Response time (ms)': median(rounds.map(({ patience }) => patience)).toFixed(0),
	};
}
