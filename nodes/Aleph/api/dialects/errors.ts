/** What an answer that is an error says, whichever the API: its words, its kind, and when to try again. */
import { asNumber, asObject, asText, firstText, parseObject, type Json } from '../../task/json';
import { ApiError, type ApiErrorKind } from '../error';
import type { HttpAnswer } from './dialect';

/** The words of the API, where it puts them, and so does what stands in front of it; null if there are none. */
export function wordsOf({ msg, message, error, detail }: Json): string | null {
	return firstText(msg, message, error, asObject(error).message, detail);
}

/**
 * What to show of an answer without such words: those of a proxy may be bare, and those of a framework in a
 * list. They say nothing of what was refused.
 */
export function bareWords({ statusCode, body }: HttpAnswer, content: Json): string {
	const { msg, message, error, detail } = content;
	const [shown] = [msg, message, error, detail, body].flatMap((each) => briefly(each) ?? []);
	return shown ?? `HTTP ${statusCode}`;
}

const LONGEST_REASON = 300;

/** Null for a page, for an object without any words that are known, and for what is too long to be read. */
function briefly(value: unknown): string | null {
	const text = Array.isArray(value) && value.length > 0 ? JSON.stringify(value) : asText(value);
	const isReadable = text !== null && text.length <= LONGEST_REASON && !/^\s*[<{]/.test(text);
	return isReadable ? text.trim() : null;
}

/** Some APIs tell it by these words only. Others may be about credits as well, such as the name of a file. */
export const NO_CREDITS =
	/\b(not enough|insufficient|out of|(do(es)? not|don't|doesn't) have)[ _](\w+ ){0,2}credits?\b|\b(no|0)[ _](\w+ ){0,2}credits?\b(?!,? (\w+ ){0,6}(?<!to be )(charged|deducted|used|consumed|spent|taken|billed)\b)|\bcredits? (\w+ ){0,2}(insufficient|not enough|too low)\b/i;

/**
 * The body of an error as an object. Throws an ApiError if it is a firewall's: that answers with a page, or
 * with a problem of RFC 9457, which has a title.
 */
export function errorBody({ statusCode, body }: HttpAnswer): Json {
	const content = parseObject(body);
	const isOfApi = Object.keys(content).length > 0 && asText(content.title) === null;
	if (statusCode !== 403 || isOfApi) return content;
	throw new ApiError('firewall', 403, 'HTTP 403 with a page instead of an API response');
}

const KINDS: Record<number, ApiErrorKind> = {
	401: 'credential',
	404: 'notFound',
	405: 'notFound',
	// From a proxy on the way.
	407: 'unreachable',
	408: 'busy',
};

/** What an HTTP status means, or a code that is like one, if the API has no meaning of its own for it. */
export function kindOfStatus(status: number): ApiErrorKind {
	const kind = KINDS[status];
	if (kind) return kind;
	if (status >= 300 && status < 400) return 'notFound';
	if (status >= 500 && status < 600) return 'server';
	return status >= 400 && status < 500 ? 'parameters' : 'notTheApi';
}

/** Sooner would be no pause; later than this is not meant, and would stop the account for good. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60 * 60_000;

/**
 * `Retry-After` is either seconds or a date (RFC 9110, section 10.2.3). `retry-after-ms` and
 * `x-should-retry` are what Runway's own SDK heeds (4.20.1).
 */
export function retryAfter(headers: Record<string, unknown>) {
	const milliseconds = leadingNumber(headers['retry-after-ms']);
	const isMeant = milliseconds !== null && milliseconds > 0 && milliseconds <= LONGEST_MS;
	const delay = isMeant ? milliseconds : delayOf(headers['retry-after']);
	const said = asText(headers['x-should-retry'])?.trim().toLowerCase();
	return {
		...(delay <= LONGEST_MS && { retryAfter: Math.max(SHORTEST_MS, delay) }),
		...((said === 'true' || said === 'false') && { shouldRetry: said === 'true' }),
	};
}

function delayOf(value: unknown): number {
	const seconds = leadingNumber(value);
	return seconds === null ? Date.parse(asText(value) ?? '') - Date.now() : seconds * 1000;
}

/** As servers write it: 30, "30", "30s", "30, 30". */
function leadingNumber(value: unknown): number | null {
	return asNumber(/^\s*\d+(\.\d+)?(?![\d.-])/.exec(String(value))?.[0]);
}
