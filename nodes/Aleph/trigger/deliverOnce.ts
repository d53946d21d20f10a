/**
 * Deduplication: the provider may deliver a task several times, but it starts the workflow once.
 *
 * A task counts as delivered once n8n has started the workflow for it. n8n tells no node of that, but
 * it stores the static data of a request, and answers it, only after the start (since 2.8). If the start
 * fails, it stores nothing and answers 500: then the next delivery has its turn.
 *
 * What has been delivered is kept in n8n's static data, which survives a restart. Each request gets
 * its own copy of that from the database, so this process also remembers: without that, deliveries
 * at the same instant would not know of each other, and the last to be stored would undo the rest.
 */
import type { IWebhookFunctions } from 'n8n-workflow';
import { statusOfAnswer, storeOnceStarted } from '../n8n';

/**
 * The newest tasks that are remembered for each node: a thousand, and room for older ones, which a
 * request brings back with a copy from before others were stored.
 */
const REMEMBERED = 1_500;

interface Memory {
	/** Oldest first. */
	delivered: Set<string>;
	/** By task: ends when n8n has answered the request that deals with it. */
	underway: Map<string, Promise<void>>;
}

const memories = new Map<string, Memory>();

/**
 * Lets `deliver` decide about a task, unless it has been delivered; then gives null.
 * @param deliver gives what to do, and whether that is to start the workflow
 */
export async function deliverOnce<T extends { starts: boolean }>(
	ctx: IWebhookFunctions,
	taskId: string,
	deliver: () => Promise<T>,
): Promise<T | null> {
	const memory = recall(ctx);
	while (memory.underway.has(taskId)) await memory.underway.get(taskId);
	if (memory.delivered.has(taskId)) return null;
	let starts = false;
	const underway = statusOfAnswer(ctx).then((status) => {
		memory.underway.delete(taskId);
		if (starts && status === 200) remember(memory, taskId);
	});
	memory.underway.set(taskId, underway);
	const outcome = await deliver();
	({ starts } = outcome);
	if (starts) {
		// The list is made in the moment of storing it, with all that other requests have started as well.
		storeOnceStarted(ctx, 'delivered', () => {
			remember(memory, taskId);
			return [...memory.delivered];
		});
	}
	return outcome;
}

function recall(ctx: IWebhookFunctions): Memory {
	const key = `${ctx.getWorkflow().id}/${ctx.getNode().id}`;
	let memory = memories.get(key);
	if (!memory) {
		memory = { delivered: new Set(), underway: new Map() };
		memories.set(key, memory);
	}
	// Another process may have delivered tasks as well.
	const { delivered = [] } = ctx.getWorkflowStaticData('node') as { delivered?: string[] };
	for (const taskId of delivered) memory.delivered.add(taskId);
	return memory;
}

function remember({ delivered }: Memory, taskId: string): void {
	delivered.add(taskId);
	for (const oldest of delivered) {
		if (delivered.size <= REMEMBERED) break;
		delivered.delete(oldest);
	}
}
