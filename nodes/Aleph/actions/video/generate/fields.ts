/** The fields of video / generate. */
import type { INodeProperties } from 'n8n-workflow';
import { PROVIDERS } from '../../../api/dialects';
import type { VideoOption } from '../../../api/dialects/dialect';
import { limitsBy, thoseWith } from '../../../api/dialects/names';
import { downloadOptions } from '../../../items/downloads';
import { simplifyField } from '../../../items/output';
import {
	includeInputFieldsOption,
	onStopOption,
	onTimeoutOption,
	pollIntervalOption,
	timeoutOption,
	waitModeField,
	whilePolling,
	whileWaiting,
} from '../fields';

const ASPECT_RATIOS = [
	...new Set(
		PROVIDERS.flatMap(({ dialects }) => dialects).flatMap(({ aspectRatios }) => aspectRatios),
	),
];

/** A description that says who has the option. */
const only = (option: VideoOption, text: string) => `${text} Only with ${thoseWith(option)}.`;

/** A description with a limit of each provider. */
const limited = (text: string, tell: Parameters<typeof limitsBy>[0]) => `${text} ${limitsBy(tell)}`;

const callbackUrlOption: INodeProperties = {
	displayName: 'Callback URL',
	name: 'callBackUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/…/aleph',
	description: only(
		'callBackUrl',
		'Where the provider posts the result when the video is ready or has failed, such as the URL of a Runway Aleph Trigger.',
	),
};

const inKeyframe = (name: string, value: string | boolean) => ({ show: { [name]: [value] } });

const keyframesOption: INodeProperties = {
	displayName: 'Keyframes',
	name: 'keyframes',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add Keyframe',
	default: {},
	description: only(
		'keyframes',
		'Up to 5 images that show how the video should look at given moments.',
	),
	options: [
		{
			displayName: 'Keyframe',
			name: 'keyframe',
			values: [
				{
					displayName: 'Image Field',
					name: 'imageBinaryProperty',
					type: 'string',
					default: 'image',
					displayOptions: inKeyframe('imageSource', 'binary'),
					hint: 'The name of the input binary field containing the image, which is uploaded first',
				},
				{
					displayName: 'Image Source',
					name: 'imageSource',
					type: 'options',
					options: [
						{ name: 'URL', value: 'url' },
						{ name: 'Binary File', value: 'binary' },
					],
					default: 'url',
					description: 'Where the image comes from',
				},
				{
					displayName: 'Image URL',
					name: 'image',
					type: 'string',
					default: '',
					displayOptions: inKeyframe('imageSource', 'url'),
					placeholder: 'e.g. https://example.com/frame.png',
					description: 'A public HTTPS URL of the image, or the URL from File > Upload',
				},
				{
					displayName: 'Moment',
					name: 'moment',
					type: 'options',
					options: [
						{
							name: 'Seconds',
							value: 'seconds',
							description: 'Seconds from the start of the video',
						},
						{
							name: 'Position',
							value: 'position',
							description: 'A share of its length, from 0 to 1',
						},
					],
					default: 'seconds',
					description: 'How to say when the video should look like the image',
				},
				{
					displayName: 'Position',
					name: 'position',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 3 },
					default: 0,
					displayOptions: inKeyframe('moment', 'position'),
					description: 'From 0, the start of the video, to 1, its end',
				},
				{
					displayName: 'Range End',
					name: 'end',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 1,
					displayOptions: inKeyframe('hasRange', true),
					description:
						'Where the edit ends, in whole seconds from the start of the video. That second itself is not edited.',
				},
				{
					displayName: 'Range Start',
					name: 'start',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 0,
					displayOptions: inKeyframe('hasRange', true),
					description: 'Where the edit starts, in whole seconds from the start of the video',
				},
				{
					displayName: 'Seconds',
					name: 'seconds',
					type: 'number',
					typeOptions: { minValue: 0, numberPrecision: 3 },
					default: 0,
					displayOptions: inKeyframe('moment', 'seconds'),
					description: 'Seconds from the start of the video',
				},
				{
					displayName: 'Set Range',
					name: 'hasRange',
					type: 'boolean',
					default: false,
					description:
						'Whether to edit only a range of the video, in which the moment of the image must be. Set it for all keyframes, or none.',
				},
			],
		},
	],
};

