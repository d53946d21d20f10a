/** What a text is as a URL. */
import { asText } from './json';

/**
 * Null if it is none. `URL.canParse` is wrong about letters such as ü once it has been called some thousand
 * times (Node 20.20.2).
 */
export function asUrl(text: string): URL | null {
	try {
		return new URL(text);
	} catch {
		return null;
	}
}

/** Whether a value is the URL of something that can be asked for. */
export function isHttpUrl(value: unknown): value is string {
	return typeof value === 'string' && /^https?:$/.test(asUrl(value)?.protocol ?? '');
}

/** The first of the values that is the URL of something, else the first that is a text; null for none. */
export function firstUrl(...values: unknown[]): string | null {
	const texts = values.map(asText).filter((text) => text !== null && !NO_VALUE.test(text));
	return texts.find(isHttpUrl) ?? texts[0] ?? null;
}

/** What programs write for a value that they do not have. */
const NO_VALUE = /^\s*(null|undefined|none|n\/a)\s*$/i;

/**
 * A URL in characters that every API takes. A browser writes blanks and letters of other scripts in another
 * way when it sends them; any other URL stays as it is: a signature holds for the very text.
 */
export function sendable(url: string): string {
	return /[^!-~]/.test(url) ? (asUrl(url)?.href ?? url) : url;
}

/** Whether a URL is like https://user:password@example.com. */
export function hasLogin(url: string): boolean {
	const parsed = asUrl(url);
	return parsed !== null && parsed.username + parsed.password !== '';
}
