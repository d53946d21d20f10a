/** The resource "video": its operations. */
import { updateDisplayOptions, type INodeProperties } from 'n8n-workflow';
import * as generate from './generate';
import * as get from './get';

export const operations = { generate, get };

export const description: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['video'] } },
		options: [
			{
				name: 'Generate',
				value: 'generate',
				action: 'Generate a video',
				description: 'Edit a video with a text prompt',
			},
			{
				name: 'Get',
				value: 'get',
				action: 'Get a video',
				description: 'Check the status of a task, or wait until it ends',
			},
		],
		default: 'generate',
	},
	...updateDisplayOptions(showFor('generate'), generate.description),
	...updateDisplayOptions(showFor('get'), get.description),
];

function showFor(operation: keyof typeof operations) {
	return { show: { resource: ['video'], operation: [operation] } };
}
