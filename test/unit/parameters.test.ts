/** What each reader of a parameter makes of values as fields, expressions and spreadsheets give them. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readTaskId } from '../../nodes/Aleph/actions/video/get';
import { readTerms } from '../../nodes/Aleph/actions/video/terms';
import { jobs } from '../../nodes/Aleph/api/dialects/jobs';
import { runway } from '../../nodes/Aleph/api/dialects/runway';
import { readDownloads } from '../../nodes/Aleph/items/downloads';
import {
	InvalidInput,
	optional,
	readBoolean,
	readListOf,
	readNumber,
	readOneOf,
	readText,
	readUrl,
	readWholeNumber,
	withDefault,
} from '../../nodes/Aleph/items/parameters';

/** Refused: with a message that names the field, and advice that is a sentence. */
const NO = Symbol('refused');

function tried(read: (value: unknown) => unknown, value: unknown): unknown {
	try {
		return read(value);
	} catch (error) {
		if (!(error instanceof InvalidInput)) throw error;
		expect(error.message).toMatch(/^"Field" /);
		expect(error.description).toMatch(/^Nothing was sent\. .+\.$/);
		return NO;
	}
}

const FILES = ['video', 'thumbnail'] as const;

const text = (value: unknown) => readText('Field', value, 'Enter something.');
const number = (value: unknown) => readNumber('Field', value);
const whole = (value: unknown) => readWholeNumber('Field', value, { min: 1 });
const yesOrNo = (value: unknown) => readBoolean('Field', value);
const oneOf = (value: unknown) => readOneOf('Field', value, FILES);
const listOf = (value: unknown) => readListOf('Field', value, FILES);
const url = (value: unknown) => readUrl('Field', value);

const INVISIBLE = 'vi\u200Bdeo\uFEFF ';

