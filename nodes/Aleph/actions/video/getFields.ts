/** The fields of video / get. */
import type { INodeProperties } from 'n8n-workflow';
import { downloadOptions } from '../downloads';
import { simplifyField } from '../outcome';
import { onTimeoutOption, pollIntervalOption, timeoutOption, waitModeField } from './waiting';

export const description: INodeProperties[] = [
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. ee603959-debb-48d1-98c4-a6d1c717eba6',
		description: 'The ID that Generate returned when the task was started',
	},
	{
		displayName: 'Wait for Completion',
		name: 'waitForCompletion',
		type: 'boolean',
		default: false,
		description:
			'Whether to wait until the task has ended. If off, the item shows the current status, even of a failed task. If on, a failed task is an error.',
	},
	waitModeField,
	simplifyField,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			downloadOptions.download,
			onTimeoutOption,
			pollIntervalOption,
			downloadOptions.thumbnailOutputProperty,
			downloadOptions.videoOutputProperty,
			timeoutOption,
		],
	},
];
