/** What an answer that is an error says in words, and whose words they are. */
import { asObject, asText, firstText, parseObject, type Json } from '../../task/json';
import { ApiError } from '../error';

/** Looks where the APIs, and what stands in front of them, put their words. Null if there are none. */
export function wordsOf({ msg, message, error, detail }: Json): string | null {
	return firstText(msg, message, error, asObject(error).message, detail);
}

/** Some APIs tell it by these words only. Others may be about credits as well, such as the name of a file. */
export const NO_CREDITS =
	/\b(not enough|insufficient|no|0|out of|(do(es)? not|don't|doesn't) have)[ _](\w+ ){0,2}credits?\b|\bcredits? (\w+ ){0,2}(insufficient|not enough|too low)\b/i;

/**
 * The body of an error as an object. Throws an ApiError if it is a firewall's: that answers with a page, or
 * with a problem of RFC 9457, which has a title.
 */
export function errorBody({ statusCode, body }: { statusCode: number; body: unknown }): Json {
	const content = parseObject(body);
	const isOfApi = Object.keys(content).length > 0 && asText(content.title) === null;
	if (statusCode !== 403 || isOfApi) return content;
	throw new ApiError('firewall', 403, 'HTTP 403 with a page instead of an API response');
}
