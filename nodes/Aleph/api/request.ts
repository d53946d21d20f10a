/** One request, with the key or without: the only place that sends the key. */
import { jsonParse, type IDataObject, type IHttpRequestOptions } from 'n8n-workflow';
import { withSignal, type NodeContext } from '../n8n';
import type { Connection } from './connection';
import type { ApiCall, HttpAnswer } from './dialects/dialect';
import { ApiError } from './error';
import { redact } from './key';
import { networkError } from './networkError';
import { limited } from './signals';

/** Firewalls in front of the providers refuse clients that look like scripts. */
export const USER_AGENT = 'n8n-nodes-runway-aleph';

interface Sending {
	url: string;
	/** Milliseconds after which an answer is no longer expected. */
	timeout?: number;
	signal?: AbortSignal;
	body?: FormData;
}

/** How long to wait for an answer that costs nothing. */
export const READ_TIMEOUT_MS = 30_000;

/** Sends a call of the connection's dialect, and gives the data of its answer. Throws an ApiError. */
export async function request(
	ctx: NodeContext,
	connection: Connection,
	call: ApiCall,
	signal?: AbortSignal,
): Promise<unknown> {
	return connection.dialect.open(await answerTo(ctx, connection, call, { signal }), call);
}

/** The same, but gives the answer whatever it says. */
export async function answerTo(
	ctx: NodeContext,
	connection: Connection,
	call: ApiCall,
	{ timeout = READ_TIMEOUT_MS, signal }: Pick<Sending, 'timeout' | 'signal'>,
): Promise<HttpAnswer> {
	const url = `${connection.baseUrl}${call.path}`;
	return await send(ctx, connection, call, { url, timeout, signal });
}

/** Sends a request with the key, and gives the answer without it. Throws an ApiError. */
export async function send(
	ctx: NodeContext,
	{ credential, apiKey }: Connection,
	{ method, qs, body }: Omit<ApiCall, 'path'>,
	{ url, timeout, signal, body: form }: Sending,
): Promise<HttpAnswer> {
	// n8n's time-out begins anew with each byte of an answer, and is silent about those sent.
	const limit = limited([signal], timeout);
	const asked = ctx.helpers.httpRequestWithAuthentication.call(
		withSignal(ctx, limit.signal),
		'alephApi',
		{
			method,
			qs,
			// n8n's type only allows the class of a library; at run time the platform's works too.
			body: form ? (form as unknown as IDataObject) : body,
			url,
			headers: { 'User-Agent': USER_AGENT },
			json: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			// A redirected request would carry the key to another host.
			disableFollowRedirect: true,
			timeout: 0,
		},
		{ credentialsDecrypted: { id: '', name: '', type: 'alephApi', data: credential } },
	) as Promise<HttpAnswer>;
	const answer = await asked
		.catch((error: unknown) => {
			throw networkError(error, url);
		})
		.finally(limit.release);
	const read = readBody(answer.body, apiKey);
	if (read === null) throw new ApiError('notTheApi', null, 'The response is nested too deeply');
	return { ...answer, body: read.value };
}

/** Sends a request to another host than the API's, without the key. Throws an ApiError. */
export async function sendWithoutKey<T>(
	{ helpers }: NodeContext,
	{ headers, ...options }: IHttpRequestOptions,
): Promise<T> {
	const asked = helpers.httpRequest({
		...options,
		headers: { 'User-Agent': USER_AGENT, ...headers },
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		timeout: 0,
	}) as Promise<T>;
	return await asked.catch((error: unknown) => {
		throw networkError(error, options.url);
	});
}

/**
 * The body without the key; null if it is nested too deeply. Text that is JSON is read first: to take the
 * key out might break it.
 */
function readBody(body: unknown, apiKey: string): { value: unknown } | null {
	try {
		const value = typeof body === 'string' ? jsonParse(body, { fallbackValue: body }) : body;
		return { value: redact(value, apiKey) };
	} catch {
		return null;
	}
}
