/** The fields of one item as the body of a generate request, or an error that names the field. */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { asNumber, asText } from '../../task/json';
import type { GenerateRequest } from '../../api/client';
import { isHttpUrl } from '../../api/request';
import { readBinary } from '../binary';
import { inputError } from '../errors';

export const ASPECT_RATIOS = ['16:9', '9:16', '4:3', '3:4', '1:1', '21:9'] as const;

const DEFAULT_RATE = 20;

export interface GenerateParameters {
	/** Without the URLs of the files that are to be uploaded first. */
	request: Partial<GenerateRequest> & Pick<GenerateRequest, 'prompt'>;
	uploads: Partial<Record<'videoUrl' | 'referenceImage', IBinaryData>>;
	/** New tasks per 10 seconds. */
	rate: number;
}

export function readParameters(
	functions: IExecuteFunctions,
	itemIndex: number,
): GenerateParameters {
	const refuse = (message: string, description: string) =>
		inputError(functions.getNode(), itemIndex, message, description);
	const options = functions.getNodeParameter('options', itemIndex, {});

	const prompt = asText(functions.getNodeParameter('prompt', itemIndex));
	if (prompt === null) throw refuse('"Prompt" is empty', 'Write what to change in the video.');

	const url = (field: string, value: unknown) => {
		if (isHttpUrl(value)) return value.trim();
		throw refuse(
			`"${field}" is not a URL`,
			'Enter a public URL that starts with http:// or https://.',
		);
	};

	const file = (field: string, property: unknown) =>
		readBinary(functions, itemIndex, field, property);

	const request: GenerateParameters['request'] = { prompt };
	const uploads: GenerateParameters['uploads'] = {};
	if (functions.getNodeParameter('videoSource', itemIndex) === 'binary') {
		const property = functions.getNodeParameter('videoBinaryProperty', itemIndex);
		uploads.videoUrl = file('Input Binary Field', property);
	} else {
		request.videoUrl = url('Video URL', functions.getNodeParameter('videoUrl', itemIndex));
	}
	if (options.referenceImageBinaryProperty && options.referenceImage) {
		throw refuse(
			'"Reference Image URL" and "Reference Image Field" are both set',
			'Remove one of the two: a video takes one reference image.',
		);
	}
	if (options.referenceImageBinaryProperty) {
		const property = options.referenceImageBinaryProperty;
		uploads.referenceImage = file('Reference Image Field', property);
	}
	if (options.callBackUrl) request.callBackUrl = url('Callback URL', options.callBackUrl);
	if (options.referenceImage) {
		request.referenceImage = url('Reference Image URL', options.referenceImage);
	}
	const waterMark = asText(options.waterMark);
	if (waterMark !== null) request.waterMark = waterMark;
	if (options.uploadCn) request.uploadCn = true;
	if (options.aspectRatio) {
		const ratio = ASPECT_RATIOS.find((known) => known === options.aspectRatio);
		if (!ratio) {
			throw refuse('"Aspect Ratio" is not one of the list', `Use ${ASPECT_RATIOS.join(', ')}.`);
		}
		request.aspectRatio = ratio;
	}
	if (options.seed !== undefined && options.seed !== '') {
		const seed = asNumber(options.seed);
		if (!Number.isInteger(seed)) {
			throw refuse('"Seed" is not a whole number', 'Enter a whole number, or remove the option.');
		}
		request.seed = Number(seed);
	}

	const rate = asNumber(options.generateRate ?? DEFAULT_RATE);
	if (!Number.isInteger(rate) || Number(rate) < 1) {
		throw refuse(
			'"Generate Rate" is not a whole number of at least 1',
			'Enter how many tasks to start within 10 seconds, such as 20.',
		);
	}
	return { request, uploads, rate: Number(rate) };
}
