/** Waiting, as the operations of a video share it: its fields, and the wait for one task. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { Task } from '../../task/task';
import { readTask, type Api, type TaskRecord } from '../../api/client';
import { asFailure } from '../../api/failure';
import { pollTask } from '../../wait/poll';
import type { Outcome } from '../outcome';
import { failedTaskError, inputError, readError, timeoutError } from '../errors';

export interface Waiting {
	wait: boolean;
	/** Minutes. */
	timeout: number;
	/** Seconds; by the task's age where absent. */
	pollInterval?: number;
	onTimeout: 'error' | 'continue';
}

export const whileWaiting = { show: { '/waitForCompletion': [true] } };

export const pollIntervalOption: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 5,
	displayOptions: whileWaiting,
	description:
		'How long to pause between two looks at a task. Leave it out to look every 3 seconds at first and less often as the task gets older.',
};

export const onTimeoutOption: INodeProperties = {
	displayName: 'On Timeout',
	name: 'onTimeout',
	type: 'options',
	options: [
		{
			name: 'Error',
			value: 'error',
			description: 'The item fails; its error names the task ID',
		},
		{
			name: 'Continue',
			value: 'continue',
			description: 'The item comes out with the status "timeout" and its task ID',
		},
	],
	default: 'error',
	displayOptions: whileWaiting,
	description: 'What to do with a task that is still running when the time is up',
};

export const timeoutOption: INodeProperties = {
	displayName: 'Timeout (Minutes)',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 2 },
	default: 30,
	displayOptions: whileWaiting,
	description:
		'How long to wait for each task, from the moment that the API has accepted it. Also how long to try where the API refuses new tasks for now.',
};

export function readWaiting(functions: IExecuteFunctions, itemIndex: number): Waiting {
	const { timeout, pollInterval, onTimeout } = functions.getNodeParameter('options', itemIndex, {});
	const minutes = Number(timeout ?? 30);
	if (!(minutes > 0)) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Timeout" is not a number of minutes above 0',
			'Enter for how many minutes to wait, such as 30.',
		);
	}
	const seconds = pollInterval === undefined ? undefined : Number(pollInterval);
	if (seconds !== undefined && !(seconds >= 1)) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Poll Interval" is not a number of seconds of at least 1',
			'Enter the seconds between two looks, such as 5, or remove the option.',
		);
	}
	return {
		wait: Boolean(functions.getNodeParameter('waitForCompletion', itemIndex)),
		timeout: minutes,
		pollInterval: seconds,
		onTimeout: onTimeout === 'continue' ? 'continue' : 'error',
	};
}

/**
 * Waits for a task that has just been started.
 * @param known what is known of it so far
 * @param record where it has been looked at already
 */
export async function waitForTask(
	functions: IExecuteFunctions,
	api: Api,
	itemIndex: number,
	known: Task,
	waiting: Waiting,
	record?: TaskRecord,
): Promise<Outcome> {
	const { timeout, pollInterval, onTimeout } = waiting;
	const polling = {
		timeout: timeout * 60_000,
		interval: pollInterval && pollInterval * 1000,
	};
	let seen: TaskRecord;
	try {
		seen = await pollTask(api, known.taskId, polling, record);
	} catch (error) {
		return unread(functions, itemIndex, known, waiting, error);
	}
	const { task, data } = seen;
	if (task.status === 'success') return { task, data };
	if (task.status === 'failed') {
		return { task, data, error: failedTaskError(functions.getNode(), itemIndex, task) };
	}
	const error =
		onTimeout === 'error'
			? timeoutError(functions.getNode(), itemIndex, known.taskId, timeout)
			: undefined;
	return { task: { ...task, status: 'timeout' }, data, error };
}

/** Looks at a task that has been there before, and waits for it where that is wanted. */
export async function lookAtTask(
	functions: IExecuteFunctions,
	api: Api,
	itemIndex: number,
	known: Task,
	waiting: Waiting,
): Promise<Outcome> {
	const now = Date.now();
	let record: TaskRecord;
	try {
		record = await readTask(api, known.taskId, {
			until: now + (waiting.wait ? waiting.timeout * 60_000 : PATIENCE_MS),
			unknownUntil: now + UNKNOWN_MS,
		});
	} catch (error) {
		return unread(functions, itemIndex, known, waiting, error);
	}
	return waiting.wait
		? await waitForTask(functions, api, itemIndex, known, waiting, record)
		: record;
}

/** How long to ask an API that struggles, where the user does not wait anyway. */
const PATIENCE_MS = 30_000;

/** How long to ask for a task that the API does not know: it may have been started just before. */
const UNKNOWN_MS = 10_000;

/** The task is there, but the API would not tell how it is, in all the time that there was. */
function unread(
	functions: IExecuteFunctions,
	itemIndex: number,
	known: Task,
	{ wait, onTimeout }: Waiting,
	error: unknown,
): Outcome {
	const failure = asFailure(error);
	const timedOut = wait && failure.isPassing;
	const unknown = failure.kind === 'unknownTask';
	const status = timedOut ? 'timeout' : unknown ? 'failed' : known.status;
	const task: Task = { ...known, status };
	if (timedOut && onTimeout === 'continue') return { task };
	return { task, error: readError(functions.getNode(), itemIndex, failure, task.taskId) };
}
