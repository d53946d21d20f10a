/**
 * What this process knows better than n8n's database of the runs of a node. That may hold an older state:
 *
 * - While an execution that is due waits for a free slot, n8n wakes it again once a minute, each time with
 *   what it has stored by then; and when such a wake gets its slot, that replaces what was stored since.
 * - At its start n8n takes for crashed what it has just woken, and stores that as it was before.
 * - A retry begins with what the execution had stored, though an earlier retry may have gone on from there.
 *
 * The first comes only after a wake that was late, or with callbacks: n8n's own timer rings although one has
 * woken it. The second comes only to a process that has just started. So of the others nothing is kept once
 * they sleep or have ended.
 */
import { NodeOperationError, type INodeExecutionData } from 'n8n-workflow';
import { clock } from '../api/clock';
import { isCalling, type Batch } from '../batch/state';
import type { Execution, Snapshot } from '../n8n';

interface Entry {
	/** The newest; while the node runs, it goes on changing. After that without its files. */
	batch: Batch;
	/** Whether the node runs. */
	isAwake: boolean;
	/** When it began to run, or stopped. */
	since: number;
	/** When to forget it, though not while the node runs. */
	keptUntil: number;
	/** While the node runs and a while after its end: what n8n is to store, and goes on changing behind it. */
	snapshot?: Snapshot;
	/** Milliseconds after its end. All that the execution has may be large. */
	snapshotFor: number;
}

/** A retry shares the entry of the execution that it goes on from. Tools never sleep, and have none. */
const entries = new Map<string, Entry>();

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long to keep what is known of a run: the batch from its beginning on, the snapshot from its end on. */
interface Keeping {
	batch: number;
	snapshot: number;
}

const NOT: Keeping = { batch: 0, snapshot: 0 };

/** A wake that waits for a slot comes in with an old state this much later, at the most. */
const IF_LATE: Keeping = { batch: HOUR, snapshot: 10 * MINUTE };

/** Such a wake waits for the slot of the run itself. */
const WITH_CALLBACKS: Keeping = { batch: HOUR, snapshot: MINUTE };

/** A user may see what n8n has marked at night in the morning. */
const FOR_RETRY: Keeping = { batch: 24 * HOUR, snapshot: 10 * MINUTE };

/** As late as a wake is that had to wait. Those between two looks of n8n are as well, and are kept in vain. */
const HELD_UP_MS = 1_000;

/** By then n8n has looked for what has crashed. */
const START_MS = 5 * MINUTE;

/** By then n8n has stored that the execution sleeps; or what is behind the node has ended, as a rule. */
const SETTLED_MS = { asleep: MINUTE, ended: 3 * MINUTE };

/** An execution that has not woken by then was stopped. */
const OVERDUE_MS = 5 * MINUTE;

const startedAt = clock.now();

/**
 * Runs the node: if it has just woken, with the newest batch. If a newer run goes on, or has gone on behind
 * this node, it gives no items and does not run: n8n then keeps what that one stores.
 */
export async function withNewest(
	execution: Execution,
	run: (woken: Batch | undefined) => Promise<INodeExecutionData[]>,
): Promise<INodeExecutionData[]> {
	const newest = await takeNewest(execution);
	if (newest === null) return [];
	try {
		return await run(newest.woken);
	} finally {
		leave(execution);
	}
}

async function takeNewest(execution: Execution): Promise<{ woken?: Batch } | null> {
	forgetOld();
	const now = clock.now();
	const entry = ownEntry(execution);
	if (entry?.isAwake) {
		keep(entry, now, IF_LATE);
		// Should n8n be killed meanwhile, it goes on from here.
		await execution.putToSleep(new Date(Date.now() + MINUTE));
		return null;
	}
	const stored = storedBatch(execution);
	const newer = entry && entry.batch.revision > (stored?.revision ?? -1) ? entry.batch : undefined;
	if (newer && !newer.sleep && entry?.snapshot) {
		await execution.restore(entry.snapshot);
		return null;
	}
	// Nodes in front of this one run again, and may give other items: so it begins again, and knows which it has.
	if (newer && !stored) {
		execution.stored.batch = { ...newer, attempts: newer.attempts - 1 };
		return {};
	}
	if (newer) execution.stored.batch = newer;
	const batch = newer ?? stored;
	if (!batch?.sleep) return {};
	begin(entry, execution, batch, keepingOf(batch, now));
	return { woken: batch };
}

/** What n8n has stored of this run; undefined if it runs for the first time. */
function storedBatch({ stored, id, runIndex }: Execution): Batch | undefined {
	const batch = stored.batch as Batch | undefined;
	// Both IDs may be absent, and the batch with them.
	const isOwn = batch && batch.executionId === id && batch.runIndex === runIndex;
	return isOwn ? batch : undefined;
}

/** Undefined if a retry has gone on from this execution. */
function ownEntry(execution: Execution): Entry | undefined {
	const entry = entries.get(keyOf(execution));
	return entry?.batch.executionId === execution.id ? entry : undefined;
}

/** n8n may come with an older state of a run that wakes now. */
function keepingOf({ sleep, items }: Batch, now: number): Keeping {
	if (now < startedAt + START_MS) return FOR_RETRY;
	if (sleep && now > (sleep.wokenAt ?? sleep.wakeAt) + HELD_UP_MS) return IF_LATE;
	return items.some(isCalling) ? WITH_CALLBACKS : NOT;
}

