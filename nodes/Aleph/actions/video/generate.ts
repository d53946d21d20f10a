/** video / generate: starts a task for each item within the rate limit, and waits for all together. */
import {
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
} from 'n8n-workflow';
import { connect, type Api, type TaskRecord } from '../../api/client';
import { isHttpUrl } from '../../api/request';
import { canSleep, fallAsleep, resumeUrl, wokenUp } from '../../wait/callback';
import { canCall } from '../../wait/reachable';
import {
	outcomesOf,
	outputItem,
	outputItems,
	readInputs,
	simplifyField,
	type Outcome,
} from '../outcome';
import { downloadOptions, readDownloads, withFiles, type Downloads } from '../downloads';
import { inputError } from '../errors';
import { ASPECT_RATIOS, readParameters, type GenerateParameters } from './generateParameters';
import { newRun, notesOf, startedBefore, startTask, type Run } from './startTask';
import {
	onTimeoutOption,
	pollIntervalOption,
	readWaiting,
	timeoutOption,
	waitForTask,
	whileWaiting,
	type Waiting,
} from './waiting';

const whilePolling = { show: { '/waitForCompletion': [true], '/waitMode': ['poll'] } };

export const description: INodeProperties[] = [
	{
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 3 },
		default: '',
		required: true,
		placeholder: 'e.g. Make it a snowy evening, keep the people as they are',
		description: 'What to change in the video, in words',
	},
	{
		displayName: 'Video Source',
		name: 'videoSource',
		type: 'options',
		options: [
			{ name: 'URL', value: 'url', description: 'A video that is public already' },
			{
				name: 'Binary File',
				value: 'binary',
				description: 'A file of the input item, which is uploaded to the provider first',
			},
		],
		default: 'url',
		description: 'Where the video to edit is',
	},
	{
		displayName: 'Video URL',
		name: 'videoUrl',
		type: 'string',
		default: '',
		required: true,
		displayOptions: { show: { videoSource: ['url'] } },
		placeholder: 'e.g. https://example.com/video.mp4',
		description: 'The video to edit. The URL must be public: the provider fetches it.',
	},
	{
		displayName: 'Input Binary Field',
		name: 'videoBinaryProperty',
		type: 'string',
		default: 'data',
		required: true,
		displayOptions: { show: { videoSource: ['binary'] } },
		hint: 'The name of the input binary field containing the video',
	},
	{
		displayName: 'Wait for Completion',
		name: 'waitForCompletion',
		type: 'boolean',
		default: true,
		description:
			'Whether to wait until the video is ready, typically 2 to 15 minutes. If disabled, the item comes out at once, with the task ID.',
	},
	{
		displayName: 'Wait Mode',
		name: 'waitMode',
		type: 'options',
		noDataExpression: true,
		options: [
			{
				name: 'Poll',
				value: 'poll',
				description: 'Ask the API again and again; the execution stays running',
			},
			{
				name: 'Callback',
				value: 'callback',
				description: 'Sleep in the database until the provider calls; survives a restart of n8n',
			},
		],
		default: 'poll',
		displayOptions: { show: { waitForCompletion: [true] } },
		description:
			'Choose Poll for a few videos, or where the provider cannot reach this n8n. Choose Callback for many or long ones: a sleeping execution holds no worker and no memory.',
	},
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
			{
				displayName: 'Callback URL',
				name: 'callBackUrl',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://n8n.example.com/webhook/…/aleph',
				description:
					'Where the provider posts the result when the task ends, such as the URL of a Runway Aleph Trigger. Not with the wait mode Callback.',
			},
			{ ...downloadOptions.download, displayOptions: whileWaiting },
			{
				displayName: 'Generate Rate',
				name: 'generateRate',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 1000 },
				default: 20,
				description:
					'How many tasks to start within 10 seconds. All executions with the same API key share it.',
			},
			{ ...onTimeoutOption, displayOptions: whilePolling },
			{ ...pollIntervalOption, displayOptions: whilePolling },
			{ ...downloadOptions.thumbnailOutputProperty, displayOptions: whileWaiting },
			{ ...downloadOptions.videoOutputProperty, displayOptions: whileWaiting },
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
			{ ...timeoutOption, displayOptions: undefined },
			{
				displayName: 'Store in China',
				name: 'uploadCn',
				type: 'boolean',
				default: false,
				description:
					'Whether to store the result in Alibaba Cloud, for viewers in China, instead of on S3 or R2',
			},
			{
				displayName: 'Watermark',
				name: 'waterMark',
				type: 'string',
				default: '',
				description: 'Text to show on the video. Empty means none.',
			},
		],
	},
];

