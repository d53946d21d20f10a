/** The resource "file": its operations. */
import { updateDisplayOptions, type INodeProperties } from 'n8n-workflow';
import * as upload from './upload';

export const operations = { upload };

export const description: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['file'] } },
		options: [
			{
				name: 'Upload',
				value: 'upload',
				action: 'Upload file',
				description: 'Upload a file to the provider, to get a link that works for at least a day',
			},
		],
		default: 'upload',
	},
	...updateDisplayOptions(
		{ show: { resource: ['file'], operation: ['upload'] } },
		upload.description,
	),
];
