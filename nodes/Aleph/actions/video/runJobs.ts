/** One run of the node over all of its items, whatever the operation. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Client } from '../../api/client';
import { clock } from '../../api/clock';
import { drive } from '../../batch/drive';
import type { Job } from '../../batch/job';
import { beginBatch, finishBatch, LONGEST_AWAKE_MS, resumeBatch } from '../../execution/batch';
import { isTool, cancelSignalOf } from '../../n8n';
import { maySleep, sleepUntil } from '../../execution/sleep';
import { isStaleWake } from '../../execution/staleWake';
import { outputItems } from '../../items/output';
import { outcomesOf, withAdvice } from './outcome';
import { wantsToSleep } from './terms';

/** Makes the jobs of a run, with the client that they use. */
export type Jobs = (ctx: IExecuteFunctions, client: Client, sleeps: boolean) => Job[];

/**
 * Gives the items, or none if the execution goes to sleep. Throws a NodeError.
 * @param rerun what it means to run the node again
 */
export async function runJobs(
	ctx: IExecuteFunctions,
	makeJobs: Jobs,
	rerun: string,
): Promise<INodeExecutionData[]> {
	if (await isStaleWake(ctx)) return [];
	const resumed = resumeBatch(ctx);
	// How it waits was decided when it began: at a wake an expression may have no value any more.
	const sleeps = resumed?.sleeps ?? (wantsToSleep(ctx) && maySleep(ctx));
	const client = new Client(ctx, sleeps ? 'verify' : 'poll');
	const jobs = makeJobs(ctx, client, sleeps);
	const batch = resumed ?? (await beginBatch(ctx, client, jobs, sleeps));
	const wakeAt = await drive(batch, jobs, client, {
		clock,
		signal: cancelSignalOf(ctx),
		awakeUntil: sleeps ? clock.now() + LONGEST_AWAKE_MS : undefined,
	});
	// What is given out now would be taken for the result.
	if (wakeAt !== null) return await sleepUntil(ctx, batch, wakeAt);
	finishBatch(ctx, batch);
	const { provider } = await client.connected().catch(() => ({ provider: undefined }));
	const outcomes = outcomesOf(ctx, batch, provider);
	return outputItems(ctx, outcomes, (error) =>
		withAdvice(error, outcomes, { rerun, isTool: isTool(ctx) }),
	);
}
