/** Whether a value is the URL of something that can be asked for. */
export function isHttpUrl(value: unknown): value is string {
	if (typeof value !== 'string' || !URL.canParse(value)) return false;
	return /^https?:$/.test(new URL(value).protocol);
}

/** Whether a URL is like https://user:password@example.com. */
export function hasLogin(url: string): boolean {
	return URL.canParse(url) && new URL(url).username + new URL(url).password !== '';
}