export const description: INodeProperties[] = [
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 3 },
		default: '',
		required: true,
		placeholder: 'e.g. Make it a snowy evening, keep the people as they are',
		description: limited(
			'What to change, and what to keep. Start with a verb: add, remove, replace, relight, restyle.',
			({ prompt }) => `up to ${prompt.toLocaleString('en')} characters`,
		),
	},
	{
		displayName: 'Video Source',
		name: 'videoSource',
		type: 'options',
		options: [
			{ name: 'URL', value: 'url', description: 'A link that leads straight to the video file' },
			{
				name: 'Binary File',
				value: 'binary',
				description: 'A file from a node before, such as Google Drive. It is uploaded first.',
			},
		],
		default: 'url',
		description: 'Where the video to edit comes from',
	},
	{
		displayName: 'Video URL',
		name: 'videoUrl',
		type: 'string',
		default: '',
		required: true,
		displayOptions: { show: { videoSource: ['url'] } },
		placeholder: 'e.g. https://example.com/video.mp4',
		description: limited(
			'The video to edit: a public HTTPS URL that leads straight to the file, or the URL from File > Upload. Sharing links of Google Drive or Dropbox lead to a page: use Binary File.',
			({ videoByUrl }) => videoByUrl,
		),
	},
	{
		displayName: 'Input Binary Field',
		name: 'videoBinaryProperty',
		type: 'string',
		default: 'data',
		required: true,
		displayOptions: { show: { videoSource: ['binary'] } },
		hint: 'The name of the input binary field containing the video',
		description: limited(
			'The video to edit, which is uploaded to the provider for at least a day.',
			({ upload: { megabytes, clip } }) => `up to ${megabytes} MB, ${clip}`,
		),
	},
	{
		displayName: 'Wait for Completion',
		name: 'waitForCompletion',
		type: 'boolean',
		default: true,
		description:
			'Whether to wait until the video is ready, which usually takes 2 to 15 minutes. If off, the node returns the task ID at once, and you can fetch the video later with the Get operation. Turn this off for MCP clients, which usually time out after a minute.',
	},
	waitModeField,
	simplifyField,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Aspect Ratio',
				name: 'aspectRatio',
				type: 'options',
				options: ASPECT_RATIOS.map((value) => ({ name: value, value })),
				default: '16:9',
				description:
					'The shape of the new video. The providers differ in the ones they have. Without it, Runway keeps the shape of yours; for the others it is not documented.',
			},
			{ ...callbackUrlOption, displayOptions: { show: { '/waitForCompletion': [false] } } },
			{ ...callbackUrlOption, displayOptions: whilePolling },
			{ ...downloadOptions.download, displayOptions: whileWaiting },
			includeInputFieldsOption,
			{
				displayName: 'Keep Credits',
				name: 'keepCredits',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 0,
				description:
					'The credits to keep in the account. The node checks the balance before each video, and starts none if it is lower. The balance can fall below by the price of one video.',
			},
			keyframesOption,
			onStopOption,
			onTimeoutOption,
			{
				displayName: 'Output Format',
				name: 'outputFormat',
				type: 'options',
				options: [
					{ name: 'MP4', value: 'mp4' },
					{ name: 'PNG Sequence', value: 'png_sequence' },
					{ name: 'ProRes', value: 'prores' },
					{ name: 'SDR, Rec. 709, 10 Bit', value: 'sdr_rec709_10bit' },
				],
				default: 'mp4',
				description: only(
					'outputFormat',
					'The format of the new video. Formats other than MP4 cost extra.',
				),
			},
			pollIntervalOption,
			{
				displayName: 'Public Figures',
				name: 'publicFigures',
				type: 'options',
				options: [
					{ name: 'Auto', value: 'auto', description: 'Moderate as usual' },
					{ name: 'Low', value: 'low', description: 'Be less strict about recognizable people' },
				],
				default: 'auto',
				description: only(
					'publicFigures',
					'How strictly to moderate videos that show public figures.',
				),
			},
			downloadOptions.thumbnailOutputProperty,
			downloadOptions.videoOutputProperty,
			{
				displayName: 'Reference Image Field',
				name: 'referenceImageBinaryProperty',
				type: 'string',
				default: '',
				placeholder: 'e.g. image',
				hint: 'The name of the input binary field containing the image, which is uploaded first',
				description: only('referenceImage', 'An image that shows the style or content to aim for.'),
			},
			{
				displayName: 'Reference Image URL',
				name: 'referenceImage',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://example.com/style.png',
				description: only(
					'referenceImage',
					'The public URL of an image that shows the style or content to aim for.',
				),
			},
			{
				displayName: 'Seed',
				name: 'seed',
				type: 'number',
				default: 0,
				description:
					'A whole number, with Runway from 0 to 4294967295. The same seed and prompt give similar videos.',
			},
			{
				displayName: 'Store in China',
				name: 'uploadCn',
				type: 'boolean',
				default: false,
				description: only(
					'uploadCn',
					'Whether to store the result on Alibaba Cloud, for viewers in China, instead of S3 or R2.',
				),
			},
			{
				displayName: 'Tasks per 10 Seconds',
				name: 'generateRate',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 1000 },
				default: 20,
				description:
					'The maximum number of videos to start in 10 seconds. Executions with the same API key take turns.',
			},
			{
				...timeoutOption,
				displayOptions: undefined,
				description:
					'How long to wait for each video after the provider accepts it. Also how long to keep trying while it refuses new videos.',
			},
			{
				displayName: 'Watermark',
				name: 'waterMark',
				type: 'string',
				default: '',
				description: only(
					'waterMark',
					'Text to show on the video. Up to 20 characters are recommended. Leave empty for none.',
				),
			},
		],
	},
];
