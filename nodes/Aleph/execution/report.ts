/**
 * Where the tasks of an execution are found if it is lost: in n8n's log, and in the execution's custom
 * data, which outlives a cancelled or crashed one.
 */
import type { IExecuteFunctions } from 'n8n-workflow';
import { isPending, isRunning, taskIdOf, type Batch } from '../batch/state';
import { setCustomData } from '../n8n';

/** n8n keeps ten keys for an execution, whose values it may log as too long above this. */
const KEYS_OF_TASKS = 8;
const LONGEST_VALUE = 255;

/** As many IDs as fit, the first ones first, each whole. */
export function reportTasks(ctx: IExecuteFunctions, taskIds: string[]): void {
	const values = [''];
	for (const taskId of taskIds) {
		const value = `${values.at(-1)} ${taskId}`.trim();
		if (value.length <= LONGEST_VALUE) values[values.length - 1] = value;
		else if (values.push(taskId) > KEYS_OF_TASKS) break;
	}
	values.slice(0, KEYS_OF_TASKS).forEach((value, index) => {
		setCustomData(ctx, `runwayAlephTasks${index === 0 ? '' : index + 1}`, value);
	});
}

/** How far the batch is when the execution falls asleep. */
export function reportSleep(ctx: IExecuteFunctions, { items, sleep, executionId }: Batch): void {
	const running = items.filter(isRunning);
	const pending = items.filter(isPending).length;
	const ended = items.length - running.length - pending;
	const next = new Date(sleep!.wakeAt).toISOString();
	const progress = `${ended} ended, ${running.length} running, ${pending} to start; next check at ${next}`;
	ctx.logger.info(`Runway Aleph sleeps: ${progress}`, { executionId });
	setCustomData(ctx, 'runwayAleph', progress);
	const others = items.filter((item) => !isRunning(item));
	reportTasks(
		ctx,
		[...running, ...others].flatMap((item) => taskIdOf(item) ?? []),
	);
}
