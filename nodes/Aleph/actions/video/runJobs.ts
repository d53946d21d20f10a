/** One run of the node over all of its items, whatever the operation. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Client } from '../../api/client';
import { clock } from '../../api/clock';
import { drive } from '../../batch/drive';
import type { Job } from '../../batch/job';
import { beginBatch, LONGEST_AWAKE_MS, putToSleep, resumeBatch } from '../../execution/batch';
import { withNewest } from '../../execution/newest';
import { outcomesOf } from '../../items/outcome';
import { outputItems } from '../../items/output';
import { readExecution, type Execution } from '../../n8n';

/** Makes the jobs of a run, with the client that they use. */
type Jobs = (ctx: IExecuteFunctions, client: Client, execution: Execution) => Job[];

/**
 * Gives the items, or none if the execution goes to sleep. Throws a NodeError.
 * @param rerun what it means to run the node again
 */
export async function runJobs(
	ctx: IExecuteFunctions,
	makeJobs: Jobs,
	rerun: string,
): Promise<INodeExecutionData[]> {
	const client = new Client(ctx);
	const execution = readExecution(ctx);
	const { node, isTool, signal } = execution;
	return await withNewest(execution, async (woken) => {
		const jobs = makeJobs(ctx, client, execution);
		const batch = woken ? resumeBatch(execution, woken) : await beginBatch(execution, client, jobs);
		const awakeUntil = batch.sleeps ? clock.now() + LONGEST_AWAKE_MS : undefined;
		await drive(batch, jobs, client, { clock, signal, awakeUntil });
		// What is given out now would be taken for the result.
		if (batch.sleep) return await putToSleep(execution, batch, batch.sleep);
		const outcomes = outcomesOf(node, batch, await client.provider(false));
		return outputItems(ctx, outcomes, { rerun, isTool });
	});
}
