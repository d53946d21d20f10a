/** Putting an execution to sleep in n8n's database, so that the same node runs again when it wakes. */
import {
	NodeHelpers,
	type IExecuteData,
	type IExecuteFunctions,
	type IRunExecutionData,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { fallsAsleep } from './callers';
import { isRunning, type Batch } from './state';

/** What n8n's own classes have, and their types do not show. */
interface Internals {
	runExecutionData?: IRunExecutionData;
	additionalData?: { executionTimeoutTimestamp?: number };
	executeData?: IExecuteData;
	/** n8n 2.0 does not have it. */
	getWorkflowSettings?: () => { engineType?: string; executionTimeout?: number };
}

/** Not as an AI tool, which has to answer at once, nor in an engine that cannot resume. */
export function canSleep(functions: IExecuteFunctions): boolean {
	const internals = functions as Internals;
	const { executionData } = internals.runExecutionData ?? {};
	const { engineType } = internals.getWorkflowSettings?.() ?? {};
	return (
		Array.isArray(executionData?.nodeExecutionStack) && engineType !== 'v2' && !isTool(functions)
	);
}

export function isTool(functions: IExecuteFunctions): boolean {
	return functions.getNode().type.endsWith('Tool');
}

/** When n8n stops the execution for taking too long (epoch milliseconds), if it ever does. */
export function endOfExecution(functions: IExecuteFunctions): number {
	const { additionalData, runExecutionData } = functions as Internals;
	const end = additionalData?.executionTimeoutTimestamp ?? Infinity;
	// After a sleep of another node n8n gives the time anew, but goes by the first start.
	const { executionTimeout = 0 } = (functions as Internals).getWorkflowSettings?.() ?? {};
	// A retry, or a step in the editor, comes with runs of an earlier execution, whose time does not count.
	const hasOthersRuns = ['retry', 'manual'].includes(functions.getMode());
	if (executionTimeout <= 0 || hasOthersRuns) return end;
	const runs = Object.values(runExecutionData?.resultData.runData ?? {}).flat();
	const began = Math.min(...runs.map(({ startTime }) => startTime));
	return Math.min(end, began + executionTimeout * 1_000);
}

/** A path of its own: else a late callback could resume another node that sleeps by then. */
export const CALLBACK_PATH = 'aleph';

/** Where callbacks reach this execution. Since n8n 2.0 the URL carries a secret token. */
export function callbackUrl(functions: IExecuteFunctions): string {
	const url = new URL(functions.evaluateExpression('{{ $execution.resumeUrl }}', 0) as string);
	url.pathname = `${url.pathname}/${CALLBACK_PATH}`;
	return url.toString();
}

/**
 * Puts the execution to sleep once this run of the node returns, without items.
 *
 * When n8n wakes an execution, it disables the node of the first entry on the stack, and replaces its
 * items. So that entry is a spent one, which gives nothing, and the real one comes second.
 */
export async function fallAsleep(
	functions: IExecuteFunctions,
	batch: Batch,
	until: number,
): Promise<void> {
	const now = Date.now();
	batch.sleep = { since: now, until: Math.max(until, now + 1_000), waker: wakerOf(batch) };
	fallsAsleep(functions.getExecutionId(), batch.sleep);
	report(functions, batch);

	functions.setMetadata({ resumeUrl: callbackUrl(functions) });
	const entry = functions.getExecuteData();
	const stack = (functions as Internals).runExecutionData!.executionData!.nodeExecutionStack;
	stack.unshift({ ...entry, data: { ...entry.data } });
	// A copy, since the stored data would share the node with the second entry. Without "Always Output
	// Data", for which n8n would make an empty item of nothing.
	entry.node = { ...entry.node, alwaysOutputData: false };
	entry.data = { main: [] };
	await functions.putExecutionToWait(new Date(batch.sleep.until));
}

/** The task that a quarter of the others are likely to have ended before. More will by the time n8n has woken. */
function wakerOf({ items }: Batch): string | null {
	const bySince = items.filter(isRunning).sort((a, b) => a.since - b.since);
	return bySince[Math.floor(bySince.length / 4)]?.taskId ?? null;
}

/** How far the batch is, in n8n's log and in the custom data of the execution. */
function report(functions: IExecuteFunctions, batch: Batch): void {
	const { items, sleep } = batch;
	const running = items.filter(isRunning);
	const toStart = items.filter(({ at }) => at === 'toStart').length;
	const ended = items.length - running.length - toStart;
	const next = new Date(sleep!.until).toISOString();
	const progress = `${ended} ended, ${running.length} running, ${toStart} to start; next check at ${next}`;
	functions.logger.info(`Runway Aleph sleeps: ${progress}`, {
		executionId: functions.getExecutionId(),
	});
	const customData = (functions as { customData?: { set: (key: string, value: string) => void } })
		.customData;
	customData?.set('runwayAleph', progress);
	customData?.set(
		'runwayAlephTasks',
		running
			.map(({ taskId }) => taskId)
			.join(' ')
			.slice(0, 255),
	);
}

/** The stored state of a sleeping execution: the node's context, and the entry that n8n goes on with. */
export function sleeperOf(functions: IWebhookFunctions) {
	const { runExecutionData, executeData } = functions as Internals;
	const context = NodeHelpers.getContext(runExecutionData!, 'node', functions.getNode());
	return { context, executeData };
}
