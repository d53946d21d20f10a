/** Many callbacks at once on a machine that has no time for them, beside n8n's own Webhook node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { INodeParameters } from 'n8n-workflow';
import { triggerWorkflow, webhookNode, workflow } from '../support/workflow';
import { cell, mean, times, type Part, type PartOptions, type Row } from './part';
import { callbackOf, endedTasks, newAccount, withWorld, type World } from './world';

const CALLBACKS = 100;

/** Processes that do nothing but use the processor. */
const SPINNING = 4;

/** The provider's: how long it waits for an answer, and then until the next try. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 1_000;

/** More than any provider makes: the benchmark shows how many it takes. */
const MOST_TRIES = 6;

const TRIGGER = 'Runway Aleph Trigger';

const LAZY = 'N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true';

interface Contender {
	name: string;
	world: World;
	workflowId: string;
	url: string;
}

interface Outcome {
	/** Until the last callback is answered with 200. */
	seconds: number;
	/** Of each callback; one more than the most if it was never delivered. */
	tries: number[];
	executions: number;
}

export const burst: Part = {
	compares: `${CALLBACKS} callbacks at the same moment, each for a different task, beside ${SPINNING} processes that use all the processor they get. Like a provider, the sender hangs up after ${PATIENCE_MS / 1000} s without an answer, and sends the callback again ${PAUSE_MS / 1000} s later, up to ${MOST_TRIES} times (a provider gives up after 3). Compares a workflow that contains only the Runway Aleph Trigger with one that contains only n8n's Webhook node, set to respond immediately. Measured once. "Time" is until the last callback is answered with 200. "Executions" counts how often the workflow started for the ${CALLBACKS} callbacks.`,
	inShort: (rows) => {
		const lazy = rows.filter((each) => each['n8n setting']);
		const figure = (some: Row[]) =>
			`${cell(some, TRIGGER, 'Compared with Webhook')} what n8n's Webhook node takes, ${cell(some, TRIGGER, 'Tries per callback')} tries per callback`;
		return `${CALLBACKS} callbacks at once on a starved machine take ${figure(rows)}; with \`${LAZY}\`, ${figure(lazy)}.`;
	},
	run: async (options) => {
		const usual = await withContenders('', options);
		const lazy = await withContenders(LAZY, options);
		const [webhook] = usual;
		return [...usual, ...lazy].map((measured) => row(measured, webhook!));
	},
};

interface Measured extends Outcome {
	name: string;
	setting: string;
}

/** Each on the same fresh n8n with an environment variable more. */
async function withContenders(
	setting: string,
	{ packageTarball, progress }: PartOptions,
): Promise<Measured[]> {
	const [variable = '', value = ''] = setting.split('=');
	const env = setting ? { [variable]: value } : {};
	return await withWorld({ packageTarball, env }, async (world) => {
		const all: Measured[] = [];
		for (const contender of await publish(world, setting)) {
			const { name } = contender;
			progress(`${name} ${setting}`);
			all.push({ name, setting, ...(await measure(contender)) });
		}
		return all;
	});
}

async function publish(world: World, setting: string): Promise<Contender[]> {
	const { client, n8n } = world;
	const credentials = [await newAccount(world, 'trigger')];
	const add = async (name: string, built: ReturnType<typeof triggerWorkflow>) => {
		const workflowId = await client.importWorkflow(built.workflow, credentials);
		await client.activate(workflowId);
		return {
			name,
			setting,
			world,
			workflowId,
			url: `${n8n.url}/webhook/${built.path}`,
		};
	};
	const addTrigger = async (name: string, parameters: INodeParameters = {}) =>
		await add(`${TRIGGER}${name}`, triggerWorkflow(parameters));
	const open = { workflow: workflow('Webhook', [webhookNode('open')]), path: 'open' };
	const webhook = await add('Webhook (n8n)', open);
	const trigger = await addTrigger('');
	if (setting) return [webhook, trigger];
	return [
		webhook,
		trigger,
		await addTrigger(', "Verify with API" off', { verifyWithApi: false }),
		await addTrigger(', "Deduplicate" off', { deduplicate: false }),
	];
}

async function measure({ world, url, workflowId }: Contender): Promise<Outcome> {
	// The first of all is to warm up.
	for (const taskId of await endedTasks(world, 5)) await deliver(url, taskId);
	const taskIds = await endedTasks(world, CALLBACKS);
	const before = await countExecutions(world, workflowId);
	const { seconds, tries } = await whileStarved(async () => {
		const began = performance.now();
		const all = await Promise.all(taskIds.map(async (taskId) => await deliver(url, taskId)));
		return { seconds: (performance.now() - began) / 1000, tries: all };
	});
	const executions = (await countExecutions(world, workflowId)) - before;
	return { seconds, tries, executions };
}

/** Gives how many tries it took. */
async function deliver(url: string, taskId: string): Promise<number> {
	for (let tries = 1; tries <= MOST_TRIES; tries++) {
		const asked = axios.post(url, callbackOf(taskId), { proxy: false, timeout: PATIENCE_MS });
		const isDelivered = await asked.then(
			() => true,
			() => false,
		);
		if (isDelivered) return tries;
		await sleep(PAUSE_MS);
	}
	return MOST_TRIES + 1;
}

/** Once none runs any more, so that what is left to do does not burden the next. */
async function countExecutions({ client }: World, workflowId: string): Promise<number> {
	const status = ['new' as const, 'running' as const];
	while ((await client.listExecutions({ workflowId, status })).length > 0) await sleep(500);
	return (await client.listExecutions({ workflowId })).length;
}

async function whileStarved<T>(work: () => Promise<T>): Promise<T> {
	// Each in a session of its own: Linux may share the processor out by session.
	const options = { stdio: 'ignore', detached: true } as const;
	const spinning = Array.from({ length: SPINNING }, () =>
		spawn(process.execPath, ['-e', 'for (;;);'], options),
	);
	const end = () => {
		for (const each of spinning) each.kill('SIGKILL');
	};
	process.once('exit', end);
	try {
		for (const each of spinning) if (each.pid === undefined) await once(each, 'spawn');
		return await work();
	} finally {
		end();
		process.off('exit', end);
	}
}

function row({ name, setting, seconds, tries, executions }: Measured, webhook: Outcome): Row {
	const most = Math.max(...tries);
	return {
		Trigger: name,
		'n8n setting': setting && `\`${setting}\``,
		'Compared with Webhook': times(seconds / webhook.seconds),
		'Time (s)': seconds.toFixed(0),
		'Tries per callback': mean(tries).toFixed(1),
		'Most tries': most > MOST_TRIES ? `over ${MOST_TRIES}` : String(most),
		Executions: String(executions),
	};
}
