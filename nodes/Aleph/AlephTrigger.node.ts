import {
	NodeConnectionTypes,
	type INodeProperties,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { testAlephApi } from './api/credentialTest';
import { downloadOptions } from './items/downloads';
import { simplifyField } from './items/output';
import { DEFAULT_VERSION } from './n8n';
import { checkAtPublishing } from './trigger/publish';
import { receive } from './trigger/receive';

/** What the trigger downloads is what the API has named, so it has to be asked. */
const onlyVerified = ({ displayOptions, ...option }: INodeProperties): INodeProperties => ({
	...option,
	displayOptions: { show: { ...displayOptions?.show, '/verifyWithApi': [true] } },
});

export class AlephTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Aleph Trigger',
		name: 'alephTrigger',
		icon: { light: 'file:aleph.svg', dark: 'file:aleph.dark.svg' },
		group: ['trigger'],
		version: [1, 2],
		defaultVersion: DEFAULT_VERSION,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description: 'Starts the workflow when a video is ready or has failed',
		defaults: { name: 'Runway Aleph Trigger' },
		eventTriggerDescription: 'Listen for callbacks from Runway Aleph',
		activationMessage:
			'Paste the production URL into the Callback URL option of your Runway Aleph nodes.',
		triggerPanel: {
			header: 'Receive callbacks from Runway Aleph',
			executionsHelp: {
				inactive:
					'1. Copy the <b>test URL</b>. 2. Paste it into <b>Callback URL</b> of a Runway Aleph node. 3. Select <b>Execute step</b> here, then run that node. In production, <b>publish</b> the workflow and use the <b>production URL</b>.',
				active:
					'Paste the <b>production URL</b> into the <b>Callback URL</b> option of your Runway Aleph nodes. Each of their videos then starts this workflow when it is ready or has failed.',
			},
			activationHint:
				'Once the workflow is published, it starts for each video that is ready or has failed.',
		},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'alephApi', required: true, testedBy: 'testAlephApi' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'aleph',
				responseMode: 'onReceived',
				// Empty, n8n answers with the `webhookResponse` of `receive`.
				responseData: '',
			},
		],
		properties: [
			{
				displayName:
					'Copy the production URL above into the <b>Callback URL</b> option of your Runway Aleph node',
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				options: [
					{
						name: 'Completed',
						value: 'completed',
						action: 'On video completed',
						description: 'A video is ready',
					},
					{
						name: 'Failed',
						value: 'failed',
						action: 'On video failed',
						description: 'A video could not be made',
					},
				],
				default: ['completed', 'failed'],
				required: true,
				description: 'What starts the workflow',
			},
			{
				displayName: 'Verify with API',
				name: 'verifyWithApi',
				type: 'boolean',
				default: true,
				description:
					'Whether to check each callback with the API and return what the API says. If off, the trigger downloads nothing, and anyone who knows the URL can start the workflow, unless the credential has a webhook HMAC key.',
			},
			{
				displayName: 'Deduplicate',
				name: 'deduplicate',
				type: 'boolean',
				default: true,
				description:
					'Whether to ignore a video that has already started the workflow. The provider may send a callback more than once.',
			},
			simplifyField,
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					onlyVerified(downloadOptions.download),
					onlyVerified(downloadOptions.thumbnailOutputProperty),
					onlyVerified(downloadOptions.videoOutputProperty),
				],
			},
		],
	};

	methods = { credentialTest: { testAlephApi } };

	webhookMethods = checkAtPublishing;

	webhook = receive;
}
