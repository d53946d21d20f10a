/** What the user wants for an item, apart from the video itself: reading it, as the operations share it. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Dialect } from '../../api/dialects/dialect';
import { thoseWhoCancel } from '../../api/dialects/names';
import { DEFAULT_START_RATE } from '../../api/limits';
import type { Terms } from '../../batch/state';
import { readDownloads } from '../../items/downloads';
import {
	brief,
	InvalidInput,
	readBoolean,
	readNumber,
	readOneOf,
	withDefault,
} from '../../items/parameters';

const MINUTE_MS = 60_000;

/** Longer than any task takes, and short enough for a date. */
const LONGEST_TIMEOUT_MINUTES = 30 * 24 * 60;

const DEFAULTS: Terms = {
	waitFor: 'start',
	sleeps: false,
	timeout: 30 * MINUTE_MS,
	notFoundTimeout: null,
	pollInterval: null,
	rate: DEFAULT_START_RATE,
	onTimeout: 'error',
	onStop: 'leave',
	simplify: true,
	includeInputFields: false,
	downloads: { video: null, thumbnail: null },
	fileCount: 0,
};

function readWaiting(ctx: IExecuteFunctions, itemIndex: number): Partial<Terms> {
	const waits: unknown = ctx.getNodeParameter('waitForCompletion', itemIndex, false);
	if (!readBoolean('Wait for Completion', waits)) return {};
	const mode: unknown = ctx.getNodeParameter('waitMode', itemIndex, 'poll');
	return { waitFor: 'end', sleeps: readOneOf('Wait Mode', mode, ['poll', 'sleep']) === 'sleep' };
}

/** The terms that every operation has. Throws an InvalidInput. */
export function readTerms(
	ctx: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	dialect: Dialect,
): Terms {
	const waiting = readWaiting(ctx, itemIndex);
	return {
		...DEFAULTS,
		...waiting,
		timeout: readTimeout(options),
		pollInterval: readPollInterval(options),
		onTimeout: withDefault(options, 'onTimeout', DEFAULTS.onTimeout, (value) =>
			readOneOf('On Timeout', value, ['error', 'continue']),
		),
		onStop: readOnStop(options, dialect, waiting),
		...readOutputTerms(ctx, itemIndex, options),
		downloads: readDownloads(options),
	};
}

function readTimeout(options: IDataObject): number {
	return withDefault(options, 'timeout', DEFAULTS.timeout, (value) => {
		const minutes = readNumber('Timeout', value, { max: LONGEST_TIMEOUT_MINUTES });
		if (minutes > 0) return Math.max(1, Math.round(minutes * MINUTE_MS));
		throw new InvalidInput(
			'"Timeout" must be greater than 0',
			`It is ${brief(value)}. Enter the minutes to wait, such as 30.`,
		);
	});
}

function readPollInterval(options: IDataObject): number | null {
	return withDefault(options, 'pollInterval', DEFAULTS.pollInterval, (value) =>
		Math.round(readNumber('Poll Interval', value, { min: 1, max: 86_400 }) * 1_000),
	);
}

function readOnStop(
	options: IDataObject,
	{ name, cancel }: Dialect,
	{ sleeps }: Partial<Terms>,
): Terms['onStop'] {
	const onStop = withDefault(options, 'onStop', DEFAULTS.onStop, (value) =>
		readOneOf('On Stop', value, ['leave', 'cancel']),
	);
	if (onStop === 'cancel' && sleeps) {
		throw new InvalidInput(
			'"On Stop" cannot be "Cancel" with the "Sleep" wait mode',
			'The node does not learn that a sleeping execution was stopped. Choose "Leave", or set "Wait Mode" to "Poll".',
		);
	}
	if (onStop === 'leave' || cancel) return onStop;
	throw new InvalidInput(
		`"On Stop" cannot be "Cancel" with the ${name}`,
		`Providers that can cancel: ${thoseWhoCancel()}. Choose "Leave", or remove the option.`,
	);
}

/** What the item is to have in it. Throws an InvalidInput. */
export function readOutputTerms(ctx: IExecuteFunctions, itemIndex: number, options: IDataObject) {
	return {
		simplify: readBoolean('Simplify', ctx.getNodeParameter('simplify', itemIndex, true)),
		includeInputFields: readIncludeInputFields(options),
	};
}

/** The terms of an item whose parameters are bad, as far as they can be read. */
export function termsOfBadItem(ctx: IExecuteFunctions, itemIndex: number): Terms {
	try {
		const options = ctx.getNodeParameter('options', itemIndex, {});
		return { ...DEFAULTS, includeInputFields: readIncludeInputFields(options) };
	} catch {
		return DEFAULTS;
	}
}

function readIncludeInputFields(options: IDataObject): boolean {
	return withDefault(options, 'includeInputFields', false, (value) =>
		readBoolean('Include Input Fields', value),
	);
}
