import {
	NodeConnectionTypes,
	type INodeProperties,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { testAlephApi } from './credentialTest';
import { downloadOptions } from './items/downloads';
import { simplifyField } from './items/output';
import { checkAtPublishing } from './trigger/publish';
import { receive } from './trigger/receive';

/** What the trigger downloads is what the API has named, so it has to be asked. */
const onlyVerified: Pick<INodeProperties, 'displayOptions'> = {
	displayOptions: { show: { '/verifyWithApi': [true] } },
};

export class AlephTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Aleph Trigger',
		name: 'alephTrigger',
		icon: { light: 'file:aleph.svg', dark: 'file:aleph.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description: 'Starts the workflow when a Runway Aleph task ends',
		defaults: { name: 'Runway Aleph Trigger' },
		eventTriggerDescription: 'Listen for callbacks from Runway Aleph',
		activationMessage: 'Use the production URL as the Callback URL of your tasks.',
		triggerPanel: {
			header: 'Receive callbacks from Runway Aleph',
			executionsHelp: {
				inactive:
					'Copy the <b>test URL</b>, enter it in the <b>Callback URL</b> option of a Runway Aleph node, click <b>Execute step</b> here, and generate a video there. In production, <b>publish</b> the workflow and use the <b>production URL</b>.',
				active:
					'Enter the <b>production URL</b> in the <b>Callback URL</b> option of your Runway Aleph nodes. Each of their tasks then starts this workflow when it ends.',
			},
			activationHint: 'Once the workflow is published, it starts for each task that ends.',
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
					'Open <b>Webhook URLs</b> above, then copy the URL into the option "Callback URL" of a Runway Aleph node, or send it as callBackUrl with your own requests',
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Events',
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
						description: 'A task ended without a video',
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
					'Whether to ignore a task that has already started the workflow. The provider may send a callback more than once.',
			},
			simplifyField,
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{ ...downloadOptions.download, ...onlyVerified },
					{ ...downloadOptions.thumbnailOutputProperty, ...onlyVerified },
					{ ...downloadOptions.videoOutputProperty, ...onlyVerified },
				],
			},
		],
	};

	methods = { credentialTest: { testAlephApi } };

	webhookMethods = checkAtPublishing;

	webhook = receive;
}
