/** Putting an execution to sleep in n8n's database, so that the same node runs again when it wakes. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { clock } from '../api/clock';
import type { Batch, Sleep } from '../batch/state';
import { showHint, type Execution, type KeptAwakeBy } from '../n8n';
import { markAsleep } from './callbacks';
import { reportSleep } from './report';

/**
 * Whether an execution that wants to sleep does so. It stays running if a sleep would lose or confuse
 * something, and a hint says so.
 */
export function maySleep(ctx: IExecuteFunctions, { keptAwakeBy }: Execution): boolean {
	const keeper = keptAwakeBy();
	if (keeper === null) return true;
	const message = `"Wait Mode" is "Sleep", but the node kept running: ${REASONS[keeper]}.`;
	showHint(ctx, message, 'info');
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
