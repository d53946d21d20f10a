/** Waiting for a task by asking: this execution stays running meanwhile. */
import { untilNextLook } from '../task/schedule';
import { readTask, type Api, type TaskRecord } from '../api/client';
import { pause } from '../api/pause';

export interface Polling {
	/** Milliseconds to wait for a task at the most. */
	timeout: number;
	/** Milliseconds between two looks; by the task's age where absent. */
	interval?: number;
}

/** A task that has just been accepted may be unknown to the API for this long. */
const UNKNOWN_AT_FIRST_MS = 60_000;

/**
 * Looks at a task until it has ended or the time is up, and gives its last record: one that still
 * says `processing` means that the time was up. Throws the last ApiFailure where the API could
 * not be asked, and the signal's reason when the execution is stopped.
 * @param record where the task has been looked at already
 */
export async function pollTask(
	api: Api,
	taskId: string,
	{ timeout, interval }: Polling,
	record?: TaskRecord,
): Promise<TaskRecord> {
	const start = Date.now();
	const until = start + timeout;
	const unknownUntil = Math.min(until, start + UNKNOWN_AT_FIRST_MS);
	while (record?.task.status !== 'success' && record?.task.status !== 'failed') {
		const now = Date.now();
		if (record && now >= until) break;
		await pause(Math.min(untilNextLook(now - start, interval), until - now), api.signal);
		record = await readTask(api, taskId, { until, unknownUntil });
	}
	return record;
}
