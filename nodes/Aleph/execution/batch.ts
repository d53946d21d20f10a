/** The batch of a run: resumed when the execution wakes, begun anew, or taken over from an earlier run. */
import { NodeOperationError, type INode } from 'n8n-workflow';
import type { Client } from '../api/client';
import { clock } from '../api/clock';
import { awoke } from '../batch/events';
import type { Job } from '../batch/job';
import { retryBatch } from '../batch/retry';
import {
	isSuccess,
	newBatch,
	VERSION,
	type Batch,
	type ItemState,
	type Terms,
} from '../batch/state';
import { badInputError, type ItemRef } from '../items/errors';
import { providerOf } from '../items/output';
import type { Execution } from '../n8n';
import { markAwake } from './callbacks';
import { newestOf, takeOver } from './newest';

/**
 * n8n waits half a minute for its executions when it is stopped, and for a worker a little less. An
 * execution that sleeps by then loses nothing.
 */
export const LONGEST_AWAKE_MS = 15_000;

/** The execution has just woken with this batch. */
export function resumeBatch(execution: Execution, batch: Batch): Batch {
	checkVersion(execution, batch);
	const now = clock.now();
	awoke(batch, markAwake(batch.executionId, batch.sleep!, now), now);
	return batch;
}

/**
 * The batch of a run that begins: with what an earlier run for the same items has paid for, if there was
 * one. Throws a NodeError if the node stops on errors and an item's input is bad.
 */
export async function beginBatch(
	execution: Execution,
	client: Client,
	jobs: Job[],
	sleeps: boolean,
): Promise<Batch> {
	const { id: executionId, node, runIndex, isTool, stopsOnError, stored } = execution;
	// What is wrong with the credential is told before anything is sent; by each item if the node goes on.
	const provider = await providerOf(client, stopsOnError);
	const now = clock.now();
	const items = withSharedTerms(await Promise.all(jobs.map(async (job) => await job.initial(now))));
	const deadline = execution.deadline();
	const fresh = newBatch({ executionId, runIndex, sleeps, stopsOnError, deadline, items });
	const key = isTool ? callKey(items) : 'batch';
	const earlier = earlierBatch(execution, stored[key] as Batch | undefined);
	if (!earlier && stopsOnError) checkInput(items, { node, provider });
	const isRetryOnFail = earlier?.executionId === executionId && !isTool;
	const again = { isRetryOnFail, maxAttempts: attemptsOf(node) };
	const batch = earlier ? retryBatch(earlier, fresh, again, now) : fresh;
	stored[key] = batch;
	if (earlier && !isTool) takeOver(execution, earlier, batch);
	return batch;
}

/**
 * Where the batch of a tool is stored. An agent calls a tool several times in one execution, at once or one
 * after the other, and may come back to what it has asked for before.
 */
function callKey(items: ItemState[]): string {
	return `call ${items.map(({ requestHash, inputHash }) => requestHash ?? inputHash).join()}`;
}

function checkInput(items: ItemState[], about: Omit<ItemRef, 'itemIndex'>): void {
	items.forEach((item, itemIndex) => {
		if (item.state === 'failed') throw badInputError({ ...about, itemIndex }, item);
	});
}

/** What an earlier run for the same items has left, if there was one. Throws if it must not be continued. */
function earlierBatch(execution: Execution, batch: Batch | undefined): Batch | null {
	if (!batch) return null;
	const { id, runIndex, isTool } = execution;
	// A tool that is called again for what has ended well is to do it again, but not by a retry of it all.
	const isSameRun = isTool
		? batch.executionId !== id || !batch.items.every(isSuccess)
		: batch.runIndex === runIndex;
	if (!isSameRun) return null;
	checkVersion(execution, batch);
	return batch.executionId === id ? batch : newestOf(batch, execution);
}

function checkVersion({ node, stopEvenSo }: Execution, batch: Batch): void {
	if (batch.version <= VERSION) return;
	stopEvenSo();
	throw new NodeOperationError(
		node,
		'This execution was started with a newer version of Runway Aleph',
		{
			description:
				'Nothing was sent. Install that version again, then retry the execution: its tasks are not lost.',
		},
	);
}

/** As n8n reads Retry On Fail. */
function attemptsOf({ retryOnFail, maxTries = 3 }: INode): number {
	return retryOnFail ? Math.min(5, Math.max(2, maxTries)) : 1;
}

/** Items with the same terms share one object, which n8n then stores once. */
function withSharedTerms(items: ItemState[]): ItemState[] {
	const known = new Map<string, Terms>();
	return items.map((item) => {
		const key = JSON.stringify(item.terms);
		const terms = known.get(key) ?? item.terms;
		known.set(key, terms);
		return { ...item, terms };
	});
}
