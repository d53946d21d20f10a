/**
 * What this process remembers of the batches of its executions. n8n may wake an execution with an older
 * state than the one that it stored last: while it waits for a free slot, it wakes the same execution once
 * a minute, each time with what it read by then. The newest state counts.
 */
import type { Batch } from '../batch/state';

interface Remembered {
	batch: Batch;
	forgetAt: number;
}

const batches = new Map<string, Remembered>();

const MEMORY_MS = 60 * 60_000;

/** @param node the ID of the node: an execution may have several that sleep */
export function remember(node: string, batch: Batch, now: number): void {
	for (const [key, { forgetAt }] of batches) if (forgetAt < now) batches.delete(key);
	batches.set(keyOf(node, batch), { batch, forgetAt: now + MEMORY_MS });
}

/** The newest state of the batch that this process knows, which may be the one that n8n has brought. */
export function newestOf(node: string, batch: Batch): Batch {
	const known = batches.get(keyOf(node, batch))?.batch;
	return known && known.revision > batch.revision ? known : batch;
}

function keyOf(node: string, { executionId, runIndex }: Batch): string {
	return `${executionId} ${runIndex} ${node}`;
}
