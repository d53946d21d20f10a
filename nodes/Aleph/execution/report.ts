/**
 * Where the tasks of an execution are found if it is lost: in n8n's log, and in the execution's custom
 * data, which outlives a cancelled or crashed one.
 */
import {
	isAwaited,
	isPending,
	isRunning,
	taskIdOf,
	type Batch,
	type ItemState,
	type Sleep,
} from '../batch/state';
import type { Execution } from '../n8n';

/** n8n keeps ten keys for an execution, whose values it may log as too long above this. */
const KEYS = ['', 2, 3, 4, 5, 6, 7, 8].map((number) => `runwayAlephTasks${number}`);
const LONGEST_VALUE = 255;

/** Gives a function that reports each task of a run as it is accepted. */
export function acceptedReport(execution: Execution) {
	let accepted = 0;
	// Behind those of this run, the ones from before a sleep, and of other runs.
	let taskIds: string[] | undefined;
	return (taskId: string, itemIndex: number): void => {
		const about = { itemIndex, executionId: execution.id };
		execution.logger.info(`Runway Aleph accepted task ${taskId}`, about);
		taskIds ??= reportedIds(execution);
		taskIds.splice(accepted++, 0, taskId);
		reportTasks(execution, taskIds);
	};
}

/** Those that still run first: nobody has their videos. */
function taskIdsOf(items: ItemState[]): string[] {
	const running = items.filter(isRunning);
	const others = items.filter((item) => !isRunning(item));
	return [...running, ...others].flatMap((item) => taskIdOf(item) ?? []);
}

/** Those that the custom data has already. */
function reportedIds({ getCustomData }: Execution): string[] {
	return KEYS.flatMap((key) => getCustomData(key)?.split(' ') ?? []);
}

/** As many IDs as fit, the first ones first, each whole. */
function reportTasks({ setCustomData }: Execution, taskIds: string[]): void {
	const values = [''];
	for (const taskId of taskIds) {
		const value = `${values.at(-1)} ${taskId}`.trim();
		if (value.length <= LONGEST_VALUE) values[values.length - 1] = value;
		else if (values.push(taskId) > KEYS.length) break;
	}
	values.slice(0, KEYS.length).forEach((value, index) => setCustomData(KEYS[index]!, value));
}

/** How far the batch is when the execution falls asleep. */
export function reportSleep(
	execution: Execution,
	{ items, executionId }: Batch,
	{ wakeAt }: Sleep,
): void {
	const running = items.filter(isAwaited).length;
	const pending = items.filter(isPending).length;
	const ended = items.length - running - pending;
	const next = new Date(wakeAt).toISOString();
	const progress = `${ended} ended, ${running} running, ${pending} to start; next check at ${next}`;
	execution.logger.info(`Runway Aleph sleeps: ${progress}`, { executionId });
	execution.setCustomData('runwayAleph', progress);
	reportTasks(execution, [...new Set([...taskIdsOf(items), ...reportedIds(execution)])]);
}
