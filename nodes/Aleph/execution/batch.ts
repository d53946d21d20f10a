/**
 * The batch of a run: resumed when the execution wakes, begun anew, or taken over from an earlier run; and put
 * to sleep in n8n's database, so that the same node runs again when it wakes.
 */
import { NodeOperationError, type INodeExecutionData } from 'n8n-workflow';
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
	type Sleep,
	type Terms,
} from '../batch/state';
import { badInputError, type ItemRef } from '../items/errors';
import type { Execution, KeptAwakeBy } from '../n8n';
import { markAsleep, markAwake } from './callbacks';
import { remember, takeOver } from './newest';
import { reportSleep } from './report';

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
): Promise<Batch> {
	const { id: executionId, node, runIndex, isTool, stopsOnError, stored } = execution;
	// What is wrong with the credential is told before anything is sent; by each item if the node goes on.
	const provider = await client.provider(stopsOnError);
	const now = clock.now();
	const items = withSharedTerms(await Promise.all(jobs.map(async (job) => await job.initial(now))));
	// n8n goes by the computer's clock, which may have been set back.
	const end = execution.deadline();
	const deadline = end && end - Date.now() + now;
	// Decided here for good: at a wake an expression may have no value any more.
	const sleeps = sleepsFor(items, execution);
	const fresh = newBatch({ executionId, runIndex, sleeps, stopsOnError, deadline, items });
	const key = isTool ? callKey(items) : 'batch';
	const earlier = earlierBatch(execution, stored[key] as Batch | undefined);
	if (!earlier && stopsOnError) checkInput(items, { node, provider });
	const maxAttempts = attemptsOf(execution);
	const batch = earlier
		? takeOver(execution, earlier, (newest) => retryBatch(newest, fresh, maxAttempts, now))
		: fresh;
	stored[key] = batch;
	if (!earlier) remember(execution, batch);
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
	return batch;
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

/** As n8n reads Retry On Fail. An agent may call a tool as often as it likes. */
function attemptsOf({ node, isTool }: Execution): number {
	if (isTool) return Infinity;
	const { retryOnFail, maxTries = 3 } = node;
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

/**
 * Whether the execution sleeps: if one item wants that, all that wait do. It stays running if a sleep would
 * lose or confuse something, and a hint says so.
 */
function sleepsFor(items: ItemState[], { keptAwakeBy, showHint }: Execution): boolean {
	if (!items.some(({ terms }) => terms.sleeps)) return false;
	const keeper = keptAwakeBy();
	if (keeper === null) return true;
	showHint(`"Wait Mode" is "Sleep", but the node kept running: ${REASONS[keeper]}.`);
	return false;
}

const REASONS: Record<KeptAwakeBy, string> = {
	agent: 'an AI agent waits for the answer',
	engine: 'this engine of n8n cannot wake a sleeping execution',
	caller: 'the caller of this workflow waits for the answer',
	parent: 'the workflow or agent that called this one waits for it',
};

/** Puts the execution to sleep once this run of the node returns, without items: those are given here. */
export async function putToSleep(
	execution: Execution,
	batch: Batch,
	sleep: Sleep,
): Promise<INodeExecutionData[]> {
	markAsleep(batch.executionId, sleep);
	reportSleep(execution, batch, sleep);
	// n8n goes by the computer's clock, which may have been set back.
	await execution.putToSleep(new Date(Date.now() + sleep.wakeAt - clock.now()));
	return [];
}
