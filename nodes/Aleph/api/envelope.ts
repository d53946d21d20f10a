/**
 * The API's envelope `{ code, msg, data }`. The HTTP status is often 200 although `code` is not,
 * and sometimes equals it, so both are read.
 */
import { asNumber, asText, parseObject, toJson } from '../task/json';
import { ApiFailure, type FailureKind } from './failure';

export interface HttpAnswer {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

/**
 * The `data` of a good answer. Throws an ApiFailure for any other.
 * @param redact takes out of the API's words what users should not see
 */
export function openEnvelope(answer: HttpAnswer, redact = (text: string) => text): unknown {
	const envelope = parseObject(answer.body);
	const bodyCode = asNumber(envelope.code);
	const code = bodyCode === null || bodyCode === 200 ? answer.statusCode : bodyCode;
	if (bodyCode === 200 && code >= 200 && code < 300) return withoutKey(envelope.data, redact);

	if (answer.statusCode === 403 && bodyCode === null) {
		throw new ApiFailure('firewall', 403, 'HTTP 403 with a web page instead of an API response');
	}
	const reason = asText(envelope.msg) ?? asText(envelope.message) ?? `HTTP ${answer.statusCode}`;
	throw new ApiFailure(failureKind(code, reason), code, redact(reason), retryAfter(answer.headers));
}

function withoutKey(data: unknown, redact: (text: string) => string): unknown {
	const text = toJson(data);
	if (text === null) throw new ApiFailure('notTheApi', 200, 'The response is nested too deeply');
	const redacted = redact(text);
	return redacted === text ? data : JSON.parse(redacted);
}

function failureKind(code: number, reason: string): FailureKind {
	switch (code) {
		case 401:
		case 403:
			return 'credential';
		case 402:
			return 'credits';
		case 404:
		case 405:
			return 'notFound';
		case 407:
			// From a proxy on the way.
			return 'unreachable';
		case 408:
			return 'busy';
		case 422:
			return /recordInfo is null/i.test(reason) ? 'unknownTask' : 'parameters';
		case 429:
			return 'rateLimit';
		case 433:
			return 'quota';
		case 451:
			return 'media';
		case 455:
			return 'maintenance';
		case 505:
			return 'switchedOff';
		case 550:
			return 'denied';
	}
	if (code >= 300 && code < 400) return 'notFound';
	if (code >= 500 && code < 600) return 'server';
	return code >= 400 && code < 500 ? 'parameters' : 'notTheApi';
}

/** Sooner would be no pause; later than this is not meant, and would stop the account for good. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60 * 60_000;

/** Retry-After is either seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter(headers: Record<string, unknown>): number | null {
	const value = headers['retry-after'];
	const seconds = asNumber(value);
	const delay = seconds === null ? Date.parse(asText(value) ?? '') - Date.now() : seconds * 1000;
	return delay <= LONGEST_MS ? Math.max(SHORTEST_MS, delay) : null;
}
