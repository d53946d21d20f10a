/** What a credential says: who the provider is, which API, where it is, and the limiters of its account. */
import { createHash } from 'crypto';
import {
	NodeOperationError,
	type ICredentialDataDecryptedObject,
	type IHookFunctions,
} from 'n8n-workflow';
import type { NodeContext } from '../n8n';
import { trimInvisible } from '../task/json';
import { hasLogin, isHttpUrl } from '../task/url';
import { dialectOf, PROVIDERS } from './dialects';
import type { Dialect, Provider } from './dialects/dialect';
import { cleanHmacKey, cleanKey } from './key';
import { sharing } from './recent';
import { limitersOf, type AccountLimiters } from './rateLimiter';

/** Which API has a task, and where it is: stored with the task. */
export interface ApiRef {
	dialect: string;
	baseUrl: string;
}

/** The account as one credential sees it, read once for a run of a node. */
export interface Connection {
	provider: Provider;
	dialect: Dialect;
	baseUrl: string;
	/** Empty if the provider has no uploads. */
	uploadUrl: string;
	/** Tells accounts apart without showing the key. */
	account: string;
	limiters: AccountLimiters;
	apiKey: string;
	/** What callbacks are signed with; empty if the account has no such key. */
	hmacKey: string;
	/** For n8n, which would read the credential anew for each request. */
	credential: ICredentialDataDecryptedObject;
}

/** Reads the credential. Throws what n8n throws, or an error that says what is wrong with it. */
export async function readConnection(ctx: NodeContext | IHookFunctions): Promise<Connection> {
	const connection = connectionOf(await ctx.getCredentials('alephApi'));
	const problem = connection
		? problemOf(connection)
		: 'The credential names no provider, or none with this API';
	if (connection && !problem) return connection;
	throw new NodeOperationError(ctx.getNode(), problem!, {
		description:
			'Nothing was sent. Open the credential, check the provider and what belongs to it, and save it.',
	});
}

/** How long a credential that is edited may still count as it was, for callbacks. */
const RECENT_MS = 5_000;

const shared = sharing<Connection>(RECENT_MS);

/**
 * Reads it for a callback, unless it was read for another one a moment ago. Callbacks come in bursts, and a
 * read in a webhook costs n8n about as much as an execution.
 */
export async function readRecentConnection(ctx: NodeContext): Promise<Connection> {
	const { id, credentials } = ctx.getNode();
	const key = [ctx.getWorkflow().id, id, credentials?.alephApi?.id].join(' ');
	return await shared(key, async () => await readConnection(ctx));
}

/** What is wrong with a credential, as far as that can be told without asking the API; else null. */
export function problemOf(connection: Connection): string | null {
	if (connection.apiKey === '') return 'The API key in the credential is empty';
	const { baseUrl, uploadUrl } = connection;
	if (!isHttpUrl(baseUrl)) return 'The base URL in the credential is not a URL';
	if (uploadUrl !== '' && !isHttpUrl(uploadUrl)) {
		return 'The upload URL in the credential is not a URL';
	}
	// A request would carry these instead of the key.
	if ([baseUrl, uploadUrl].some(hasLogin)) {
		return 'A URL in the credential contains a user name or password';
	}
	// The path of a request would become a part of it.
	if (/[?#]/.test(baseUrl + uploadUrl)) return 'A URL in the credential contains a "?" or a "#"';
	if (hasVoidHmacKey(connection)) return 'The webhook HMAC key in the credential has no value';
	return wrongKey(connection);
}

/** An expression that gives nothing would switch off the check of signatures. A field that is left alone is ''. */
function hasVoidHmacKey({ dialect, credential }: Connection): boolean {
	const { webhookHmacKey: key } = credential;
	const isSet = 'webhookHmacKey' in credential && key !== '';
	return isSet && cleanHmacKey(key) === '' && dialect.taskFromCallback !== undefined;
}

/**
 * Why the key must not be sent to this provider, as far as a key can be told; else null. The key of another
 * one may be anywhere in what the user has pasted.
 */
function wrongKey({ provider, apiKey }: Connection): string | null {
	if (provider.value === CUSTOM) return null;
	const owner = PROVIDERS.find(({ keys }) => keys?.pattern.test(apiKey));
	if (!owner || owner.value === provider.value) return null;
	return `The API key looks like a key of ${owner.label}, but the provider is ${provider.label}`;
}

/** What goes along with every request, from the node or from the HTTP Request node. */
export function headersOf(credential: ICredentialDataDecryptedObject): Record<string, string> {
	const { apiKey = cleanKey(credential.apiKey), dialect } = connectionOf(credential) ?? {};
	return { Authorization: `Bearer ${apiKey}`, ...dialect?.headers };
}

/** Null if the credential names no provider or API that this version knows. */
export function connectionOf(credential: ICredentialDataDecryptedObject): Connection | null {
	const apiKey = cleanKey(credential.apiKey);
	const provider = providerIn(credential);
	const dialect = provider && dialectIn(provider, credential.api);
	if (!provider || !dialect) return null;
	const { baseUrl, uploadUrl } = provider;
	const account = createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('hex');
	const limiters = limitersOf(account);
	const hmacKey = cleanHmacKey(credential.webhookHmacKey);
	return { provider, dialect, baseUrl, uploadUrl, account, limiters, apiKey, hmacKey, credential };
}

/** The known providers bring their own addresses, so that a key reaches no other host. */
function providerIn({
	provider = 'kie',
	baseUrl,
	uploadUrl,
	api,
}: ICredentialDataDecryptedObject): Provider | undefined {
	const known = PROVIDERS.find(({ value }) => value === provider);
	if (known || provider !== CUSTOM) return known;
	const dialect = dialectOf(api);
	if (!dialect) return undefined;
	const offering = PROVIDERS.filter(({ dialects }) => dialects.includes(dialect));
	return {
		value: CUSTOM,
		label: 'The provider',
		description: 'At an address of its own',
		baseUrl: asBaseUrl(baseUrl),
		uploadUrl: dialect.hasUploadUrl ? asBaseUrl(uploadUrl) : '',
		dialects: [...new Set([dialect, ...offering.flatMap(({ dialects }) => dialects)])],
		keyPage: '',
		resultLifetime: Math.min(...offering.map(({ resultLifetime }) => resultLifetime)),
		uploadLifetime: Math.min(...offering.map(({ uploadLifetime }) => uploadLifetime)),
	};
}

/** The address is the user's: of a proxy, or of a provider that is not in the list. */
export const CUSTOM = 'custom';

/** A provider with one API has no choice; one with several has a default. */
function dialectIn({ dialects }: Provider, api: unknown): Dialect | undefined {
	if (dialects.length === 1 || !api) return dialects[0];
	return dialects.find(({ value }) => value === api);
}

/** As users may write it: without https://, or with a slash at the end. */
function asBaseUrl(text: unknown): string {
	const given = typeof text === 'string' ? trimInvisible(text) : '';
	const url = given.replace(/(^https?:)?\/+$/i, '');
	return url === '' || url.includes('://') ? url : `https://${url}`;
}
