/**
 * Reading parameters, whose values come from fields, from expressions, and so from spreadsheets and forms.
 * A value of another type is taken if its meaning is certain, and refused otherwise: no value is ever
 * ignored, or replaced by a default.
 */
import { asUrl, isHttpUrl, sendable } from '../task/url';
import { escaped } from '../n8n';
import { trimInvisible, type Json } from '../task/json';

/** A parameter that cannot be used. The message names the field, the description says what was found. */
export class InvalidInput extends Error {
	readonly description: string;

	constructor(message: string, advice: string) {
		super(message);
		this.description = `Nothing was sent. ${escaped(advice)}`;
	}
}

const VISIBLE = /[^\s\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** Nothing, or a text without a visible character. */
export function isEmpty(value: unknown): boolean {
	return (
		value === undefined || value === null || (typeof value === 'string' && !VISIBLE.test(value))
	);
}

/** A reader that gives undefined if the option is absent or empty: for options that mean "none" then. */
export function optional<T>(
	options: Json,
	name: string,
	read: (value: unknown) => T,
): T | undefined {
	return isEmpty(options[name]) ? undefined : read(options[name]);
}

/** A reader that gives the default if the option is absent. An option that is there must have a value. */
export function withDefault<T>(
	options: Json,
	name: string,
	fallback: T,
	read: (value: unknown) => T,
): T {
	return Object.hasOwn(options, name) ? read(options[name]) : fallback;
}

/** Text that is not blank, or a number as text. */
export function readText(label: string, value: unknown, advice: string): string {
	if (typeof value === 'number' && Number.isFinite(value)) return String(value);
	if (isEmpty(value)) throw new InvalidInput(`"${label}" is empty`, advice);
	if (typeof value === 'string' && !value.includes('[object Object]')) return value;
	if (typeof value === 'string') {
		throw new InvalidInput(
			`"${label}" contains "[object Object]"`,
			'An expression in it gives an object: use one of its fields, or toJsonString().',
		);
	}
	throw new InvalidInput(`"${label}" must be text`, `It is ${kindOf(value)}: ${brief(value)}.`);
}

interface Bounds {
	min?: number;
	max?: number;
	isWhole?: boolean;
}

export function readWholeNumber(label: string, value: unknown, bounds: Bounds = {}): number {
	return readNumber(label, value, { ...bounds, isWhole: true });
}

export function readNumber(
	label: string,
	value: unknown,
	{ min = -Number.MAX_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, isWhole }: Bounds = {},
): number {
	const text = typeof value === 'string' ? trimInvisible(value) : '';
	const number = text === '' ? value : Number(text);
	const isNumber = typeof number === 'number' && (!isWhole || Number.isInteger(number));
	if (isNumber && number >= min && number <= max) return number;
	const what = isWhole ? 'a whole number' : 'a number';
	throw new InvalidInput(
		`"${label}" must be ${what}${rangeOf(min, max)}`,
		`It is ${brief(value)}. Enter a number, or remove the option.`,
	);
}

function rangeOf(min: number, max: number): string {
	const hasMin = min !== -Number.MAX_SAFE_INTEGER;
	const hasMax = max !== Number.MAX_SAFE_INTEGER;
	if (hasMin && hasMax) return ` from ${min} to ${max}`;
	if (hasMin) return ` of at least ${min}`;
	return hasMax ? ` of at most ${max}` : '';
}

const WORDS = new Map([
	['true', true],
	['yes', true],
	['1', true],
	['false', false],
	['no', false],
	['0', false],
]);

export function readBoolean(label: string, value: unknown): boolean {
	if (typeof value === 'boolean') return value;
	const word =
		typeof value === 'string' || typeof value === 'number' ? trimInvisible(String(value)) : '';
	const found = WORDS.get(word.toLowerCase());
	if (found !== undefined) return found;
	throw new InvalidInput(`"${label}" must be true or false`, `It is ${brief(value)}.`);
}

/** One of the choices, in any case. */
export function readOneOf<const T extends string>(
	label: string,
	value: unknown,
	choices: readonly T[],
	advice = '',
): T {
	const text = typeof value === 'string' ? trimInvisible(value).toLowerCase() : null;
	const found = choices.find((choice) => choice.toLowerCase() === text);
	if (found !== undefined) return found;
	throw new InvalidInput(
		`"${label}" must be one of ${choices.join(', ')}`,
		`It is ${brief(value)}. ${advice}`.trim(),
	);
}

/** A list of choices, or text that names them with commas between. */
export function readListOf<const T extends string>(
	label: string,
	value: unknown,
	choices: readonly T[],
): T[] {
	const list = typeof value === 'string' && !isEmpty(value) ? value.split(',') : value;
	if (Array.isArray(list)) return list.map((each) => readOneOf(label, each, choices));
	throw new InvalidInput(
		`"${label}" must be a list of ${choices.join(', ')}`,
		`It is ${brief(value)}.`,
	);
}

/** @param ownUrl what the provider's own URLs look like, if it takes them here */
export function readUrl(label: string, value: unknown, ownUrl?: RegExp): string {
	const advice = 'Enter a public URL that starts with https://.';
	if (isEmpty(value)) throw new InvalidInput(`"${label}" is empty`, advice);
	const url = typeof value === 'string' ? trimInvisible(value) : '';
	if (ownUrl?.test(url) && asUrl(url)) return url;
	if (SEVERAL_URLS.test(url)) {
		throw new InvalidInput(
			`"${label}" has more than one URL`,
			`It is ${brief(value)}. Enter one URL, and use an item for each.`,
		);
	}
	// A browser also takes `https:example.com` for a URL, but few APIs do.
	if (!/^https?:\/\//i.test(url) || !isHttpUrl(url)) {
		throw new InvalidInput(`"${label}" must be a URL`, `It is ${brief(value)}. ${advice}`);
	}
	return sendable(url);
}

/** As several files in one cell of a spreadsheet are. What parts them may also stand in the query of one URL. */
const SEVERAL_URLS = /^https?:\/\/(.*\s|[^?#]*[,;|\w])https?:\/\//is;

function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'a list';
	return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The value in a message: as JSON, which shows what is text, and not at full length. */
export function brief(value: unknown): string {
	if (value === undefined || typeof value === 'number') return String(value);
	const text = asJson(value);
	return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function asJson(value: unknown): string {
	try {
		return JSON.stringify(value) ?? '';
	} catch {
		return 'nested too deeply';
	}
}
