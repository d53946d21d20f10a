/** The signature of a callback: base64 of HMAC-SHA256 over `taskId.timestamp`. */
import { createHmac, timingSafeEqual } from 'crypto';

interface Signature {
	taskId: string;
	/** Unix seconds, as the header has them. */
	timestamp?: string | null;
	signature?: string | null;
}

/** How old, or how far ahead of our clock, a signature may be. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * Whether the holder of `key` signed this callback not long ago. It covers the id and the time only:
 * that a task ended is proven, what the body says of it is not.
 * @param now epoch milliseconds
 */
export function isSigned(
	{ taskId, timestamp, signature }: Signature,
	key: string,
	now: number,
): boolean {
	if (!timestamp || !signature || !/^\d{1,15}$/.test(timestamp)) return false;
	if (Math.abs(now - Number(timestamp) * 1000) > TOLERANCE_MS) return false;
	const expected = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest();
	const given = Buffer.from(signature, 'base64');
	return given.length === expected.length && timingSafeEqual(given, expected);
}
