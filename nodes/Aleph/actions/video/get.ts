/** video / get: checks a task, and waits for it where asked to. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connect } from '../../api/connect';
import { running } from '../../batch/state';
import { asBoolean, asText } from '../../task/json';
import { acceptedTask } from '../../task/task';
import { readDownloads } from '../downloads';
import { inputError } from '../errors';
import { readInputs } from '../outcome';
import { runTasks, type TaskInput } from './tasks';
import { readWaiting } from './waiting';

export { description } from './getFields';

interface GetInput extends TaskInput {
	taskId: string;
}

/** How long to ask an API that struggles, where the user does not wait anyway (milliseconds). */
const PATIENCE_MS = 20_000;

/** How long to ask for a task that the API does not know: it may have been started just before. */
const UNKNOWN_MS = 10_000;
const UNKNOWN_WHILE_WAITING_MS = 60_000;

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const inputs = readInputs(this, (itemIndex) => readInput(this, itemIndex));
	return await runTasks(this, api, inputs, {
		hashes: ({ taskId }) => [taskId],
		fresh: ({ taskId }) => running(taskId, Date.now()),
		terms: ({ waiting }) =>
			waiting.wait
				? { until: 'ended', unknownFor: UNKNOWN_WHILE_WAITING_MS, rate: Infinity }
				: { until: 'seen', timeout: PATIENCE_MS, unknownFor: UNKNOWN_MS, rate: Infinity },
		known: (_input, taskId) => acceptedTask(taskId),
		start: async () => await Promise.reject(new Error('A task of Get has been started already')),
		rerun: 'Running the node again costs nothing.',
	});
}

function readInput(functions: IExecuteFunctions, itemIndex: number): GetInput {
	const taskId = asText(functions.getNodeParameter('taskId', itemIndex))?.trim();
	if (taskId === undefined) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Task ID" is empty',
			'Nothing was sent. Enter the ID of the task, or an expression such as {{ $json.taskId }}.',
		);
	}
	return {
		taskId,
		simplify: asBoolean(functions.getNodeParameter('simplify', itemIndex)),
		waiting: readWaiting(functions, itemIndex),
		downloads: readDownloads(
			functions,
			itemIndex,
			functions.getNodeParameter('options', itemIndex, {}),
		),
	};
}
