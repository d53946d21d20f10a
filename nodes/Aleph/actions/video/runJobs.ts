/** One run of the node over all of its items, whatever the operation. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Client } from '../../api/client';
import { clock } from '../../api/clock';
import { drive } from '../../batch/drive';
import { ended, renewed } from '../../batch/events';
import type { Job } from '../../batch/job';
import { isSuccess, type Batch } from '../../batch/state';
import { beginBatch, LONGEST_AWAKE_MS, resumeBatch } from '../../execution/batch';
import { maySleep, sleepUntil } from '../../execution/sleep';
import { leave, takeNewest } from '../../execution/newest';
import { outputItems, providerOf } from '../../items/output';
import { readExecution, type Execution } from '../../n8n';
import { outcomesOf, withAdvice } from './outcome';
import { wantsToSleep } from './terms';

/** Makes the jobs of a run, with the client that they use. */
export type Jobs = (
	ctx: IExecuteFunctions,
	client: Client,
	execution: Execution,
	sleeps: boolean,
) => Job[];

/**
 * Gives the items, or none if the execution goes to sleep. Throws a NodeError.
 * @param rerun what it means to run the node again
 */
export async function runJobs(
	ctx: IExecuteFunctions,
	makeJobs: Jobs,
	rerun: string,
): Promise<INodeExecutionData[]> {
	const execution = readExecution(ctx);
	const { node, isTool, signal } = execution;
	const newest = await takeNewest(execution);
	if (newest === null) return [];
	try {
		const { woken } = newest;
		if (woken) resumeBatch(execution, woken);
		// How it waits was decided when it began: at a wake an expression may have no value any more.
		const sleeps = woken?.sleeps ?? (wantsToSleep(ctx) && maySleep(ctx, execution));
		const client = new Client(ctx, sleeps ? 'verify' : 'poll');
		const jobs = makeJobs(ctx, client, execution, sleeps);
		const batch = woken ?? (await beginBatch(execution, client, jobs, sleeps));
		const awakeUntil = sleeps ? clock.now() + LONGEST_AWAKE_MS : undefined;
		const wakeAt = await drive(batch, jobs, client, { clock, signal, awakeUntil });
		// What is given out now would be taken for the result.
		if (wakeAt !== null) return await sleepUntil(execution, batch, wakeAt);
		await renewUrls(batch, client);
		ended(batch);
		const outcomes = outcomesOf(node, batch, await providerOf(client, false));
		return outputItems(ctx, outcomes, (error) => withAdvice(error, outcomes, { rerun, isTool }));
	} finally {
		leave(execution);
	}
}

/** Videos that were ready long before the others, or in an earlier execution, may have URLs that have expired. */
async function renewUrls(batch: Batch, client: Client): Promise<void> {
	await Promise.all(
		batch.items.map(async (item, itemIndex) => {
			if (!isSuccess(item) || !item.api) return;
			const found = await client.renewed(item.record.task, item.api).catch(() => null);
			if (found) renewed(batch, itemIndex, found);
		}),
	);
}
