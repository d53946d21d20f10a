/** video / get: looks at a task, and waits for it where asked to. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { asText } from '../../task/json';
import { acceptedTask } from '../../task/task';
import { connect, type Api } from '../../api/client';
import { outcomesOf, outputItems, readInputs, simplifyField, type Outcome } from '../outcome';
import { downloadOptions, readDownloads, withFiles, type Downloads } from '../downloads';
import { inputError } from '../errors';
import {
	lookAtTask,
	onTimeoutOption,
	pollIntervalOption,
	readWaiting,
	timeoutOption,
	type Waiting,
} from './waiting';

export const description: INodeProperties[] = [
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. ee603959-debb-48d1-98c4-a6d1c717eba6',
		description: 'The ID that Generate returned when the task was started',
	},
	{
		displayName: 'Wait for Completion',
		name: 'waitForCompletion',
		type: 'boolean',
		default: false,
		description:
			'Whether to wait until the task has ended. If disabled, the item tells the current state, a failed one too; if enabled, a failed task is an error.',
	},
	simplifyField,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			downloadOptions.download,
			onTimeoutOption,
			pollIntervalOption,
			downloadOptions.thumbnailOutputProperty,
			downloadOptions.videoOutputProperty,
			timeoutOption,
		],
	},
];

interface GetInput {
	taskId: string;
	simplify: boolean;
	waiting: Waiting;
	downloads: Downloads;
}

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const inputs = readInputs(this, (itemIndex) => readInput(this, itemIndex));
	return outputItems(
		this,
		await outcomesOf(inputs, async (input, itemIndex) => await getOne(this, api, itemIndex, input)),
	);
}

async function getOne(
	functions: IExecuteFunctions,
	api: Api,
	itemIndex: number,
	{ taskId, simplify, waiting, downloads }: GetInput,
): Promise<Outcome> {
	const outcome = await lookAtTask(functions, api, itemIndex, acceptedTask(taskId), waiting);
	return {
		...(await withFiles(functions, itemIndex, outcome, downloads, api.signal)),
		simplify,
	};
}

function readInput(functions: IExecuteFunctions, itemIndex: number): GetInput {
	const taskId = asText(functions.getNodeParameter('taskId', itemIndex))?.trim();
	if (taskId === undefined) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Task ID" is empty',
			'Enter the ID of the task, or an expression such as {{ $json.taskId }}.',
		);
	}
	return {
		taskId,
		simplify: Boolean(functions.getNodeParameter('simplify', itemIndex)),
		waiting: readWaiting(functions, itemIndex),
		downloads: readDownloads(
			functions,
			itemIndex,
			functions.getNodeParameter('options', itemIndex, {}),
		),
	};
}
