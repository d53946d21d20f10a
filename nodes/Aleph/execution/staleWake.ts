/**
 * Wakes with an older state than the newest. While an execution that is due waits for a free slot, n8n
 * wakes it again once a minute, each time with what it has stored by then; and when such a wake gets its
 * slot, that replaces what has been stored since. Only this process can tell, and knows better.
 *
 * Such wakes come only after one that was late. So that is when the newest is remembered.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { clock } from '../api/clock';
import type { Batch } from '../batch/state';
import { restoreRun, runIndexOf, runOf, storedContextOf, type StoredRun } from '../n8n';

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
export async function isStaleWake(ctx: IExecuteFunctions): Promise<boolean> {
	const known = newest.get(keyOf(ctx));
	const stored = storedContextOf(ctx).batch as Batch | undefined;
	// n8n's agents give their executions no ID.
	const isCurrent = stored !== undefined && stored.executionId === ctx.getExecutionId();
	const revision = isCurrent && stored.runIndex === runIndexOf(ctx) ? stored.revision : -1;
	if (!known || known.batch.revision <= revision) {
		if (isCurrent && isLate(stored)) remember(ctx, stored);
		return false;
	}
	if (known.batch.sleep) {
		storedContextOf(ctx).batch = known.batch;
		return false;
	}
	await restoreRun(ctx, known.run);
	return true;
}

/** The batch is about to be stored. */
export function noteNewest(ctx: IExecuteFunctions, batch: Batch): void {
	if (newest.has(keyOf(ctx))) remember(ctx, batch);
}

function isLate({ sleep }: Batch): boolean {
	return sleep !== undefined && clock.now() > (sleep.wokenAt ?? sleep.wakeAt) + LATE_MS;
}

function remember(ctx: IExecuteFunctions, batch: Batch): void {
	const now = clock.now();
	for (const [key, { forgetAt }] of newest) if (forgetAt < now) newest.delete(key);
	newest.set(keyOf(ctx), { batch, run: runOf(ctx), forgetAt: now + MEMORY_MS });
}

function keyOf(ctx: IExecuteFunctions): string {
	return `${ctx.getExecutionId()} ${runIndexOf(ctx)} ${ctx.getNode().id}`;
}
