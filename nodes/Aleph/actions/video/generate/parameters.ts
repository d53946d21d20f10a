/** The fields of one item as the request for a video. What is wrong throws an InvalidInput. */
import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../api/connection';
import { PROVIDERS } from '../../../api/dialects';
import type { Dialect, VideoOption } from '../../../api/dialects/dialect';
import { thoseWith } from '../../../api/dialects/names';
import { DEFAULT_START_RATE } from '../../../api/limits';
import type { Terms } from '../../../batch/state';
import { readBinary } from '../../../items/binary';
import { NO_UPLOAD_ADVICE } from '../../../items/errors';
import {
	InvalidInput,
	isEmpty,
	optional,
	readBoolean,
	readNumber,
	readOneOf,
	readText,
	readUrl,
	readWholeNumber,
	withDefault,
} from '../../../items/parameters';
import type { VideoRequest } from '../../../task/task';
import { readTerms } from '../terms';
import { readKeyframes, type AddFile } from './keyframes';

export interface GenerateParameters {
	/** Without the URLs of the files that are to be uploaded first. */
	request: Partial<VideoRequest> & Pick<VideoRequest, 'prompt'>;
	/** What to upload, by where its URL goes: `videoUrl`, `referenceImage`, `keyframes.0` and so on. */
	files: Record<string, IBinaryData>;
	terms: Terms;
}

export function readParameters(
	ctx: IExecuteFunctions,
	itemIndex: number,
	{ dialect, uploadUrl }: Connection,
): GenerateParameters {
	const options = ctx.getNodeParameter('options', itemIndex, {});
	const files: Record<string, IBinaryData> = {};
	const addFile: AddFile = (name, label, property) => {
		if (dialect.hasUploadUrl && !uploadUrl) {
			throw new InvalidInput(
				`"${label}" gives a file, and the credential has no Upload URL`,
				NO_UPLOAD_ADVICE,
			);
		}
		files[name] = readBinary(ctx, itemIndex, label, property);
	};
	const prompt = readText(
		'Prompt',
		ctx.getNodeParameter('prompt', itemIndex, ''),
		'Describe what to change in the video.',
	);
	checkOptions(options, dialect);
	const request = {
		prompt,
		...readVideo(ctx, itemIndex, dialect, addFile),
		...readReferenceImage(options, addFile),
		...readKeyframes(options.keyframes, dialect, addFile),
		...readLook(options, dialect),
	};
	const terms: Terms = {
		...readTerms(ctx, itemIndex, options, dialect),
		...readLimits(options),
		fileCount: Object.keys(files).length,
	};
	const callBackUrl = readCallBackUrl(options, terms);
	return { request: { ...request, callBackUrl }, files, terms };
}

/** What an option of the API is called in the node, by the fields that set it. */
const OPTIONS: Record<VideoOption, Array<[field: string, label: string]>> = {
	referenceImage: [
		['referenceImage', 'Reference Image URL'],
		['referenceImageBinaryProperty', 'Reference Image Field'],
	],
	waterMark: [['waterMark', 'Watermark']],
	uploadCn: [['uploadCn', 'Store in China']],
	callBackUrl: [['callBackUrl', 'Callback URL']],
	keyframes: [['keyframes', 'Keyframes']],
	outputFormat: [['outputFormat', 'Output Format']],
	publicFigures: [['publicFigures', 'Public Figures']],
};

/** Refuses options that the API does not have. */
function checkOptions(options: IDataObject, dialect: Dialect): void {
	for (const [option, fields] of Object.entries(OPTIONS)) {
		const name = option as VideoOption;
		if (dialect.options.includes(name)) continue;
		const isOn = (value: unknown, label: string) =>
			!isOff(value) && (name !== 'uploadCn' || readBoolean(label, value));
		const [, label] = fields.find(([field, label]) => isOn(options[field], label)) ?? [];
		if (label === undefined) continue;
		throw new InvalidInput(
			`"${label}" is not available with the ${dialect.name}`,
			`Remove the option, or use a credential of a provider that has it: ${thoseWith(name)}.`,
		);
	}
}

