/** The fields of video / generate. */
import type { INodeProperties } from 'n8n-workflow';
import { ASPECT_RATIOS } from '../../task/task';
import { downloadOptions } from '../downloads';
import { simplifyField } from '../outcome';
import {
	onTimeoutOption,
	pollIntervalOption,
	timeoutOption,
	waitModeField,
	whileWaiting,
} from './waiting';

const callbackUrlOption: INodeProperties = {
	displayName: 'Callback URL',
	name: 'callBackUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/…/aleph',
	description:
		'Where the provider posts the result when the task ends, such as the URL of a Runway Aleph Trigger',
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
		description: 'What to change in the video',
	},
	{
		displayName: 'Video Source',
		name: 'videoSource',
		type: 'options',
		options: [
			{ name: 'URL', value: 'url', description: 'A video that is already public' },
			{
				name: 'Binary File',
				value: 'binary',
				description: 'A file in the input item, which is uploaded to the provider first',
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
		description:
			'The video to edit: a public HTTPS URL, up to 10 MB. Only the first 5 seconds are used, and the new video is at most 5 seconds long.',
	},
	{
		displayName: 'Input Binary Field',
		name: 'videoBinaryProperty',
		type: 'string',
		default: 'data',
		required: true,
		displayOptions: { show: { videoSource: ['binary'] } },
		hint: 'The name of the input binary field containing the video',
		description:
			'The video to edit, up to 10 MB. Only the first 5 seconds are used. The upload is kept for 3 days and costs nothing.',
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
				description: 'The shape of the new video',
			},
			{ ...callbackUrlOption, displayOptions: { show: { '/waitForCompletion': [false] } } },
			{
				...callbackUrlOption,
				displayOptions: { show: { '/waitForCompletion': [true], '/waitMode': ['poll'] } },
			},
			{ ...downloadOptions.download, displayOptions: whileWaiting },
			{
				displayName: 'Keep Credits',
				name: 'keepCredits',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 0,
				description:
					'The number of credits to keep in the account. If it has fewer, the node starts no more videos, and the remaining items fail with an error that says how many credits are left.',
			},
			onTimeoutOption,
			pollIntervalOption,
			downloadOptions.thumbnailOutputProperty,
			downloadOptions.videoOutputProperty,
			{
				displayName: 'Reference Image Field',
				name: 'referenceImageBinaryProperty',
				type: 'string',
				default: '',
				placeholder: 'e.g. image',
				hint: 'The name of the input binary field containing the image, which is uploaded first',
				description: 'An image that shows the style or content to aim for',
			},
			{
				displayName: 'Reference Image URL',
				name: 'referenceImage',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://example.com/style.png',
				description: 'A public image that shows the style or content to aim for',
			},
			{
				displayName: 'Seed',
				name: 'seed',
				type: 'number',
				default: 0,
				description: 'A whole number. The same seed and prompt give similar videos.',
			},
			{
				displayName: 'Store in China',
				name: 'uploadCn',
				type: 'boolean',
				default: false,
				description:
					'Whether to store the result on Alibaba Cloud, for viewers in China, instead of S3 or R2',
			},
			{
				displayName: 'Tasks per 10 Seconds',
				name: 'generateRate',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 1000 },
				default: 20,
				description:
					'The maximum number of tasks to start in 10 seconds. Executions with the same API key take turns.',
			},
			{
				...timeoutOption,
				displayOptions: undefined,
				description:
					'How long to wait for each task after the API accepts it. Also how long to keep trying while the API refuses new tasks.',
			},
			{
				displayName: 'Watermark',
				name: 'waterMark',
				type: 'string',
				default: '',
				description: 'Text to show on the video. Leave empty for none.',
			},
		],
	},
];
