/** Putting an execution to sleep in n8n's database, so that the same node runs again when it wakes. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { clock } from '../api/clock';
import { fellAsleep } from '../batch/events';
import type { Batch } from '../batch/state';
import { callerWaits, canResume, isTool, leaveSpentEntry, parentWaits } from '../n8n';
import { markAsleep } from './callbacks';
import { reportSleep } from './report';
import { noteNewest } from './staleWake';

/**
 * Whether an execution that wants to sleep does so. It stays running if a sleep would lose or confuse
 * something, and a hint says so.
 */
export function maySleep(ctx: IExecuteFunctions): boolean {
	const reason = reasonToStay(ctx);
	if (reason === null) return true;
	const message = `"Wait Mode" is "Sleep", but the node kept running: ${reason}.`;
	ctx.addExecutionHints?.({ message, type: 'info', location: 'outputPane' });
	return false;
}

function reasonToStay(ctx: IExecuteFunctions): string | null {
	if (isTool(ctx)) return 'an AI agent waits for the answer';
	if (!canResume(ctx)) return 'this engine of n8n cannot wake a sleeping execution';
	if (callerWaits(ctx)) return 'the caller of this workflow waits for the answer';
	if (parentWaits(ctx)) return 'the workflow or agent that called this one waits for it';
	return null;
}

/** A path of its own: else a late callback could resume another node that sleeps by then. */
export const CALLBACK_PATH = 'aleph';

/** Where callbacks reach this execution. Since n8n 2.0 the URL carries a secret token. */
export function callbackUrl(ctx: IExecuteFunctions): string {
	const url = new URL(ctx.evaluateExpression('{{ $execution.resumeUrl }}', 0) as string);
	url.pathname = `${url.pathname}/${CALLBACK_PATH}`;
	return url.toString();
}

/** Puts the execution to sleep once this run of the node returns, without items: those are given here. */
export async function sleepUntil(
	ctx: IExecuteFunctions,
	batch: Batch,
	time: number,
): Promise<INodeExecutionData[]> {
	const now = clock.now();
	const wakeAt = Math.max(time, now + 1_000);
	fellAsleep(batch, wakeAt, now);
	markAsleep(batch.executionId, batch.sleep!);
	noteNewest(ctx, batch);
	reportSleep(ctx, batch);
	ctx.setMetadata({ resumeUrl: callbackUrl(ctx) });
	leaveSpentEntry(ctx);
	// n8n goes by the computer's clock, which may have been set back.
	await ctx.putExecutionToWait(new Date(Date.now() + wakeAt - now));
	return [];
}
