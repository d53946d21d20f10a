/** The fields that operations of a video share. */
import type { INodeProperties } from 'n8n-workflow';
import { thoseWhoCancel } from '../../api/dialects/names';

export const taskIdField: INodeProperties = {
	displayName: 'Task ID',
	name: 'taskId',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. ee603959-debb-48d1-98c4-a6d1c717eba6',
	description:
		"The taskId of the video: in the item, in the error, in n8n's log, or at your provider",
};

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
			value: 'sleep',
			description:
				'Store the execution in the database while it waits, so it survives an n8n restart',
		},
	],
	default: 'poll',
	displayOptions: { show: { waitForCompletion: [true] } },
	description:
		'Poll while you build. Sleep for everything that runs on its own: it uses no worker while it sleeps, for one video or a thousand, and survives a restart of n8n. If a caller waits for the answer, as with an AI agent or a webhook that responds when the last node finishes, the node polls in any case.',
};

export const whileWaiting = { show: { '/waitForCompletion': [true] } };

export const whilePolling = { show: { '/waitForCompletion': [true], '/waitMode': ['poll'] } };

export const pollIntervalOption: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 5,
	displayOptions: whilePolling,
	description:
		'How long to wait between status checks of a video. Without this option, the node checks often at first, then less often.',
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
	description: 'What to do with a video that is still being made when the time is up',
};

export const onStopOption: INodeProperties = {
	displayName: 'On Stop',
	name: 'onStop',
	type: 'options',
	options: [
		{
			name: 'Leave',
			value: 'leave',
			description: 'Videos that are being made are finished, and can be fetched by their task IDs',
		},
		{
			name: 'Cancel',
			value: 'cancel',
			description: 'Videos that are being made are canceled',
		},
	],
	default: 'leave',
	displayOptions: whilePolling,
	description: `What to do with videos that are being made when you stop the execution. Providers that can cancel: ${thoseWhoCancel()}.`,
};

export const timeoutOption: INodeProperties = {
	displayName: 'Timeout (Minutes)',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 2 },
	default: 30,
	displayOptions: whileWaiting,
	description: 'How long to wait for each video',
};

export const includeInputFieldsOption: INodeProperties = {
	displayName: 'Include Input Fields',
	name: 'includeInputFields',
	type: 'boolean',
	default: false,
	description:
		'Whether to output the fields of the input item, too, except a field named "error". If a field has the same name as one of this node\'s, this node\'s wins.',
};
