/** What a text is as a URL. */

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

/** Whether a URL is like https://user:password@example.com. */
export function hasLogin(url: string): boolean {
	const parsed = asUrl(url);
	return parsed !== null && parsed.username + parsed.password !== '';
}