describe('a reader of parameters', () => {
	it.each([
		// value, as text, number, whole number from 1, boolean, choice, list of choices
		[null, NO, NO, NO, NO, NO, NO],
		[undefined, NO, NO, NO, NO, NO, NO],
		['', NO, NO, NO, NO, NO, NO],
		[' \u200B\n', NO, NO, NO, NO, NO, NO],
		['\u3164\uFE0F', NO, NO, NO, NO, NO, NO],
		['Like [object Object] ', NO, NO, NO, NO, NO, NO],
		[0, '0', 0, NO, false, NO, NO],
		['0', '0', 0, NO, false, NO, NO],
		[1, '1', 1, 1, true, NO, NO],
		['1\u200B', '1\u200B', 1, 1, true, NO, NO],
		[1.5, '1.5', 1.5, NO, NO, NO, NO],
		['1,5', '1,5', NO, NO, NO, NO, NO],
		[-1, '-1', -1, NO, NO, NO, NO],
		[true, NO, NO, NO, true, NO, NO],
		[false, NO, NO, NO, false, NO, NO],
		['FALSE', 'FALSE', NO, NO, false, NO, NO],
		['True ', 'True ', NO, NO, true, NO, NO],
		['no', 'no', NO, NO, false, NO, NO],
		['Yes', 'Yes', NO, NO, true, NO, NO],
		['maybe', 'maybe', NO, NO, NO, NO, NO],
		[NaN, NO, NO, NO, NO, NO, NO],
		[Infinity, NO, NO, NO, NO, NO, NO],
		[1e300, '1e+300', NO, NO, NO, NO, NO],
		[2026, '2026', 2026, 2026, NO, NO, NO],
		[{}, NO, NO, NO, NO, NO, NO],
		[[], NO, NO, NO, NO, NO, []],
		[['video'], NO, NO, NO, NO, NO, ['video']],
		[['video', 'x'], NO, NO, NO, NO, NO, NO],
		[[['video']], NO, NO, NO, NO, NO, NO],
		['video', 'video', NO, NO, NO, 'video', ['video']],
		['VIDEO, thumbnail', 'VIDEO, thumbnail', NO, NO, NO, NO, ['video', 'thumbnail']],
		['Thumbnail', 'Thumbnail', NO, NO, NO, 'thumbnail', ['thumbnail']],
		[INVISIBLE, INVISIBLE, NO, NO, NO, 'video', ['video']],
		['constructor', 'constructor', NO, NO, NO, NO, NO],
	])('takes %p where its meaning is certain, and refuses it elsewhere', (value, ...expected) => {
		const readers = [text, number, whole, yesOrNo, oneOf, listOf];
		expect(readers.map((read) => tried(read, value))).toEqual(expected);
	});

	it.each([
		['https://example.com/a.mp4', 'https://example.com/a.mp4'],
		[' \u200Bhttps://example.com/a.mp4\n', 'https://example.com/a.mp4'],
		['\u202Ahttps://example.com/a.mp4\u202C\u2068', 'https://example.com/a.mp4'],
		['HTTP://EXAMPLE.COM', 'HTTP://EXAMPLE.COM'],
		[
			'https://example.com/a%2fb.mp4?sig=a%2Bb,c&u=~',
			'https://example.com/a%2fb.mp4?sig=a%2Bb,c&u=~',
		],
		['https://example.com/?of=https://b.com/b.mp4', 'https://example.com/?of=https://b.com/b.mp4'],
		[
			'https://a.com/?of=https://b.com,https://c.com',
			'https://a.com/?of=https://b.com,https://c.com',
		],
		['https://example.com/my video.mp4', 'https://example.com/my%20video.mp4'],
		['https://example.com/my\n-video.mp4', 'https://example.com/my-video.mp4'],
		['https://müller.de/ü.mp4', 'https://xn--mller-kva.de/%C3%BC.mp4'],
		['https:\\\\example.com\\v.mp4', NO],
		['https:example.com/video.mp4', NO],
		['https://', NO],
		['https://a.com/a.mp4, https://b.com/b.mp4', NO],
		['https://a.com/a.mp4,HTTP://b.com/b.mp4', NO],
		['https://a.com/a.mp4\nhttps://b.com/b.mp4', NO],
		['https://a.com/a.mp4; https://b.com/b.mp4', NO],
		['https://a.com/a.mp4|https://b.com/b.mp4', NO],
		['https://a.com/a.mp4https://b.com/b.mp4', NO],
		[
			'https://web.archive.org/web/2026/https://a.com/a.mp4',
			'https://web.archive.org/web/2026/https://a.com/a.mp4',
		],
		['https://example.com/\u2600\uFE0F.mp4', 'https://example.com/%E2%98%80%EF%B8%8F.mp4'],
		['See https://a.com/a.mp4', NO],
		['example.com/a.mp4', NO],
		['ftp://example.com', NO],
		['javascript:alert(1)', NO],
		[2026, NO],
		[{}, NO],
		[['https://example.com'], NO],
		[null, NO],
	])('takes %p for a URL only if it is one', (value, expected) => {
		expect(tried(url, value)).toBe(expected);
	});

	it('takes a URL of the provider itself, if it is one', () => {
		const own = /^runway:\/\/[!-~]+$/;
		expect(readUrl('Field', 'runway://0b1c', own)).toBe('runway://0b1c');
		expect(() => readUrl('Field', 'runway://[', own)).toThrow('"Field" must be a URL');
	});

	it('names the field, and shows what was found, but not at full length', () => {
		const long = () => readNumber('Seed', 'x'.repeat(1_000), { min: 0, max: 9 });
		expect(long).toThrow('"Seed" must be a number from 0 to 9');
		expect(thrownBy(long).description.length).toBeLessThan(150);
	});
});

function thrownBy(read: () => unknown): InvalidInput {
	try {
		read();
	} catch (error) {
		return error as InvalidInput;
	}
	throw new Error('Nothing was thrown');
}

describe('an option', () => {
	it.each([undefined, null, '', ' \u200B'])(
		'for nothing means nothing with the value %p',
		(value) => {
			expect(optional({ seed: value }, 'seed', number)).toBeUndefined();
		},
	);

	it.each([0, false, NaN, [], {}])('for nothing is read with the value %p', (value) => {
		const read = jest.fn();
		optional({ seed: value }, 'seed', read);
		expect(read).toHaveBeenCalledWith(value);
	});

	it('with a default has it only if it is absent: one that yields nothing is refused', () => {
		expect(withDefault({}, 'rate', 20, number)).toBe(20);
		for (const rate of [undefined, null, '']) {
			expect(() => withDefault({ rate }, 'rate', 20, number)).toThrow('"Field"');
		}
	});

	it.each([
		[{}, { video: null, thumbnail: null }],
		[{ download: [] }, { video: null, thumbnail: null }],
		[{ download: 'video' }, { video: 'video', thumbnail: null }],
		[
			{ download: ['thumbnail'], thumbnailOutputProperty: 7 },
			{ video: null, thumbnail: '7' },
		],
	])('says which files to download: %j', (options, downloads) => {
		expect(readDownloads(options as IDataObject)).toEqual(downloads);
	});

	it.each([
		[{ download: ['gif'] }, '"Download" must be one of'],
		[{ download: null }, '"Download" must be a list'],
		[{ download: ['video'], videoOutputProperty: '' }, '"Put Video in Field" is empty'],
		[{ download: ['video'], videoOutputProperty: '__proto__' }, 'reserved name'],
		[{ download: ['video', 'thumbnail'], videoOutputProperty: 'thumbnail' }, 'the same name'],
	])('for downloads that cannot be met is refused: %j', (options, message) => {
		expect(() => readDownloads(options as IDataObject)).toThrow(message);
	});
});

