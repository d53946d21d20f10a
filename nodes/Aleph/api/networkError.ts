/** What an error of n8n's HTTP client says: above all, whether anything can have been sent. */
import { asList, asObject, asText, type Json } from '../task/json';
import { ApiError } from './error';

/**
 * Codes with which no request goes out: there is no name, no connection, or no trust. EPROTO is TLS that
 * meets a server without it; ERR_SSL_* is what spoils an open connection, on which the request went out.
 */
const NOT_CONNECTED =
	/^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EADDRNOTAVAIL|EPROTO|ERR_TLS_\w+|UNABLE_TO_\w+|\w*SELF_SIGNED\w*|\w*CERT\w*)$/;

/** How Node words a connection that could not be opened, or that broke before the request could go over it. */
const NEVER_OPEN = /^connect E|before secure TLS connection was established/;

/** How n8n says that its protection against requests to private networks has stopped this one (2.41). */
const PROTECTION = /^Ssrf|request was blocked because/;

/** Our own time limit, or the user who stops the execution. */
const ABORTED = 'ERR_CANCELED';

/**
 * The error of a request that got no answer, or not all of it.
 * @param url an HTTP URL: where it was sent
 */
export function networkError(error: unknown, url: string): ApiError {
	// n8n wraps the error of its HTTP client, which holds the request with its headers and so the
	// key: only its codes may pass.
	const chain = causesOf(error);
	const code = chain.map(codeOf).find((each) => each !== null);
	const isProtection = chain.some(isOfProtection);
	const isNotSent = isProtection || chain.some(isNotConnected);
	const words = isProtection
		? "n8n's SSRF protection"
		: code === ABORTED
			? 'no answer in time'
			: code;
	const reason = `${words ?? 'no response'} at ${new URL(url).origin}`;
	return new ApiError(isNotSent ? 'unreachable' : 'interrupted', null, reason);
}

/** The error and what caused it, the outermost first. */
function causesOf(error: unknown): Json[] {
	const chain: Json[] = [];
	for (let each = error; typeof each === 'object' && each !== null && chain.length < 10;) {
		chain.push(asObject(each));
		each = asObject(each).cause;
	}
	return chain;
}

function isNotConnected(error: Json): boolean {
	// Other codes, such as EHOSTUNREACH, also end a connection on which the request went out.
	const isConnecting =
		error.syscall === 'connect' || textsOf(error).some((text) => NEVER_OPEN.test(text));
	if (isConnecting || NOT_CONNECTED.test(codeOf(error) ?? '')) return true;
	// A host with several addresses, none of which can be connected to.
	const several = asList(error.errors).map(asObject);
	return several.length > 0 && several.every(isNotConnected);
}

function isOfProtection(error: Json): boolean {
	return [asText(error.name) ?? '', ...textsOf(error)].some((text) => PROTECTION.test(text));
}

/** Before 2.41 n8n keeps no cause: the code is in `httpCode`, the message in `messages`. */
function codeOf({ code, httpCode }: Json): string | null {
	const found = asText(code) ?? asText(httpCode);
	return found !== null && /[A-Z]/.test(found) ? found : null;
}

function textsOf({ message, messages }: Json): string[] {
	return [message, ...asList(messages)].flatMap((text) => asText(text) ?? []);
}
