/** One request to the API: the only place where HTTP is spoken. */
import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';
import { asObject, asText } from '../task/json';
import type { Api, NodeFunctions } from './connect';
import { openEnvelope, type HttpAnswer } from './envelope';
import { ApiFailure } from './failure';

/** A firewall in front of the provider refuses clients that look like bots. */
export const USER_AGENT = 'n8n-nodes-runway-aleph';

interface ApiRequest {
	method: IHttpRequestMethods;
	/** Where it is not the API itself. */
	baseUrl?: string;
	path: string;
	qs?: IDataObject;
	body?: IDataObject | FormData;
	/** Milliseconds after which an answer is no longer expected. */
	timeout: number;
	/** Ends the request instead, where `timeout` is 0. */
	stalled?: AbortSignal;
	/** Let the request come to its end even when the user stops the execution. */
	uninterrupted?: boolean;
}

/** Sends a request and gives the `data` of its answer. Throws an ApiFailure. */
export async function request(api: Api, options: ApiRequest): Promise<unknown> {
	const { baseUrl = api.baseUrl, path, uninterrupted, stalled, body, ...rest } = options;
	const signals = [
		...(api.signal && !uninterrupted ? [api.signal] : []),
		// n8n's time-out begins anew with each byte of an answer, and is silent about those sent.
		stalled ?? AbortSignal.timeout(options.timeout),
	];
	const sender = withSignal(api.functions, AbortSignal.any(signals));
	if (!isHttpUrl(baseUrl)) throw new ApiFailure('unreachable', null, 'the base URL is not a URL');
	let answer: HttpAnswer;
	try {
		answer = (await api.functions.helpers.httpRequestWithAuthentication.call(sender, 'alephApi', {
			...rest,
			// n8n's types know the class of a library only, its HTTP client takes the platform's.
			body: body as IDataObject | undefined,
			url: `${baseUrl}${path}`,
			headers: { 'User-Agent': USER_AGENT },
			json: true,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			// A redirected request would carry the key to another host.
			disableFollowRedirect: true,
		})) as HttpAnswer;
	} catch (error) {
		throw networkFailure(error, baseUrl);
	}
	return openEnvelope(answer, api.redact);
}

/** n8n aborts a request by this signal, as it finds it on its caller. */
function withSignal(functions: NodeFunctions, signal: AbortSignal): NodeFunctions {
	return Object.create(functions, {
		getExecutionCancelSignal: { value: () => signal },
	}) as NodeFunctions;
}

export function isHttpUrl(value: unknown): value is string {
	if (typeof value !== 'string') return false;
	try {
		const { protocol, hostname } = new URL(value.trim());
		return /^https?:$/.test(protocol) && hostname !== '';
	} catch {
		return false;
	}
}

/** With these nothing was sent: no name, no connection, no trust. */
const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UNABLE_TO_VERIFY_.*|.*CERT.*)$/;

/** The failure of a request that got no answer, or not all of it. */
export function networkFailure(error: unknown, url: string): ApiFailure {
	// n8n wraps the error of its HTTP client, which holds the request with its headers and so the
	// key: only its code may pass.
	const { cause, code } = asObject(error);
	const networkCode = asText(asObject(cause).code) ?? asText(code) ?? 'no response';
	// Other codes, such as EHOSTUNREACH, also end a connection on which the request went out.
	const notSent = NOT_CONNECTED.test(networkCode) || asObject(cause).syscall === 'connect';
	const kind = notSent ? 'unreachable' : 'cut';
	return new ApiFailure(kind, null, `${networkCode} at ${new URL(url).origin}`);
}
