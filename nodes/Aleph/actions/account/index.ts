/** The resource "account": its operations. */
import type { INodeProperties } from 'n8n-workflow';
import * as getCredits from './getCredits';

export const operations = { getCredits };

export const description: INodeProperties[] = [
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['account'] } },
		options: [
			{
				name: 'Get Credits',
				value: 'getCredits',
				action: 'Get credits',
				description: 'Get the number of credits left in the account',
			},
		],
		default: 'getCredits',
	},
];
