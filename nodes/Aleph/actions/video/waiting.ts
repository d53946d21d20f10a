/** Waiting, as the operations of a video share it: its fields, and what they say. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { asBoolean, asNumber } from '../../task/json';
import { inputError } from '../errors';

export const waitModeField: INodeProperties = {
	displayName: 'Wait Mode',
	name: 'waitMode',
	type: 'options',
	noDataExpression: true,
	options: [
		{
			name: 'Poll',
			value: 'poll',
			description: 'Check the status regularly; the execution keeps running',
		},
		{
			name: 'Sleep',
			value: 'callback',
			description:
				'Store the execution in the database while it waits, so it survives an n8n restart',
		},
	],
	default: 'poll',
	displayOptions: { show: { waitForCompletion: [true] } },
	description:
		'How to wait. Choose Sleep in production: it uses no worker and no memory while it sleeps, for one video or a thousand. Choose Poll to try things out, or when every second counts.',
};

export const whileWaiting = { show: { '/waitForCompletion': [true] } };

const whilePolling = { show: { '/waitForCompletion': [true], '/waitMode': ['poll'] } };

export const pollIntervalOption: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 5,
	displayOptions: whilePolling,
	description:
		'How long to wait between status checks of a task. Without this option, the node checks every 3 seconds at first, then less often.',
};

export const onTimeoutOption: INodeProperties = {
	displayName: 'On Timeout',
	name: 'onTimeout',
	type: 'options',
	options: [
		{
			name: 'Error',
			value: 'error',
			description: 'The item fails with an error that includes the task ID',
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
	description: 'How long to wait for each task',
};

export interface Waiting {
	wait: boolean;
	/** Minutes. */
	timeout: number;
	/** Milliseconds; by the task's age where absent. */
	pollInterval?: number;
	onTimeout: 'error' | 'continue';
}

export function readWaiting(functions: IExecuteFunctions, itemIndex: number): Waiting {
	const refuse = (message: string, description: string) =>
		inputError(functions.getNode(), itemIndex, message, `Nothing was sent. ${description}`);
	const { timeout, pollInterval, onTimeout } = functions.getNodeParameter('options', itemIndex, {});
	const minutes = asNumber(timeout ?? 30);
	if (minutes === null || minutes <= 0) {
		throw refuse('"Timeout" must be greater than 0', 'Enter the minutes to wait, such as 30.');
	}
	const seconds = pollInterval === undefined ? undefined : asNumber(pollInterval);
	if (seconds === null || (seconds !== undefined && seconds < 1)) {
		throw refuse(
			'"Poll Interval" must be at least 1',
			'Enter the seconds between two status checks, such as 5, or remove the option.',
		);
	}
	return {
		wait: asBoolean(functions.getNodeParameter('waitForCompletion', itemIndex)),
		timeout: minutes,
		pollInterval: seconds && seconds * 1000,
		onTimeout: onTimeout === 'continue' ? 'continue' : 'error',
	};
}

/** Whether to sleep rather than to poll: the same for all items, as one execution does it. */
export function wantsToSleep(functions: IExecuteFunctions): boolean {
	return (
		asBoolean(functions.getNodeParameter('waitForCompletion', 0)) &&
		functions.getNodeParameter('waitMode', 0, 'poll') === 'callback'
	);
}
