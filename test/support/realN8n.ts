/** Set-up shared by the end-to-end tests: a simulator, and a real n8n with the packed package. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionStatus, IDataObject, INodeParameters } from 'n8n-workflow';
import { startSimulator, type Settings, type Simulator } from '../simulator';
import type { Credential, N8nClient, WorkflowJson } from './n8n/client';
import { outputOf, type Execution } from './n8n/execution';
import { startN8n, type N8nServer } from './n8n/server';
import { poll, type Patience } from './poll';
import { NODE, TRIGGER, triggerWorkflow, workflowOf, type WorkflowSetup } from './workflow';

export interface World {
	simulator: Simulator;
	n8n: N8nServer;
	client: N8nClient;
	credential: Credential;
}

type Env = Record<string, string>;

/** How the simulator is, unless a test says otherwise. */
export const PROVIDER: Partial<Settings> = {
	duration: 2,
	credits: 1_000_000,
	// A machine may be slow: who hangs up and calls again would make it slower, and who gives up would not be heard.
	callbackTimeout: 240,
	callbackRetries: 10,
};

/**
 * One n8n and one simulator for all tests of a file. What a test sets is undone after it.
 * @param env environment variables of n8n
 */
export function useN8n(
	settings: Partial<Settings> = {},
	env: Env | ((simulator: Simulator) => Env | Promise<Env>) = {},
): World {
	const world = {} as World;
	let initial: Settings;
	beforeAll(async () => {
		world.simulator = await startSimulator({ ...PROVIDER, ...settings });
		initial = structuredClone(world.simulator.settings);
		world.n8n = await startN8n({
			copyOf: process.env.N8N_PREPARED_FOLDER,
			env: typeof env === 'function' ? await env(world.simulator) : env,
		});
		world.client = await world.n8n.signIn();
		world.credential = await newCredential(world);
	}, 600_000);
	afterEach(() => Object.assign(world.simulator.settings, initial));
	afterAll(async () => {
		// First, so that no more callbacks come.
		await world.simulator?.close();
		await world.n8n?.stop();
	});
	return world;
}

/**
 * Ends n8n, and starts it again with what it has stored. Gives what it has logged so far.
 * @param env the environment variables that it was started with
 */
export async function restart(
	world: Pick<World, 'n8n' | 'client'>,
	end: 'shutDown' | 'kill',
	env: Env = {},
): Promise<string> {
	const { n8n } = world;
	await n8n[end]();
	const { userFolder, port } = n8n;
	world.n8n = await startN8n({ userFolder, port, env });
	world.client = await world.n8n.signIn();
	return n8n.logs();
}

let accounts = 0;

/** A credential with a key of its own, since pacing is shared by key. */
export async function newCredential(
	world: World,
	fields: Record<string, unknown> = {},
): Promise<Credential> {
	accounts++;
	const data = accountOn(world, { apiKey: `key-${accounts}`, ...fields });
	return await world.client.createCredential(`Account ${accounts}`, 'alephApi', data);
}

/** What a credential for the simulator says. */
export function accountOn(
	{ simulator: { url } }: Pick<World, 'simulator'>,
	fields: Record<string, unknown>,
): Record<string, unknown> {
	return { provider: 'custom', api: 'jobs', baseUrl: url, uploadUrl: url, ...fields };
}

const ENDED: ExecutionStatus[] = ['success', 'error', 'crashed'];

/** Gives the id of a workflow that starts by itself. */
export async function publish(
	{ client, credential }: Pick<World, 'client' | 'credential'>,
	workflow: WorkflowJson,
	account = credential,
): Promise<string> {
	const id = await client.importWorkflow(workflow, [account]);
	await client.activate(id);
	return id;
}

/** The executions of a workflow that starts by itself, once as many as expected have ended. */
export async function executionsOf(
	{ client }: Pick<World, 'client'>,
	workflowId: string,
	count = 1,
	patience: Patience = {},
): Promise<Execution[]> {
	const list = async () => await client.listExecutions({ workflowId, status: ENDED });
	const ended = await poll(list, ({ length }) => length >= count, patience);
	return await Promise.all(ended.map(async ({ id }) => await client.execution(id)));
}

/** A published workflow of the trigger alone. */
export async function publishTrigger(
	world: Pick<World, 'client' | 'credential'>,
	parameters: INodeParameters = {},
) {
	const { workflow, path } = triggerWorkflow(parameters);
	return { workflowId: await publish(world, workflow), path };
}

/** The items that a trigger has given so far, once as many executions as expected have ended. */
export async function triggeredItems(
	{ client }: Pick<World, 'client'>,
	workflowId: string,
	expected: number,
): Promise<IDataObject[]> {
	const list = async () => await client.listExecutions({ workflowId, status: ENDED });
	// Rarely, as each look costs n8n time.
	await poll(list, ({ length }) => length >= expected, { interval: 1_000 });
	// For one too many, which may come a moment later.
	await sleep(1_000);
	const executions = await Promise.all(
		(await list()).map(async ({ id }) => await client.execution(id)),
	);
	return executions.flatMap((execution) => outputOf(execution, TRIGGER).map(({ json }) => json));
}

/** Imports the workflow, runs it as the editor does, and gives its end. */
export async function runWorkflow(
	{ client, credential }: World,
	setup: WorkflowSetup,
	account = credential,
): Promise<Execution> {
	const id = await client.importWorkflow(workflowOf(setup), [account]);
	return await client.waitForExecution(await client.runManually(id));
}

/** What came out of a node, without files and pairing. */
export function itemsOf(execution: Execution, output = 0, node = NODE): IDataObject[] {
	return outputOf(execution, node, output).map(({ json }) => json);
}

export function statusesOf(execution: Execution): unknown[] {
	return itemsOf(execution).map(({ status }) => status);
}
