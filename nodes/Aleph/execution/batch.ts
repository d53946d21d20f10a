/** The batch of a run: resumed when the execution wakes, begun anew, or taken over from an earlier run. */
import { createHash } from 'crypto';
import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import type { Client } from '../api/client';
import { clock } from '../api/clock';
import { awoke } from '../batch/events';
import type { Job } from '../batch/job';
import { newBatch, retryBatch } from '../batch/retry';
import { isSuccess, VERSION, type Batch, type ItemState, type Terms } from '../batch/state';
import { badInputError } from '../items/errors';
import { endOfExecution, isTool, runIndexOf, storedContextOf } from '../n8n';
import { markAwake, wasResumed } from './callbacks';
import { noteNewest } from './staleWake';

/**
 * n8n waits half a minute for its executions when it is stopped, and for a worker a little less. An
 * execution that sleeps by then loses nothing.
 */
export const LONGEST_AWAKE_MS = 15_000;

/** The batch of an execution that has just woken; null if this run begins otherwise. */
export function resumeBatch(ctx: IExecuteFunctions): Batch | null {
	const stored = storedContextOf(ctx).batch as Batch | undefined;
	if (!stored?.sleep) return null;
	const isThisExecution = stored.executionId === ctx.getExecutionId();
	if (!isThisExecution || stored.runIndex !== runIndexOf(ctx)) return null;
	checkVersion(ctx, stored);
	const now = clock.now();
	awoke(stored, markAwake(stored.executionId, stored.sleep, now), now);
	return stored;
}

/**
 * The batch of a run that begins: with what an earlier run for the same items has paid for, if there was
 * one. Throws a NodeError if the node stops on errors and an item's input is bad.
 */
export async function beginBatch(
	ctx: IExecuteFunctions,
	client: Client,
	jobs: Job[],
	sleeps: boolean,
): Promise<Batch> {
	// What is wrong with the credential is told before anything is sent.
	const { provider } = await client.connection();
	const now = clock.now();
	const items = await Promise.all(jobs.map(async (job) => await job.initial(now)));
	const fresh = newBatch({
		executionId: ctx.getExecutionId(),
		runIndex: runIndexOf(ctx),
		sleeps,
		stopsOnError: !ctx.continueOnFail(),
		deadline: endOfExecution(ctx),
		items: withSharedTerms(items),
	});
	const context = storedContextOf(ctx);
	const key = keyOf(ctx, items);
	const earlier = earlierBatch(ctx, context[key] as Batch | undefined);
	const bad = items.findIndex(({ state }) => state === 'failed');
	if (!earlier && fresh.stopsOnError && bad !== -1) {
		throw badInputError({ node: ctx.getNode(), itemIndex: bad, provider }, items[bad]!);
	}
	const again = {
		isRetryOnFail: earlier?.executionId === fresh.executionId && !isTool(ctx),
		maxAttempts: attemptsOf(ctx),
	};
	const batch = earlier ? retryBatch(earlier, fresh, again, now) : fresh;
	context[key] = batch;
	return batch;
}

/** All is done. A wake with an older state finds that out. */
export function finishBatch(ctx: IExecuteFunctions, batch: Batch): void {
	batch.revision++;
	noteNewest(ctx, batch);
}

/**
 * Where the batch is stored. An agent calls a tool several times in one execution, at once or one after
 * the other, and may come back to what it has asked for before.
 */
function keyOf(ctx: IExecuteFunctions, items: ItemState[]): string {
	if (!isTool(ctx)) return 'batch';
	const hashes = items.map(({ requestHash, inputHash }) => requestHash ?? inputHash);
	return `call ${createHash('sha256').update(hashes.join()).digest('hex')}`;
}

/** What an earlier run for the same items has left, if there was one. Throws if it must not be continued. */
function earlierBatch(ctx: IExecuteFunctions, batch: Batch | undefined): Batch | null {
	if (!batch) return null;
	// A tool that is called again for what has ended well is to do it again.
	const isSameRun = isTool(ctx)
		? !batch.items.every(isSuccess)
		: batch.runIndex === runIndexOf(ctx);
	if (!isSameRun) return null;
	checkVersion(ctx, batch);
	const isOther = batch.executionId !== ctx.getExecutionId();
	if (isOther && batch.sleep && wasResumed(batch.executionId, batch.sleep)) {
		throw new NodeOperationError(ctx.getNode(), 'The crashed execution is still running', {
			description: `Nothing was sent. n8n has resumed execution ${batch.executionId}. Retry it only if it is still marked as crashed after ten minutes.`,
		});
	}
	return batch;
}

function checkVersion(ctx: IExecuteFunctions, batch: Batch): void {
	if (batch.version <= VERSION) return;
	throw new NodeOperationError(
		ctx.getNode(),
		'This execution was started with a newer version of Runway Aleph',
		{
			description:
				'Nothing was sent. Install that version again, then retry the execution: its tasks are not lost.',
		},
	);
}

/** As n8n reads Retry On Fail. */
function attemptsOf(ctx: IExecuteFunctions): number {
	const { retryOnFail, maxTries = 3 } = ctx.getNode();
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
