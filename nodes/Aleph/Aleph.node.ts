import {
	NodeConnectionTypes,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookDescription,
} from 'n8n-workflow';
import * as account from './actions/account';
import * as file from './actions/file';
import * as video from './actions/video';
import { hints } from './actions/video/generate/hints';
import { testAlephApi } from './api/credentialTest';
import { nothingToRegister, wake } from './execution/wake';
import { CALLBACK_PATH, DEFAULT_VERSION } from './n8n';

type Execute = (this: IExecuteFunctions) => Promise<INodeExecutionData[]>;

/** The operations by resource. */
const operations: Record<string, Record<string, { execute: Execute }>> = {
	account: account.operations,
	file: file.operations,
	video: video.operations,
};

/** For the callbacks of a sleeping execution. */
const callbacks: IWebhookDescription = {
	name: 'default',
	httpMethod: 'POST',
	path: CALLBACK_PATH,
	responseMode: 'onReceived',
	// Empty, n8n answers with the `webhookResponse` of `wake`.
	responseData: '',
	restartWebhook: true,
};

export class Aleph implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Aleph',
		name: 'aleph',
		icon: { light: 'file:aleph.svg', dark: 'file:aleph.dark.svg' },
		group: ['transform'],
		version: [1, 2],
		defaultVersion: DEFAULT_VERSION,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description: 'Edit videos with text prompts',
		defaults: { name: 'Runway Aleph' },
		usableAsTool: {
			replacements: {
				description:
					'Edit a video with a text prompt: change the season, the light, the background or the style, add or remove things. Takes minutes and costs credits. Returns the URL of the new video, or, without waiting, a task ID to get it with later.',
			},
		},
		builderHint: {
			searchHint:
				'Edits existing videos with text prompts (Runway Aleph). Pass in all videos as items at once: the node starts them together and waits for all, so no loop, Wait or IF is needed. In production set "waitMode" to "sleep".',
		},
		hints,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'alephApi', required: true, testedBy: 'testAlephApi' }],
		webhooks: [callbacks],
		waitingNodeTooltip:
			'=Your videos are being made, and there is nothing to enter. This execution sleeps, and wakes up by itself (up to {{ $parameter["options"]["timeout"] ?? 30 }} minutes for each video).',
		properties: [
			{
				displayName: 'Resource',
				name: 'resource',
				type: 'options',
				noDataExpression: true,
				options: [
					{ name: 'Account', value: 'account' },
					{ name: 'File', value: 'file' },
					{ name: 'Video', value: 'video' },
				],
				default: 'video',
			},
			...account.description,
			...file.description,
			...video.description,
		],
	};

	methods = { credentialTest: { testAlephApi } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const resource = this.getNodeParameter('resource', 0);
		const operation = this.getNodeParameter('operation', 0, '');
		const chosen = operations[resource]?.[operation];
		// n8n adds "Custom API Call" to the lists of every node with a credential.
		if (!chosen) {
			throw new NodeOperationError(this.getNode(), 'This node has no such operation', {
				description:
					'For a custom API call, use the HTTP Request node with the "Runway Aleph API" credential.',
			});
		}
		return [await chosen.execute.call(this)];
	}

	webhookMethods = nothingToRegister;

	webhook = wake;
}
