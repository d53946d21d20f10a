/** Reading JSON that may be anything: each function gives the value, or a harmless stand-in. */

export type Json = Record<string, unknown>;

export function asObject(value: unknown): Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Json)
		: {};
}

/** Parses text as a JSON object; anything else gives an empty object. */
export function parseObject(text: unknown): Json {
	if (typeof text !== 'string') return asObject(text);
	try {
		return asObject(JSON.parse(text));
	} catch {
		return {};
	}
}

/** A non-blank text, or null. */
export function asText(value: unknown): string | null {
	return typeof value === 'string' && value.trim() !== '' ? value : null;
}

/** A finite number, given as a number or as its text, or null. */
export function asNumber(value: unknown): number | null {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** False for nothing, and for the text that says so. */
export function asBoolean(value: unknown): boolean {
	return Boolean(value) && value !== 'false';
}

/** The value as JSON, or null where it is nested too deeply to be written down. */
export function toJson(value: unknown): string | null {
	try {
		return JSON.stringify(value) ?? '';
	} catch {
		return null;
	}
}