function keep(entry: Entry, now: number, { batch, snapshot }: Keeping): void {
	entry.keptUntil = Math.max(entry.keptUntil, now + batch);
	entry.snapshotFor = Math.max(entry.snapshotFor, snapshot);
}

/** Gives the entry of the run that begins, which goes on from that of `earlier`. */
function begin(
	earlier: Entry | undefined,
	execution: Execution,
	batch: Batch,
	keeping: Keeping,
): Entry {
	const since = clock.now();
	const begun = { batch, isAwake: true, since, snapshot: execution.snapshot };
	const entry: Entry = Object.assign(earlier ?? { keptUntil: 0, snapshotFor: 0 }, begun);
	keep(entry, since, keeping);
	entries.set(keyOf(execution), entry);
	return entry;
}

/** The node has stopped running: the execution sleeps, or the items come out, or an error. */
function leave(execution: Execution): void {
	const entry = ownEntry(execution);
	if (!entry) return;
	entry.isAwake = false;
	entry.since = clock.now();
	entry.batch = withoutFiles(entry.batch);
	if (entry.batch.sleep) delete entry.snapshot;
	if (entry.keptUntil <= entry.since) entries.delete(keyOf(execution));
	else if (entry.snapshot)
		AbortSignal.timeout(entry.snapshotFor + 1).addEventListener('abort', forgetOld);
}

/** n8n may hold files in memory. These can be downloaded again. */
function withoutFiles(batch: Batch): Batch {
	const items = batch.items.map((item) =>
		item.state === 'completed' ? { ...item, files: undefined } : item,
	);
	return { ...batch, items };
}

/**
 * A run begins that goes on from an earlier one: Retry On Fail, or a retry from the executions list. Gives its
 * batch. Throws a NodeOperationError if that one still runs, or may.
 * @param goOn makes the batch from the newest that is known of the earlier run, or of another retry of it
 */
export function takeOver(
	execution: Execution,
	earlier: Batch,
	goOn: (newest: Batch) => Batch,
): Batch {
	const { executionId, runIndex } = earlier;
	const key = keyOf({ id: executionId, runIndex, node: execution.node });
	const entry = entries.get(key);
	const isRetryOnFail = executionId === execution.id;
	const batch = goOn(isRetryOnFail || !entry ? earlier : newestOf(entry, earlier, execution));
	// Nothing has to be remembered of Retry On Fail but what is already, nor of tools.
	if (!execution.isTool && (entry || !isRetryOnFail)) {
		entries.set(key, begin(entry, execution, batch, isRetryOnFail ? NOT : FOR_RETRY));
	}
	return batch;
}

/**
 * A run begins of which nothing is known. If the execution has slept before, n8n may wake it again with what it
 * had stored then: before this node has run.
 */
export function remember(execution: Execution, batch: Batch): void {
	const { isTool, hasSlept } = execution;
	if (!isTool && hasSlept()) begin(undefined, execution, batch, IF_LATE);
}

function newestOf(entry: Entry, stored: Batch, execution: Execution): Batch {
	const { executionId, revision, sleep } = stored;
	const isOther = entry.batch.executionId !== executionId;
	const isNewer = isOther || entry.isAwake || entry.batch.revision > revision;
	if (!isNewer) return stored;
	if (entry.isAwake || clock.now() < goneAt(entry, isOther))
		throw isOther ? retryStillRunning(execution, entry) : stillRunning(execution, entry);
	// Of one that was overwritten, nobody has seen how it ended.
	return { ...entry.batch, sleep };
}

function stillRunning({ node, stopEvenSo }: Execution, { batch }: Entry): NodeOperationError {
	stopEvenSo();
	return new NodeOperationError(node, 'The crashed execution is still running', {
		description: `Nothing was sent. n8n has resumed execution ${batch.executionId}. If it is still marked as crashed in a few minutes, retry it again.`,
	});
}

function retryStillRunning({ node, stopEvenSo }: Execution, entry: Entry): NodeOperationError {
	stopEvenSo();
	const { executionId, sleep } = entry.batch;
	const ifStopped = sleep
		? `, or until ${new Date(goneAt(entry, true)).toISOString()} if you have stopped it`
		: '';
	return new NodeOperationError(node, 'Another retry of this execution is still running', {
		description: `Nothing was sent. Execution ${executionId} goes on with the same items. Wait until it has ended${ifStopped}.`,
	});
}

/** From when on a run that sleeps or has ended goes on no more, though n8n may not say so. */
function goneAt({ batch, since }: Entry, isRetry: boolean): number {
	const { sleep } = batch;
	if (isRetry) return sleep ? sleep.wakeAt + OVERDUE_MS : since;
	return since + (sleep ? SETTLED_MS.asleep : SETTLED_MS.ended);
}

function forgetOld(): void {
	const now = clock.now();
	for (const [key, entry] of entries) {
		if (entry.isAwake) continue;
		if (entry.since + entry.snapshotFor < now) delete entry.snapshot;
		if (entry.keptUntil < now) entries.delete(key);
	}
}

/** By the node's name, as n8n's own context of a node. */
function keyOf({ id, runIndex, node }: Pick<Execution, 'id' | 'runIndex' | 'node'>): string {
	return `${id} ${runIndex} ${node.name}`;
}
