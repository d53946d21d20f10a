/** What a part measures in: a fresh n8n with the package installed, and a simulator. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionStatus } from 'n8n-workflow';
import { startSimulator, type Settings, type Simulator } from '../simulator';
import type { Credential, N8nClient } from '../support/n8n/client';
import { startN8n, type N8nOptions, type N8nServer } from '../support/n8n/server';
import { startTask, type Order } from '../support/tasks';

export interface World {
	simulator: Simulator;
	n8n: N8nServer;
	client: N8nClient;
}

/** For an account that needs no limits of its own: what is measured is n8n. */
const WITHOUT_LIMITS: Partial<Settings> = {
	rateLimit: 1_000_000,
	concurrency: 1_000_000,
	credits: 1_000_000_000,
};

/** For `generateRate`: as much as the node allows. */
export const HIGHEST_RATE = 1_000;

/** Starts both, and ends them whatever `use` does. */
export async function withWorld<T>(
	options: N8nOptions,
	use: (world: World) => Promise<T>,
	settings: Partial<Settings> = WITHOUT_LIMITS,
): Promise<T> {
	const simulator = await startSimulator(settings);
	try {
		const n8n = await startN8n(options);
		try {
			return await use({ simulator, n8n, client: await n8n.signIn() });
		} finally {
			await n8n.stop();
		}
	} finally {
		await simulator.close();
	}
}

/** An account of its own on the simulator: the nodes pace their requests by account. */
export async function newAccount(
	{ client, simulator }: World,
	apiKey: string,
): Promise<Credential> {
	return await client.createCredential(apiKey, 'alephApi', {
		apiKey,
		provider: 'custom',
		api: 'jobs',
		baseUrl: simulator.url,
		uploadUrl: simulator.url,
	});
}

interface Range {
	shortest: number;
	longest: number;
}

/** The nth duration of a range. The golden ratio spreads any number of them evenly, and mixes them. */
export function spread(n: number, { shortest, longest }: Range): number {
	return shortest + (longest - shortest) * (((n + 1) * 0.618034) % 1);
}

/** What to generate, of tasks that take so many seconds. */
export function spreadOrders(name: string, first: number, count: number, range: Range): Order[] {
	return Array.from({ length: count }, (_, n) => {
		const duration = spread(first + n, range);
		const prompt = `${name}: ${n} [duration=${duration.toFixed(3)}]`;
		return { prompt, videoUrl: 'https://example.com/video.mp4' };
	});
}

/** The ids of tasks that the API knows, and that have ended. */
export async function endedTasks({ simulator }: World, count: number): Promise<string[]> {
	const order = { prompt: 'A callback [duration=0]' };
	const tasks = Array.from({ length: count }, () => startTask(simulator, order, 'trigger'));
	return await Promise.all(tasks);
}

/** What the provider sends when the task has ended. */
export function callbackOf(taskId: string) {
	const result_video_url = `https://example.com/${taskId}.mp4`;
	return { code: 200, msg: 'All generated successfully.', data: { result_video_url }, taskId };
}

/** Resolves once the workflow has `count` executions of this status. */
export async function waitForExecutions(
	{ client }: World,
	workflowId: string,
	status: ExecutionStatus,
	count: number,
): Promise<void> {
	while ((await client.listExecutions({ workflowId, status: [status] })).length !== count) {
		const [failed] = await client.listExecutions({ workflowId, status: ['error', 'crashed'] });
		if (failed) throw new Error(await reasonOf(client, failed.id));
		// Rarely, as each look costs n8n time.
		await sleep(500);
	}
}

async function reasonOf(client: N8nClient, executionId: string): Promise<string> {
	const { error } = await client.execution(executionId);
	return `An execution has failed: ${error?.message}. ${error?.description ?? ''}`;
}
