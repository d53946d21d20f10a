/**
 * Wakes with an older state than the newest. While an execution that is due waits for a free slot, n8n
 * wakes it again once a minute, each time with what it has stored by then; and when such a wake gets its
 * slot, that replaces what has been stored since. Only this process can tell, and knows better.
 *
 * Such wakes come only after one that was late. So that is when the newest is remembered.
 */
import { clock } from '../api/clock';
import type { Batch } from '../batch/state';
import type { Execution, StoredRun } from '../n8n';

interface Newest {
	batch: Batch;
	/** What n8n has stored, or will: it goes on changing it, also behind this node. */
	run: StoredRun;
	forgetAt: number;
}

const newest = new Map<string, Newest>();

const MEMORY_MS = 60 * 60_000;

/** n8n's timers are exact to a few milliseconds; a slot that is not free costs seconds. */
const LATE_MS = 1_000;

/**
 * Whether this run must give nothing, as a newer one has gone on behind this node: n8n then keeps what that
 * one has stored. If the newer one sleeps in this node, its batch counts.
 */
export async function isStaleWake(execution: Execution): Promise<boolean> {
	const known = newest.get(keyOf(execution));
	const batch = storedBatch(execution);
	if (!known || known.batch.revision <= (batch?.revision ?? -1)) {
		if (batch && isLate(batch)) remember(execution, batch);
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
	if (newest.has(keyOf(execution))) remember(execution, batch);
}

function isLate({ sleep }: Batch): boolean {
	return sleep !== undefined && clock.now() > (sleep.wokenAt ?? sleep.wakeAt) + LATE_MS;
}

function remember(execution: Execution, batch: Batch): void {
	const now = clock.now();
	for (const [key, { forgetAt }] of newest) if (forgetAt < now) newest.delete(key);
	newest.set(keyOf(execution), { batch, run: execution.run, forgetAt: now + MEMORY_MS });
}

function keyOf({ id, runIndex, node }: Execution): string {
	return `${id} ${runIndex} ${node.id}`;
}
