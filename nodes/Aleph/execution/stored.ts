/** The batch that n8n has stored with an execution. */
import type { Batch } from '../batch/state';
import type { Execution } from '../n8n';

/** What this run has stored; undefined if it runs for the first time. */
export function storedBatch({ stored, id, runIndex }: Execution): Batch | undefined {
	const batch = stored.batch as Batch | undefined;
	// Both IDs may be absent, and the batch with them.
	const isOwn = batch && batch.executionId === id && batch.runIndex === runIndex;
	return isOwn ? batch : undefined;
}