interface GenerateInput extends GenerateParameters {
	simplify: boolean;
	waiting: Waiting;
	downloads: Downloads;
}

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const inputs = readInputs(this, (itemIndex) => readInput(this, itemIndex));
	const run = newRun(this, api);
	const woken = wokenUp(this);
	if (woken) {
		return outputItems(
			this,
			await outcomesOf(inputs, async (input, itemIndex) => {
				const started = startedBefore(run, woken.notes, itemIndex, input.request);
				return await finish(run, itemIndex, input, started, woken.records);
			}),
		);
	}

	const invalid = inputs.find((input) => input instanceof NodeOperationError);
	if (invalid && !this.continueOnFail()) throw invalid;
	const sleeps = wantsToSleep(this);
	if (sleeps) run.callBackUrl = reachableResumeUrl(this, api);
	const outcomes = await outcomesOf(inputs, async (input, itemIndex) => {
		const started = await startTask(run, itemIndex, input);
		return sleeps && isRunning(started)
			? { ...started, simplify: input.simplify }
			: await finish(run, itemIndex, input, started);
	});
	if (!sleeps || !outcomes.some(isRunning)) return outputItems(this, outcomes);
	await sleepUntilCalled(this, inputs, outcomes);
	// What is given out now would be taken for the result, and an error in it for a failed try.
	return [];
}

/** From a task that has been started to what comes of it, in both wait modes. */
async function finish(
	run: Run,
	itemIndex: number,
	{ waiting, simplify, downloads }: GenerateInput,
	started: Outcome,
	records: Record<string, TaskRecord> = {},
): Promise<Outcome> {
	const { functions, api } = run;
	let outcome = started;
	if (waiting.wait && started.task && isRunning(started)) {
		const { task } = started;
		const record = records[task.taskId];
		outcome = await waitForTask(functions, api, itemIndex, task, waiting, record);
	}
	outcome = await withFiles(functions, itemIndex, outcome, downloads, api.signal);
	if (outcome.task?.status === 'failed') delete run.accepted[itemIndex];
	if (outcome.error && !functions.continueOnFail()) run.halted ??= outcome.error;
	return { ...outcome, simplify };
}

function isRunning({ task, error }: Outcome): boolean {
	return task?.status === 'processing' && !error;
}

function wantsToSleep(functions: IExecuteFunctions): boolean {
	return (
		canSleep(functions) &&
		functions.getNodeParameter('waitForCompletion', 0) === true &&
		functions.getNodeParameter('waitMode', 0, 'poll') === 'callback'
	);
}

function reachableResumeUrl(functions: IExecuteFunctions, { baseUrl }: Api): string {
	const url = resumeUrl(functions);
	// A base URL that is none is refused where it is used.
	if (!isHttpUrl(baseUrl) || canCall(baseUrl, url)) return url;
	throw inputError(
		functions.getNode(),
		0,
		`The provider cannot call this n8n at ${new URL(url).origin}`,
		'Nothing was sent. Set the environment variable WEBHOOK_URL to the public address of n8n, or choose the wait mode "Poll".',
	);
}

async function sleepUntilCalled(
	functions: IExecuteFunctions,
	inputs: Array<GenerateInput | NodeOperationError>,
	outcomes: Outcome[],
): Promise<void> {
	const minutes = inputs.map((input) =>
		input instanceof NodeOperationError ? 0 : input.waiting.timeout,
	);
	const timedOut = outcomes.map((outcome, index) =>
		outputItem(isRunning(outcome) ? asTimedOut(outcome) : outcome, index),
	);
	await fallAsleep(
		functions,
		{
			taskIds: outcomes.filter(isRunning).map(({ task }) => task!.taskId),
			until: Date.now() + Math.max(...minutes) * 60_000,
			notes: notesOf(outcomes),
		},
		timedOut,
	);
}

/** The status has to be told: no code of the node runs at the deadline. */
function asTimedOut({ task, simplify }: Outcome): Outcome {
	const { taskId } = task!;
	return { task: { ...task!, status: 'timeout' }, data: { taskId, status: 'timeout' }, simplify };
}

function readInput(functions: IExecuteFunctions, itemIndex: number): GenerateInput {
	const parameters = readParameters(functions, itemIndex);
	if (parameters.request.callBackUrl && wantsToSleep(functions)) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Callback URL" does not go with the wait mode "Callback"',
			'Remove the option: in this mode the provider calls the sleeping execution.',
		);
	}
	return {
		...parameters,
		simplify: Boolean(functions.getNodeParameter('simplify', itemIndex)),
		waiting: readWaiting(functions, itemIndex),
		downloads: readDownloads(
			functions,
			itemIndex,
			functions.getNodeParameter('options', itemIndex, {}),
		),
	};
}
