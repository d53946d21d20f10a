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
import { clock } from '../api/clock';
import { statusOfAnswer, storeOnceStarted } from '../n8n';

/**
 * The newest tasks that are remembered for each node: a thousand, and room for older ones, which a
 * request brings back with a copy from before others were stored.
 */
const REMEMBERED = 1_500;

/** How long a delivery waits for another one of its task. The provider waits 15 s for an answer. */
const PATIENCE_MS = 10_000;

/** n8n may never answer a request; so long after it came, it is in nobody's way. */
const LONGEST_MS = 5 * 60_000;

interface Underway {
	since: number;
	/** Resolves when n8n has answered the request that deals with the task. */
	ended: Promise<void>;
}

interface Memory {
	/** Oldest first. */
	delivered: Set<string>;
	/** By task. */
	underway: Map<string, Underway>;
}

const memories = new Map<string, Memory>();

/**
 * Lets `deliver` decide about a task, unless it has been delivered before, or another delivery of it takes
 * too long.
 * @param deliver gives what to do, and whether that is to start the workflow
 */
export async function deliverOnce<T extends { starts: boolean }>(
	ctx: IWebhookFunctions,
	taskId: string,
	deliver: () => Promise<T>,
): Promise<T | 'delivered' | 'underway'> {
	const memory = recall(ctx);
	if (!(await isFree(memory, taskId))) return 'underway';
	if (memory.delivered.has(taskId)) return 'delivered';
	let starts = false;
	const ended = statusOfAnswer(ctx).then((status) => {
		if (memory.underway.get(taskId) === own) memory.underway.delete(taskId);
		if (starts && status === 200) remember(memory, taskId);
	});
	const own: Underway = { since: clock.now(), ended };
	memory.underway.set(taskId, own);
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

/** Waits until no other delivery of the task is under way, but not for ever. */
async function isFree({ underway }: Memory, taskId: string): Promise<boolean> {
	const until = clock.now() + PATIENCE_MS;
	for (;;) {
		const other = underway.get(taskId);
		const now = clock.now();
		if (!other || now >= other.since + LONGEST_MS) return true;
		if (now >= until) return false;
		await clock.pause(until - now, undefined, other.ended);
	}
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