/** A context with these parameters, which is all that reading them needs. */
const contextOf = (parameters: Record<string, unknown>) =>
	({
		getNodeParameter: (name: string, _item: number, fallback: unknown) =>
			Object.hasOwn(parameters, name) ? parameters[name] : fallback,
	}) as unknown as IExecuteFunctions;

describe('the ID of a task', () => {
	it.each([
		['ee60', 'ee60'],
		[' \u200Bee60\n', 'ee60'],
		['\u2068ee60\u2069', 'ee60'],
		['"ee60"', 'ee60'],
		['“ee60” ', 'ee60'],
		[12345, '12345'],
	])('may be %p', (taskId, expected) => {
		expect(readTaskId(contextOf({ taskId }), 0)).toBe(expected);
	});

	const ADVICE = 'Enter the ID of the task, or an expression such as {{ $json.taskId }}.';
	const refusalOf = (taskId: unknown) => thrownBy(() => readTaskId(contextOf({ taskId }), 0));

	it.each([null, undefined, '', '  ', ' \u200B\n'])('is empty with %p', (taskId) => {
		const { message, description } = refusalOf(taskId);
		expect(message).toBe('"Task ID" is empty');
		expect(description).toBe(`Nothing was sent. ${ADVICE}`);
	});

	it.each([
		[1.5, '1.5'],
		[NaN, 'NaN'],
		[true, 'true'],
		[{ taskId: 'ee60' }, '{"taskId":"ee60"}'],
		[['ee60'], '["ee60"]'],
		['x'.repeat(201), `"${'x'.repeat(59)}…`],
		['a\u0000b', '"a\\u0000b"'],
		['""', '"\\"\\""'],
		['undefined', '"undefined"'],
		[' null', '" null"'],
		['[object Object]', '"[object Object]"'],
	])('cannot be %p', (taskId, shown) => {
		const { message, description } = refusalOf(taskId);
		expect(message).toBe('"Task ID" must be the ID of a task');
		expect(description).toBe(`Nothing was sent. It is ${shown}. ${ADVICE}`);
	});
});

describe('what a user wants for an item', () => {
	const termsOf = (options: unknown, dialect = jobs) =>
		readTerms(contextOf({}), 0, options as IDataObject, dialect);

	it('has a time-out of whole milliseconds, whatever fraction of a minute it is', () => {
		expect(termsOf({}).timeout).toBe(30 * 60_000);
		expect(termsOf({ timeout: 30 / 7 }).timeout).toBe(257_143);
		expect(termsOf({ timeout: '0.5' }).timeout).toBe(30_000);
		expect(termsOf({ timeout: 1e-9 }).timeout).toBe(1);
	});

	it.each([0, -1, NaN, 1e300, null, '', 'soon'])('has no time-out of %p', (timeout) => {
		expect(() => termsOf({ timeout })).toThrow(/^"Timeout" must be/);
	});

	it('has words in any case', () => {
		expect(termsOf({ onTimeout: 'CONTINUE' }).onTimeout).toBe('continue');
		expect(termsOf({ includeInputFields: 'FALSE' }).includeInputFields).toBe(false);
	});

	it('can be cancelled only if the API can cancel', () => {
		expect(termsOf({ onStop: 'cancel' }, runway).onStop).toBe('cancel');
		expect(() => termsOf({ onStop: 'cancel' })).toThrow('"On Stop" cannot be "Cancel"');
	});

	it.each([
		[true, true],
		['yes', true],
		['True ', true],
		[1, true],
		['FALSE', false],
		[0, false],
	])('is waited for with %p: %p', (waitForCompletion, waits) => {
		const ctx = contextOf({ waitForCompletion, waitMode: 'sleep' });
		const { waitFor, sleeps } = readTerms(ctx, 0, {}, jobs);
		expect([waitFor, sleeps]).toEqual(waits ? ['end', true] : ['start', false]);
	});
});
