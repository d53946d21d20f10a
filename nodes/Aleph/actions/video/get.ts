/** video / get: checks a task, and waits for it if that is asked for. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { Client } from '../../api/client';
import { UNKNOWN_MS } from '../../api/limits';
import type { Job } from '../../batch/job';
import { running, type Terms } from '../../batch/state';
import { downloadOptions } from '../../items/downloads';
import { simplifyField } from '../../items/output';
import { brief, InvalidInput, isEmpty } from '../../items/parameters';
import { asId, trimInvisible } from '../../task/json';
import {
	includeInputFieldsOption,
	onTimeoutOption,
	pollIntervalOption,
	taskIdField,
	timeoutOption,
	waitModeField,
} from './fields';
import { downloadWith, initialState } from './job';
import { runJobs } from './runJobs';
import { readTerms } from './terms';

export const description: INodeProperties[] = [
	taskIdField,
	{
		displayName: 'Wait for Completion',
		name: 'waitForCompletion',
		type: 'boolean',
		default: false,
		description:
			'Whether to wait until the video is ready or has failed. If off, the item shows the current status, even of a video that failed. If on, a failed video is an error.',
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
			downloadOptions.download,
			includeInputFieldsOption,
			onTimeoutOption,
			pollIntervalOption,
			downloadOptions.thumbnailOutputProperty,
			downloadOptions.videoOutputProperty,
			timeoutOption,
		],
	},
];

/** How long to ask an API that struggles, if the user does not wait anyway. */
const PATIENCE_MS = 20_000;

/** The same as UNKNOWN_MS, where the user wants to wait. */
const UNKNOWN_WHILE_WAITING_MS = 60_000;

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return await runJobs(this, getJobs, 'Running the node again costs nothing.');
}

function getJobs(ctx: IExecuteFunctions, client: Client): Job[] {
	const download = downloadWith(ctx, client);
	return ctx.getInputData().map((_, itemIndex): Job => ({
		initial: async (now) =>
			await initialState(ctx, itemIndex, async () => {
				const taskId = readTaskId(ctx, itemIndex);
				const options = ctx.getNodeParameter('options', itemIndex, {});
				const { dialect } = await client.connected();
				const terms = withPatience(readTerms(ctx, itemIndex, options, dialect));
				return { requestHash: taskId, terms, ...running(taskId, now) };
			}),
		download,
	}));
}

function withPatience(terms: Terms): Terms {
	return terms.waitFor === 'end'
		? { ...terms, notFoundTimeout: UNKNOWN_WHILE_WAITING_MS }
		: { ...terms, waitFor: 'check', timeout: PATIENCE_MS, notFoundTimeout: UNKNOWN_MS };
}

/** Throws an InvalidInput. */
export function readTaskId(ctx: IExecuteFunctions, itemIndex: number): string {
	const value: unknown = ctx.getNodeParameter('taskId', itemIndex, '');
	if (isEmpty(value)) throw new InvalidInput('"Task ID" is empty', ADVICE);
	const isText = typeof value === 'string';
	const taskId = asId(isText ? trimInvisible(value).replace(QUOTES, '') : value);
	if (taskId !== null && !OF_NO_VALUE.includes(taskId)) return taskId;
	throw new InvalidInput('"Task ID" must be the ID of a task', `It is ${brief(value)}. ${ADVICE}`);
}

const ADVICE = 'Enter the ID of the task, or an expression such as {{ $json.taskId }}.';

/** Around an ID that was copied from JSON or from a text. */
const QUOTES = /^["'`“”„‘’]+|["'`“”„‘’]+$/g;

/** What n8n makes of an expression inside a text if it has no value, or a whole object. */
const OF_NO_VALUE = ['undefined', 'null', '[object Object]'];