/** Nothing, a switch that is off, or a list to which nothing was added. */
function isOff(value: unknown): boolean {
	if (isEmpty(value) || value === false) return true;
	return typeof value === 'object' && Object.keys(value!).length === 0;
}

function readVideo(
	ctx: IExecuteFunctions,
	itemIndex: number,
	{ ownUrl }: Dialect,
	addFile: AddFile,
) {
	const field = (name: string) => ctx.getNodeParameter(name, itemIndex, '') as unknown;
	const source = readOneOf('Video Source', ctx.getNodeParameter('videoSource', itemIndex, 'url'), [
		'url',
		'binary',
	]);
	if (source === 'url') return { videoUrl: readUrl('Video URL', field('videoUrl'), ownUrl) };
	addFile('videoUrl', 'Input Binary Field', field('videoBinaryProperty'));
	return {};
}

function readReferenceImage(
	{ referenceImage, referenceImageBinaryProperty: property }: IDataObject,
	addFile: AddFile,
) {
	const hasUrl = !isEmpty(referenceImage);
	if (hasUrl && !isEmpty(property)) {
		throw new InvalidInput(
			'"Reference Image URL" and "Reference Image Field" are both set',
			'Remove one of the two: a video takes one reference image.',
		);
	}
	if (hasUrl) return { referenceImage: readUrl('Reference Image URL', referenceImage) };
	if (!isEmpty(property)) addFile('referenceImage', 'Reference Image Field', property);
	return {};
}

const ASPECT_RATIO_ADVICE = `Choose another one, or remove the option. ${PROVIDERS.map(
	({ label, dialects }) => `${label}: ${dialects[0]!.aspectRatios.join(', ')}`,
).join('. ')}.`;

function readLook(options: IDataObject, dialect: Dialect) {
	const uploadCn = withDefault(options, 'uploadCn', false, (value) =>
		readBoolean('Store in China', value),
	);
	return {
		aspectRatio: optional(options, 'aspectRatio', (value) =>
			readOneOf('Aspect Ratio', value, dialect.aspectRatios, ASPECT_RATIO_ADVICE),
		),
		seed: optional(options, 'seed', (value) => readWholeNumber('Seed', value, dialect.seeds)),
		waterMark: optional(options, 'waterMark', (value) => readText('Watermark', value, '')),
		uploadCn: uploadCn || undefined,
		outputFormat: optional(options, 'outputFormat', (value) =>
			readOneOf('Output Format', value, OUTPUT_FORMATS),
		),
		publicFigures: optional(options, 'publicFigures', (value) =>
			readOneOf('Public Figures', value, ['auto', 'low']),
		),
	};
}

const OUTPUT_FORMATS = ['mp4', 'prores', 'png_sequence', 'sdr_rec709_10bit'];

function readCallBackUrl(options: IDataObject, { sleeps }: Terms): string | undefined {
	const callBackUrl = optional(options, 'callBackUrl', (value) => readUrl('Callback URL', value));
	if (callBackUrl !== undefined && sleeps) {
		throw new InvalidInput(
			'"Callback URL" cannot be used with the "Sleep" wait mode',
			'Remove the option: in this mode the provider calls the sleeping execution.',
		);
	}
	return callBackUrl;
}

function readLimits(options: IDataObject): Pick<Terms, 'rate' | 'keepCredits'> {
	return {
		rate: withDefault(options, 'generateRate', DEFAULT_START_RATE, (value) =>
			readWholeNumber('Tasks per 10 Seconds', value, { min: 1 }),
		),
		keepCredits: withDefault(options, 'keepCredits', undefined, (value) =>
			readNumber('Keep Credits', value, { min: 0 }),
		),
	};
}
