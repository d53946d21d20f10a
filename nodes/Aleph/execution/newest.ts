/**
 * What this process knows better than n8n's database, which holds an older state of an execution in two
 * cases. While an execution that is due waits for a free slot, n8n wakes it again once a minute, each time
 * with what it has stored by then; and when such a wake gets its slot, that replaces what has been stored
 * since. And at its start n8n takes for crashed what it has just woken, and stores that with what it was
 * before.
 *
 * The first comes only after a wake that was late, the other only to a process that has just started. So
 * that is when the newest is remembered.
 */
import { clock } from '../api/clock';
import type { Batch, Sleep } from '../batch/state';
import type { Execution, StoredRun } from '../n8n';

interface Newest {
	batch: Batch;
	/** Whether the node runs, and goes on changing the batch. */
	isAwake: boolean;
	/** When it woke, fell asleep or ended. */
	since: number;
	/** What n8n has stored, or will: it goes on changing it, also behind this node. */
	run: StoredRun;
}

const newest = new Map<string, Newest>();

const MEMORY_MS = 60 * 60_000;

/** n8n's timers are exact to a few milliseconds; a slot that is not free costs seconds. */
const LATE_MS = 1_000;

/** n8n rests 10 s after a crash before it looks for what has crashed. */
const START_MS = 5 * 60_000;

/** After that, n8n has stored what it was to store; and whoever is awake longer has died unseen. */
const SETTLED_MS = 60_000;
const LONGEST_AWAKE_MS = 10 * 60_000;

const startedAt = clock.now();

/**
 * Whether this run must give nothing, as a newer one has gone on behind this node: n8n then keeps what that
 * one has stored. If the newer one sleeps in this node, its batch counts.
 */
export async function isStaleWake(execution: Execution): Promise<boolean> {
	const known = newest.get(keyOf(execution));
	const batch = storedBatch(execution);
	if (!known || known.batch.revision <= (batch?.revision ?? -1)) {
		const isStarting = clock.now() < startedAt + START_MS;
		if (batch?.sleep && (known || isStarting || isLate(batch.sleep)))
			remember(execution, batch, true);
		return false;
	}
	if (known.batch.sleep) {
		execution.stored.batch = known.batch;
		return false;
	}
	await execution.restore(known.run);
	return true;
}

/** What this run has stored; undefined if it runs for the first time. */
export function storedBatch({ stored, id, runIndex }: Execution): Batch | undefined {
	const batch = stored.batch as Batch | undefined;
	// Both IDs may be absent, and the batch with them.
	const isOwn = batch && batch.executionId === id && batch.runIndex === runIndex;
	return isOwn ? batch : undefined;
}

/** The batch is about to be stored. */
export function noteNewest(execution: Execution, batch: Batch): void {
	if (newest.has(keyOf(execution))) remember(execution, batch, false);
}

/**
 * What a retry takes over from another execution that slept when it was stored: the newest that is known of
 * it. Null if that one still runs, or may be stored at any moment as asleep.
 */
export function newestOf(stored: Batch, { node }: Execution): Batch | null {
	const { executionId, runIndex, revision, sleep } = stored;
	const known = newest.get(keyOf({ id: executionId, runIndex, node }));
	if (!known || (!known.isAwake && known.batch.revision <= revision)) return stored;
	if (clock.now() < known.since + (known.isAwake ? LONGEST_AWAKE_MS : SETTLED_MS)) return null;
	// Nobody has seen how it ended.
	return { ...known.batch, sleep };
}

function isLate({ wokenAt, wakeAt }: Sleep): boolean {
	return clock.now() > (wokenAt ?? wakeAt) + LATE_MS;
}

function remember(execution: Execution, batch: Batch, isAwake: boolean): void {
	const now = clock.now();
	for (const [key, { since }] of newest) if (since + MEMORY_MS < now) newest.delete(key);
	newest.set(keyOf(execution), { batch, isAwake, since: now, run: execution.run });
}

function keyOf({ id, runIndex, node }: Pick<Execution, 'id' | 'runIndex' | 'node'>): string {
	return `${id} ${runIndex} ${node.id}`;
}
