/** What the provider can do with a URL: a private address means something only nearby, and a page is no file. */
import { isHttpUrl } from '../../../task/url';

/** Names and addresses (RFC 1918, 3927, 4193, 6598, loopback) that are not of the public internet. */
const PRIVATE = [
	/^[^.:]+$/,
	/\.(localhost|local|internal|lan|home|test)$/,
	/^(0|10|127)(\.\d+){3}$/,
	/^(169\.254|192\.168)(\.\d+){2}$/,
	/^172\.(1[6-9]|2\d|3[01])(\.\d+){2}$/,
	/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])(\.\d+){2}$/,
	/^\[(::1?|f[cd].*|fe[89ab].*|::ffff:.*)\]$/,
];

/** What is no URL, or one of the provider's own, is not private either: whoever uses it will say what is wrong with it. */
export function isPrivate(url: string): boolean {
	if (!isHttpUrl(url)) return false;
	const { hostname } = new URL(url);
	return PRIVATE.some((pattern) => pattern.test(hostname));
}

/** A private address will do if the API has one itself. */
export function canCall(apiUrl: string, url: string): boolean {
	return isPrivate(apiUrl) || !isPrivate(url);
}

/** Hosts whose links lead to a page with a player, not to the file. */
export const PAGES =
	/(^|\.)(drive\.google\.com|docs\.google\.com|dropbox\.com|youtube\.com|youtu\.be|vimeo\.com|onedrive\.live\.com|1drv\.ms|sharepoint\.com|we\.tl|wetransfer\.com|icloud\.com)$/i;
