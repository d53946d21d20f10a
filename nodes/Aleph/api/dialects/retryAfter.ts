/** What an answer's headers say about trying again, as the details of an ApiError. */
import { asNumber, asText } from '../../task/json';

/** Sooner would be no pause; later than this is not meant, and would stop the account for good. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60 * 60_000;

/**
 * `Retry-After` is either seconds or a date (RFC 9110, section 10.2.3). `retry-after-ms` and
 * `x-should-retry` are what Runway's own SDK heeds (4.20.1).
 */
export function retryAfter(headers: Record<string, unknown>): {
	retryAfter?: number;
	shouldRetry?: boolean;
} {
	const delay = asNumber(headers['retry-after-ms']) ?? delayOf(headers['retry-after']);
	const said = asText(headers['x-should-retry'])?.trim().toLowerCase();
	return {
		...(delay <= LONGEST_MS && { retryAfter: Math.max(SHORTEST_MS, delay) }),
		...((said === 'true' || said === 'false') && { shouldRetry: said === 'true' }),
	};
}

function delayOf(value: unknown): number {
	const seconds = asNumber(value);
	return seconds === null ? Date.parse(asText(value) ?? '') - Date.now() : seconds * 1000;
}
