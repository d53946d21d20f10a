/** Reading JSON that may be anything: each function gives the value, or a harmless stand-in. */

export type Json = Record<string, unknown>;

export function asObject(value: unknown): Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Json)
		: {};
}

export function asList(value: unknown): unknown[] {
	return Array.isArray(value) ? (value as unknown[]) : [];
}

/** A list, or the JSON text of one; or a value alone as the list of it. */
export function parseList(value: unknown): unknown[] {
	const list = parsed(value);
	return Array.isArray(list) ? (list as unknown[]) : [value];
}

/** An object, or the JSON text of one; anything else gives an empty object. */
export function parseObject(value: unknown): Json {
	return asObject(parsed(value));
}

function parsed(value: unknown): unknown {
	if (typeof value !== 'string') return value;
	try {
		// What was made a text of twice as well.
		return parsed(JSON.parse(value));
	} catch {
		return value;
	}
}

/** A text that is not blank, or null. */
export function asText(value: unknown): string | null {
	return typeof value === 'string' && value.trim() !== '' ? value : null;
}

/** Without invisible characters, which come along when a value is copied, and without blanks around it. */
export function trimInvisible(text: string): string {
	return text.replace(/\p{Cf}/gu, '').trim();
}

/** A finite number, given as a number or as its text, or null. */
export function asNumber(value: unknown): number | null {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** An ID may be text or a whole number. Null for anything else, and for what no API would give. */
export function asId(value: unknown): string | null {
	const id = Number.isSafeInteger(value) ? String(value) : asText(value)?.trim();
	return id === undefined || id.length > LONGEST_ID || IN_NO_ID.test(id) ? null : id;
}

const LONGEST_ID = 200;

/** Control characters, and halves of characters, which no URL can hold. */
const IN_NO_ID = /[\p{Cc}\p{Cs}]/u;

/** An error's code as text, to show if there are no words. Null for 0, which means none. */
export function asCode(value: unknown): string | null {
	const code = asId(value);
	return code === '0' ? null : code;
}

/** The first of the values that is a text which is not blank, or null. */
export function firstText(...values: unknown[]): string | null {
	return values.map(asText).find((text) => text !== null) ?? null;
}
