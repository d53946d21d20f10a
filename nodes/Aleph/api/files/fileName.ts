/**
 * Names of files, and what they tell. A name from elsewhere may be anything; what comes out of here
 * is one name without a folder, that a disk, a header and a screen can bear.
 */
import { asText } from '../../task/json';

/** What goes in and out of the API. */
const TYPES = new Map([
	['mp4', 'video/mp4'],
	['m4v', 'video/x-m4v'],
	['mov', 'video/quicktime'],
	['webm', 'video/webm'],
	['mkv', 'video/x-matroska'],
	['avi', 'video/x-msvideo'],
	['jpg', 'image/jpeg'],
	['jpeg', 'image/jpeg'],
	['png', 'image/png'],
	['webp', 'image/webp'],
	['gif', 'image/gif'],
	['zip', 'application/zip'],
]);

/** The MIME type that the extension of a name stands for, if it is one of what goes in and out. */
export function typeOfName(name: string): string | null {
	return TYPES.get(extensionOf(name).slice(1).toLowerCase()) ?? null;
}

/**
 * The MIME type of a file: the one that is told, unless the names know better. Hosts and nodes may say of any
 * file that it is text, or a download.
 */
export function typeOfFile(told: string | null, ...names: string[]): string {
	if (told && isOfMedia(told)) return told;
	const ofName = names.map(typeOfName).find((type) => type !== null);
	return ofName ?? (told || 'application/octet-stream');
}

/** Whether a file of that MIME type may go in or out. */
function isOfMedia(mimeType: string): boolean {
	return /^(video|image|audio)\//.test(mimeType) || [...TYPES.values()].includes(mimeType);
}

/**
 * Appends the extension of the MIME type to a name that has none, or one that says nothing.
 * @param own the extension that it has otherwise
 */
export function withExtension(name: string, mimeType: string | null, own: unknown = ''): string {
	if (typeOfName(name)) return name;
	const bare = mimeType?.split(';')[0]?.trim().toLowerCase();
	const [ofType] = [...TYPES].find(([, type]) => type === bare) ?? [];
	// n8n's own extension for any type that it does not know.
	const given = /^(?!bin$)\w{1,10}$/i.exec(asText(own) ?? '')?.[0] ?? '';
	const other = extensionOf(name) ? '' : given;
	const extension = TYPES.has(given.toLowerCase()) ? given : (ofType ?? other);
	return extension ? `${name}.${extension}` : name;
}

function extensionOf(name: string): string {
	return /[^.](\.(?=\w*[a-z])\w{1,10})$/i.exec(name)?.[1] ?? '';
}

/** What most disks allow. */
const LONGEST_BYTES = 255;

/** Line breaks and other control characters, halves of a character, and what reverses the text. */
const HARMFUL = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** The name without folders and harmful characters, and no longer than a disk allows; or empty. */
export function harmlessName(name: string): string {
	const last = name.replace(HARMFUL, '').split(/[/\\]/).at(-1)?.trim() ?? '';
	if (/^\.*$/.test(last)) return '';
	const extension = extensionOf(last);
	const stem = [...last.slice(0, last.length - extension.length)].slice(0, LONGEST_BYTES);
	while (Buffer.byteLength(stem.join('') + extension) > LONGEST_BYTES) stem.pop();
	return stem.join('') + extension;
}

/** The name that the answer gives, else the last part of the URL; or "file". */
export function nameOfDownload(url: string, headers: Record<string, unknown>): string {
	const disposition = dispositionName(asText(headers['content-disposition']) ?? '');
	return harmlessName(disposition ?? '') || harmlessName(decoded(new URL(url).pathname)) || 'file';
}

const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

/** The name in a Content-Disposition (RFC 6266), in either form and as servers really send it. */
function dispositionName(header: string): string | null {
	const parameters = new Map<string, string>();
	for (const [, name = '', value = ''] of `;${header}`.matchAll(PARAMETER)) {
		parameters.set(name.toLowerCase(), value.trim());
	}
	return extendedValue(parameters.get('filename*')) ?? plainValue(parameters.get('filename'));
}

/** `UTF-8''%e2%82%ac.mp4` (RFC 8187). */
function extendedValue(value = ''): string | null {
	const [, charset = '', encoded = ''] = /^"?([\w-]+)'[^']*'([^"]*)"?$/.exec(value) ?? [];
	const bytes = encoded.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
		String.fromCharCode(parseInt(hex, 16)),
	);
	return asText(inCharset(bytes, charset));
}

/** Between quotes with escapes, or bare. Many servers put UTF-8 into it, or percent escapes. */
function plainValue(value = ''): string | null {
	const quoted = /^"(.*)"$/s.exec(value)?.[1];
	const text = quoted === undefined ? value.replace(/^"/, '') : quoted.replace(/\\(.)/gs, '$1');
	return asText(decoded(inCharset(text, 'utf-8') ?? text));
}

/** A text whose characters are bytes, read in that character set; null if it is in another. */
function inCharset(bytes: string, charset: string): string | null {
	try {
		return new TextDecoder(charset, { fatal: true }).decode(Buffer.from(bytes, 'latin1'));
	} catch {
		return null;
	}
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
