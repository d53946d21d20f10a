/** What an error of n8n's HTTP client says: above all, whether anything can have been sent. */
import { asList, asObject, asText, type Json } from '../task/json';
import { ApiError } from './error';

/**
 * Codes with which no request goes out: there is no name, no connection, or no trust. EPROTO is TLS that
 * meets a server without it.
 */
const NOT_CONNECTED =
	/^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EPROTO|ERR_TLS_\w+|ERR_SSL_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|ERR_INVALID_URL|\w*CERT\w*)$/;

/** How n8n says that its protection against requests to private networks has stopped this one (2.41). */
const PROTECTION = /ssrf|blocked (ip|host|address)|not allowed to (connect|access)/i;

/** The error of a request that got no answer, or not all of it. */
export function networkError(error: unknown, url: string): ApiError {
	// n8n wraps the error of its HTTP client, which holds the request with its headers and so the
	// key: only its codes may pass.
	const chain = causesOf(error);
	const code = chain.map(codeOf).find((each) => each !== null) ?? 'no response';
	const kind = chain.some(isNotSent) ? 'unreachable' : 'interrupted';
	return new ApiError(kind, null, `${code} at ${originOf(url)}`);
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

function isNotSent(error: Json): boolean {
	const { code, syscall, errors, message, name } = error;
	if (NOT_CONNECTED.test(asText(code) ?? '') || syscall === 'connect') return true;
	// A host with several addresses, none of which can be connected to.
	const several = asList(errors).map(asObject);
	if (several.length > 0 && several.every(isNotSent)) return true;
	return PROTECTION.test(`${asText(name) ?? ''} ${asText(message) ?? ''}`);
}

function codeOf({ code, errors }: Json): string | null {
	const [first] = asList(errors);
	return asText(code) ?? (first === undefined ? null : asText(asObject(first).code));
}

function originOf(url: string): string {
	return URL.canParse(url) ? new URL(url).origin : 'an address that is not a URL';
}
