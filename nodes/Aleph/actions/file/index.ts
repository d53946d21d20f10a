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
				action: 'Upload a file',
				description: 'Upload a file to get a public URL for it, valid for about three days',
			},
		],
		default: 'upload',
	},
	...updateDisplayOptions(
		{ show: { resource: ['file'], operation: ['upload'] } },
		upload.description,
	),
];
