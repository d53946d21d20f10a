/** The test of a credential: asks the API what a node would ask, and reads the answer as a node does. */
import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { connectionOf, headersOf, problemOf, type Connection } from './connection';
import type { HttpAnswer } from './dialects/dialect';
import { ApiError, type ApiErrorKind } from './error';
import { networkError } from './networkError';
import { READ_TIMEOUT_MS, USER_AGENT } from './request';
import { redactText } from './key';

export async function testAlephApi(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const connection = connectionOf(data);
	if (!connection) return failed('Choose a provider and an API');
	// A key of another provider would be sent to somebody else.
	const problem = problemOf(connection);
	if (problem) return failed(problem);
	try {
		const { dialect } = connection;
		const answer = dialect.open(await ask(this, connection, headersOf(data)), dialect.probe);
		// Whoever else answers may call everything good.
		if (dialect.answersProbe?.(answer) === false) return failed(messageOf(NOT_THE_API, connection));
		return OK;
	} catch (error) {
		const failure = error instanceof ApiError ? error : networkError(error, connection.baseUrl);
		return failure.kind === 'unknownTask' ? OK : failed(messageOf(failure, connection));
	}
}

const OK: INodeCredentialTestResult = { status: 'OK', message: 'The API key is good' };

const NOT_THE_API = new ApiError('notTheApi', 200, 'The response tells nothing of the account');

function failed(message: string): INodeCredentialTestResult {
	return { status: 'Error', message };
}

async function ask(
	{ helpers: { request } }: ICredentialTestFunctions,
	{ baseUrl, dialect }: Connection,
	headers: Record<string, string>,
): Promise<HttpAnswer> {
	const { method, path, qs } = dialect.probe;
	return (await request({
		method,
		uri: `${baseUrl}${path}`,
		qs,
		headers: { 'User-Agent': USER_AGENT, ...headers },
		json: true,
		simple: false,
		resolveWithFullResponse: true,
		// A redirected request would carry the key to another host.
		followRedirect: false,
		timeout: READ_TIMEOUT_MS,
	})) as HttpAnswer;
}

function messageOf({ kind, reason }: ApiError, { provider, apiKey }: Connection): string {
	const said = redactText(reason, apiKey);
	const { keys } = provider;
	const hint = keys
		? keys.pattern.exec(apiKey)?.[0] === apiKey
			? ''
			: `, and it does not look like a key of ${provider.label}: ${keys.hint}`
		: ', or its IP whitelist lacks the address of your n8n';
	const messages: Partial<Record<ApiErrorKind, string>> = {
		credential: `The API key is wrong or missing${hint} (${said})`,
		noModel: `The provider does not offer Aleph, or not to this account (${said})`,
		// No docs say that the API looks at the key first.
		parameters: `The API refused the test, and did not say whether the key is good (${said})`,
		credits: `The account has no credits left (${said})`,
		notFound:
			'This server does not have the selected API: check the provider and, with "Other", the base URL',
		rateLimit: 'Too many requests: test again in a minute',
		quota: 'The API key has reached its own limit: raise it in your provider account',
		maintenance: 'The API is under maintenance: test again later',
		switchedOff: 'The provider has switched this API off: choose another API or provider',
		denied: `The API denied the connection: check your provider account (${said})`,
		region: `The provider does not serve this region (${said})`,
		server: `The API had an internal error: test again later (${said})`,
		busy: 'The API is busy: test again later',
		firewall: 'A firewall in front of the provider refused the request: the key was not checked',
		unreachable: `The API could not be reached: check n8n's internet access and, with "Other", the base URL (${said})`,
		interrupted: `The connection to the API was lost: test again (${said})`,
	};
	return (
		messages[kind] ??
		'The response did not come from the API, but perhaps from a login page or a proxy: with "Other", check the base URL'
	);
}
