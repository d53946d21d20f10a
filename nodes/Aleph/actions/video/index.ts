/** The resource "video": its operations. */
import { updateDisplayOptions, type INodeProperties } from 'n8n-workflow';
import { thoseWhoCancel } from '../../api/dialects/names';
import * as cancel from './cancel';
import * as generate from './generate';
import * as get from './get';

export const operations = { cancel, generate, get };

export const description: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['video'] } },
		options: [
			{
				name: 'Cancel',
				value: 'cancel',
				action: 'Cancel video',
				description: `Cancel a video that is being made. Providers that can cancel: ${thoseWhoCancel()}.`,
			},
			{
				name: 'Generate',
				value: 'generate',
				action: 'Generate video',
				description: 'Edit a video with a text prompt',
			},
			{
				name: 'Get',
				value: 'get',
				action: 'Get video',
				description: 'Check the status of a video, or wait until it is ready',
			},
		],
		default: 'generate',
	},
	...updateDisplayOptions(showFor('cancel'), cancel.description),
	...updateDisplayOptions(showFor('generate'), generate.description),
	...updateDisplayOptions(showFor('get'), get.description),
];

function showFor(operation: keyof typeof operations) {
	return { show: { resource: ['video'], operation: [operation] } };
}
