/** The keys of an account: what is used of them, and how the API key is kept out of everything else. */
import { asObject, trimInvisible } from '../task/json';

/**
 * Users paste line breaks, blanks and invisible characters along with a key, quotes around it, and the
 * `Bearer` of a header before it, none of which an API key has.
 */
export function cleanKey(key: unknown): string {
	return textOf(key)
		.replace(/[^\x21-\x7e]+/g, ' ')
		.replace(/^[ "'`]*(bearer [ "'`]*)?|[ "'`]+$/gi, '')
		.replaceAll(' ', '');
}

/** A key that signs may be any text: only what is invisible goes, and blanks around it. */
export function cleanHmacKey(key: unknown): string {
	return trimInvisible(textOf(key));
}

/** An expression may give a key of digits as a number. */
function textOf(key: unknown): string {
	return typeof key === 'string' || typeof key === 'number' ? String(key) : '';
}

/** Real keys are longer; a shorter one would take harmless words and numbers with it. */
const SHORTEST_KEY = 8;

const HIDDEN = '*****';

/** The text without the key. */
export function redactText(text: string, key: string): string {
	return key.length >= SHORTEST_KEY ? text.replaceAll(key, HIDDEN) : text;
}

/** The JSON value without the key, in any of its texts, names and numbers. */
export function redact(value: unknown, key: string): unknown {
	if (key.length < SHORTEST_KEY) return value;
	if (typeof value === 'string') return redactText(value, key);
	if (typeof value === 'number') return String(value) === key ? HIDDEN : value;
	if (Array.isArray(value)) return value.map((each) => redact(each, key));
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(asObject(value));
	return Object.fromEntries(
		entries.map(([name, each]) => [redactText(name, key), redact(each, key)]),
	);
}
