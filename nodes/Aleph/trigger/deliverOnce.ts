/**
 * The provider hangs up on an answer that takes too long, and sends the callback again. What is under way
 * goes on all the same, so that its work is not lost: what comes again waits for it, and does none of its own.
 * Otherwise a machine that is too busy to answer in time would have more to do with each try.
 *
 * With deduplication a task starts the workflow once, however often its callbacks come; without it, each
 * callback does, but not one that comes again only because nobody heard the answer.
 *
 * A task counts as delivered once n8n has started the workflow for it. n8n tells no node of that, but
 * it stores the static data of a request, and answers it, only after the start (since 2.8). If the start
 * fails, it stores nothing and answers 500: then the next delivery has its turn.
 *
 * What has been delivered is kept in n8n's static data, which survives a restart. Each request gets
 * its own copy of that from the database, so this process also remembers: without that, deliveries
 * at the same instant would not know of each other, and the last to be stored would undo the rest.
 */
import { createHash } from 'crypto';
import type { INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';
import type { Rejection } from '../api/callback';
import { clock } from '../api/clock';
import { answerOf, hangUp, hasHungUp, storeOnceStarted } from '../n8n';

/** The newest tasks that are stored for each node: a thousand, and room for those of another process. */
const STORED = 1_500;

/** More, as a request may come with a copy from before others were stored: what is in it must not pass for new. */
const REMEMBERED = 2 * STORED;

/** How long a delivery waits for another one: as long as the provider waits for its answer. */
const PATIENCE_MS = 15_000;

/** n8n may never answer a request; so long after the node has done its part, it is in nobody's way. */
const LONGEST_MS = 5 * 60_000;

interface Underway {
	/** When the node had done its part. */
	since: number;
	/** Whether its caller will not hear the answer. */
	isUnheard: () => boolean;
	/** Resolves when n8n has answered the request. */
	ended: Promise<void>;
}

interface Memory {
	/** Tasks, the oldest first. */
	delivered: Set<string>;
	/** Callbacks that have started the workflow, but whose caller had hung up; the oldest first. */
	unheard: Set<string>;
	/** By task, or without deduplication by callback. */
	underway: Map<string, Underway>;
}

const memories = new Map<string, Memory>();

/** What to do about a callback: start the workflow with an item, reject it, or acknowledge it. */
export interface Delivery {
	item?: INodeExecutionData;
	rejection?: Rejection;
}

const DELIVERED: Delivery = {};
const UNDERWAY: Delivery = {
	rejection: { code: 503, msg: 'Another callback for this task is being handled' },
};

/**
 * Lets `deliver` decide about a task, unless it has been delivered before, or another delivery of it takes
 * too long.
 */
export async function deliverOnce(
	ctx: IWebhookFunctions,
	taskId: string,
	deliver: () => Promise<Delivery>,
): Promise<Delivery> {
	const memory = recall(ctx);
	// Nothing may be awaited between the last look and the beginning: others look in the same moment.
	for (let other; (other = inTheWay(memory, taskId));) {
		if (!(await outlasts(ctx, other))) return UNDERWAY;
	}
	if (memory.delivered.has(taskId)) return DELIVERED;
	const onStart = () => remember(memory.delivered, taskId);
	const outcome = await begin(ctx, memory, { key: taskId, deliver, onStart });
	if (outcome.item) {
		// The list is made in the moment of storing it, with all that other requests have started as well.
		storeOnceStarted(ctx, 'delivered', () => {
			remember(memory.delivered, taskId);
			return [...memory.delivered].slice(-STORED);
		});
	}
	return outcome;
}

/** Lets `deliver` decide about each callback, unless it comes again because nobody heard the answer. */
export async function deliverEach(
	ctx: IWebhookFunctions,
	deliver: () => Promise<Delivery>,
): Promise<Delivery> {
	const memory = recall(ctx);
	const callback = createHash('sha256').update(JSON.stringify(ctx.getBodyData())).digest('hex');
	// n8n may hand over the one that came first as the second.
	const comesAgain = (other: Underway) => other.isUnheard() || hasHungUp(ctx);
	for (let other; (other = inTheWay(memory, callback)) && comesAgain(other);) {
		if (!(await outlasts(ctx, other))) return UNDERWAY;
	}
	if (memory.unheard.has(callback)) {
		void answerOf(ctx).then(({ isHeard }) => {
			if (isHeard) memory.unheard.delete(callback);
		});
		return DELIVERED;
	}
	const onStart = (isHeard: boolean) => {
		if (!isHeard) remember(memory.unheard, callback);
	};
	return await begin(ctx, memory, { key: callback, deliver, onStart });
}

interface Dealing {
	/** Of the task or callback. */
	key: string;
	deliver: () => Promise<Delivery>;
	/** Called when n8n has started the workflow. */
	onStart: (isHeard: boolean) => void;
}

async function begin(
	ctx: IWebhookFunctions,
	{ underway }: Memory,
	{ key, deliver, onStart }: Dealing,
): Promise<Delivery> {
	let starts = false;
	const ended = answerOf(ctx).then(({ status, isHeard }) => {
		if (underway.get(key) === own) underway.delete(key);
		if (starts && status === 200) onStart(isHeard);
	});
	const own: Underway = { since: Infinity, isUnheard: () => hasHungUp(ctx), ended };
	underway.set(key, own);
	const outcome = await deliver().finally(() => (own.since = clock.now()));
	starts = outcome.item !== undefined;
	return outcome;
}

function inTheWay({ underway }: Memory, key: string): Underway | undefined {
	const other = underway.get(key);
	return other && clock.now() < other.since + LONGEST_MS ? other : undefined;
}

/** Waits for the end of another delivery. False if that takes too long, or the caller hangs up meanwhile. */
async function outlasts(ctx: IWebhookFunctions, other: Underway): Promise<boolean> {
	let hasEnded = false;
	const ended = other.ended.then(() => {
		hasEnded = true;
	});
	await clock.pause(PATIENCE_MS, undefined, Promise.race([ended, hangUp(ctx)]));
	return hasEnded && !hasHungUp(ctx);
}

function recall(ctx: IWebhookFunctions): Memory {
	const key = `${ctx.getWorkflow().id}/${ctx.getNode().id}`;
	let memory = memories.get(key);
	if (!memory) {
		memory = { delivered: new Set(), unheard: new Set(), underway: new Map() };
		memories.set(key, memory);
	}
	// Another process may have delivered tasks as well.
	const { delivered = [] } = ctx.getWorkflowStaticData('node') as { delivered?: string[] };
	for (const taskId of delivered) memory.delivered.add(taskId);
	return memory;
}

function remember(keys: Set<string>, key: string): void {
	keys.add(key);
	for (const oldest of keys) {
		if (keys.size <= REMEMBERED) break;
		keys.delete(oldest);
	}
}
