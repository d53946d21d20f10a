/** Keyframes: images that show how the video should look at given moments. What is wrong throws an InvalidInput. */
import type { Dialect } from '../../../api/dialects/dialect';
import {
	brief,
	InvalidInput,
	isEmpty,
	readBoolean,
	readNumber,
	readOneOf,
	readUrl,
	readWholeNumber,
	withDefault,
} from '../../../items/parameters';
import { asObject, type Json } from '../../../task/json';
import type { Keyframe } from '../../../task/task';

const MOST_KEYFRAMES = 5;

/** Takes a file that is to be uploaded: what it is for, the label of its field, and what the field has. */
export type AddFile = (name: string, label: string, property: unknown) => void;

export function readKeyframes(
	option: unknown,
	{ ownUrl }: Dialect,
	addFile: AddFile,
): { keyframes?: Keyframe[] } {
	if (isEmpty(option)) return {};
	const list = keyframesIn(option);
	if (!list) {
		throw new InvalidInput(
			'"Keyframes" must be a list',
			`It is ${brief(option)}. Add the keyframes one by one.`,
		);
	}
	if (list.length > MOST_KEYFRAMES) {
		throw new InvalidInput(
			`"Keyframes" has ${list.length} keyframes`,
			`A video takes up to ${MOST_KEYFRAMES}.`,
		);
	}
	if (list.length === 0) return {};
	const keyframes = list.map((item, index): Keyframe => {
		const each = asObject(item);
		const source = withDefault(each, 'imageSource', 'url', (value) =>
			readOneOf('Image Source', value, ['url', 'binary']),
		);
		const isFile = source === 'binary';
		if (isFile) addFile(`keyframes.${index}`, 'Image Field', each.imageBinaryProperty);
		const image = isFile ? '' : readUrl('Image URL', each.image, ownUrl);
		return { image, ...readMoment(each), ...readRange(each) };
	});
	const ranged = keyframes.filter(({ start }) => start !== undefined).length;
	if (ranged > 0 && ranged < keyframes.length) {
		throw new InvalidInput(
			'"Keyframes" has ranges for some keyframes only',
			'Set a range for all of them, or for none.',
		);
	}
	return { keyframes };
}

/** As the field gives them, or as an expression may; null for anything else. */
function keyframesIn(option: unknown): unknown[] | null {
	const { keyframe, ...others } = asObject(option);
	const isField = typeof option === 'object' && Object.keys(others).length === 0;
	const list = Array.isArray(option) || !isField ? option : (keyframe ?? []);
	return Array.isArray(list) ? (list as unknown[]) : null;
}

function readMoment(keyframe: Json) {
	const moment = withDefault(keyframe, 'moment', 'seconds', (value) =>
		readOneOf('Moment', value, ['seconds', 'position']),
	);
	if (moment === 'position') {
		return { position: readNumber('Position', keyframe.position, { min: 0, max: 1 }) };
	}
	const readSeconds = (value: unknown) => readNumber('Seconds', value, { min: 0 });
	return { seconds: withDefault(keyframe, 'seconds', 0, readSeconds) };
}

function readRange(keyframe: Json) {
	const hasRange = withDefault(keyframe, 'hasRange', false, (value) =>
		readBoolean('Set Range', value),
	);
	if (!hasRange) return {};
	const { start, end } = keyframe;
	const range = {
		start: readWholeNumber('Range Start', start, { min: 0 }),
		end: readWholeNumber('Range End', end, { min: 0 }),
	};
	if (range.end > range.start) return range;
	throw new InvalidInput(
		'"Range End" must be later than "Range Start"',
		`The range is from ${range.start} to ${range.end} seconds.`,
	);
}
