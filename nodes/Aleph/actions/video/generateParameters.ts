/** The fields of one item as the request for a video, or an error that names the field. */
import type { IBinaryData, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { isHttpUrl } from '../../api/request';
import { asBoolean, asNumber, asText, toJson } from '../../task/json';
import { ASPECT_RATIOS, type VideoRequest } from '../../task/task';
import { readBinary } from '../binary';
import { inputError } from '../errors';

const DEFAULT_RATE = 20;

export interface GenerateParameters {
	/** Without the URLs of the files that are to be uploaded first. */
	request: Partial<VideoRequest> & Pick<VideoRequest, 'prompt'>;
	uploads: Partial<Record<'videoUrl' | 'referenceImage', IBinaryData>>;
	/** New tasks per 10 seconds. */
	rate: number;
	keepCredits?: number;
}

/** Throws a NodeOperationError. */
export function readParameters(
	functions: IExecuteFunctions,
	itemIndex: number,
): GenerateParameters {
	const refuse: Refuse = (message, description) =>
		inputError(functions.getNode(), itemIndex, message, `Nothing was sent. ${description}`);
	const options = functions.getNodeParameter('options', itemIndex, {});
	const prompt = textOf(refuse, 'Prompt', functions.getNodeParameter('prompt', itemIndex));
	const { urls, uploads } = readMedia(functions, itemIndex, options, refuse);
	const request: GenerateParameters['request'] = { prompt, ...urls };
	if (options.callBackUrl) request.callBackUrl = urlOf(refuse, 'Callback URL', options.callBackUrl);
	const waterMark = asText(options.waterMark);
	if (waterMark !== null) request.waterMark = waterMark;
	if (asBoolean(options.uploadCn)) request.uploadCn = true;
	if (options.aspectRatio) request.aspectRatio = ratioOf(refuse, options.aspectRatio);
	if (isGiven(options.seed)) request.seed = wholeNumberOf(refuse, 'Seed', options.seed);

	const rate = wholeNumberOf(
		refuse,
		'Tasks per 10 Seconds',
		options.generateRate ?? DEFAULT_RATE,
		1,
	);
	const keepCredits = isGiven(options.keepCredits)
		? wholeNumberOf(refuse, 'Keep Credits', options.keepCredits, 0)
		: undefined;
	return { request, uploads, rate, keepCredits };
}

/** The video and the reference image, each by its URL or as a file. */
function readMedia(
	functions: IExecuteFunctions,
	itemIndex: number,
	{ referenceImage, referenceImageBinaryProperty }: IDataObject,
	refuse: Refuse,
) {
	const field = (name: string) => functions.getNodeParameter(name, itemIndex);
	const file = (label: string, property: unknown) =>
		readBinary(functions, itemIndex, label, property);
	const urls: Pick<Partial<VideoRequest>, 'videoUrl' | 'referenceImage'> = {};
	const uploads: GenerateParameters['uploads'] = {};
	if (field('videoSource') === 'binary') {
		uploads.videoUrl = file('Input Binary Field', field('videoBinaryProperty'));
	} else {
		urls.videoUrl = urlOf(refuse, 'Video URL', field('videoUrl'));
	}
	if (referenceImage && referenceImageBinaryProperty) {
		throw refuse(
			'"Reference Image URL" and "Reference Image Field" are both set',
			'Remove one of the two: a video takes one reference image.',
		);
	}
	if (referenceImageBinaryProperty) {
		uploads.referenceImage = file('Reference Image Field', referenceImageBinaryProperty);
	}
	if (referenceImage) {
		urls.referenceImage = urlOf(refuse, 'Reference Image URL', referenceImage);
	}
	return { urls, uploads };
}

type Refuse = (message: string, description: string) => Error;

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

function textOf(refuse: Refuse, label: string, value: unknown): string {
	const text = asText(value);
	if (text !== null) return text;
	if (isGiven(value) && typeof value !== 'string') {
		throw refuse(`"${label}" must be text`, `It is ${kindOf(value)}: ${brief(value)}.`);
	}
	throw refuse(`"${label}" is empty`, 'Describe what to change in the video.');
}

function urlOf(refuse: Refuse, label: string, value: unknown): string {
	if (isHttpUrl(value)) return value.trim();
	const advice = 'Enter a public URL that starts with https://.';
	if (!isGiven(value) || (typeof value === 'string' && value.trim() === '')) {
		throw refuse(`"${label}" is empty`, advice);
	}
	throw refuse(`"${label}" must be a URL`, `It is ${brief(value)}. ${advice}`);
}

function ratioOf(refuse: Refuse, value: unknown): NonNullable<VideoRequest['aspectRatio']> {
	const ratio = ASPECT_RATIOS.find((known) => known === value);
	if (ratio) return ratio;
	throw refuse(
		`"Aspect Ratio" must be one of ${ASPECT_RATIOS.join(', ')}`,
		`It is ${brief(value)}.`,
	);
}

function wholeNumberOf(refuse: Refuse, label: string, value: unknown, least = -Infinity): number {
	const number = asNumber(value);
	if (number !== null && Number.isInteger(number) && number >= least) return number;
	const atLeast = Number.isFinite(least) ? ` of at least ${least}` : '';
	throw refuse(
		`"${label}" must be a whole number${atLeast}`,
		`It is ${brief(value)}. Enter a number, or remove the option.`,
	);
}

function kindOf(value: unknown): string {
	if (Array.isArray(value)) return 'a list';
	return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function brief(value: unknown): string {
	const text = toJson(value) ?? '';
	return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
