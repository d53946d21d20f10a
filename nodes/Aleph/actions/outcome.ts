/** A batch of items: what each asks for, what became of it, and what the node gives for all. */
import {
	NodeOperationError,
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
	type NodeError,
} from 'n8n-workflow';
import type { Task } from '../task/task';

/** Goes with `simplify` of an outcome. */
export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

/** What became of one input item. */
export interface Outcome {
	/** Null where there is none. */
	task: Task | null;
	/** The API's data as it came. */
	data?: IDataObject;
	/** The files of the task. */
	binary?: IBinaryKeyData;
	simplify?: boolean;
	error?: NodeError;
	/** Nothing was sent for this item, since another one has stopped the run. */
	notStarted?: boolean;
}

/** What each item asks for; or, where `read` throws, what is wrong with it. */
export function readInputs<Input>(
	functions: IExecuteFunctions,
	read: (itemIndex: number) => Input,
): Array<Input | NodeOperationError> {
	return functions.getInputData().map((_, itemIndex) => {
		try {
			return read(itemIndex);
		} catch (error) {
			return new NodeOperationError(functions.getNode(), error as Error, { itemIndex });
		}
	});
}

/** Deals with all items at once. Bad input is the outcome of its item already. */
export async function outcomesOf<Input>(
	inputs: Array<Input | NodeOperationError>,
	deal: (input: Input, itemIndex: number) => Promise<Outcome>,
): Promise<Outcome[]> {
	return await Promise.all(
		inputs.map(async (input, itemIndex) =>
			input instanceof NodeOperationError
				? { task: null, error: input }
				: await deal(input, itemIndex),
		),
	);
}

/**
 * One item for each outcome, in order, paired. Where the node stops on errors and one item has
 * failed, throws its error with the list of all tasks, so that none is lost.
 */
export function outputItems(
	functions: IExecuteFunctions,
	outcomes: Outcome[],
): INodeExecutionData[] {
	const failed = outcomes.find(({ error, notStarted }) => error && !notStarted)?.error;
	if (failed && !functions.continueOnFail()) throw withTaskList(failed, outcomes);
	const toErrorOutput = functions.getNode().onError === 'continueErrorOutput';
	return outcomes.map((outcome, index) => {
		const item = outputItem(outcome, index);
		return outcome.error && toErrorOutput ? forErrorOutput(item, outcome.error) : item;
	});
}

/** The item of one outcome, paired with the input item of that index. */
export function outputItem(outcome: Outcome, index: number): INodeExecutionData {
	const { task, binary, error } = outcome;
	const json = outcomeJson(outcome);
	const pairedItem = { item: index };
	if (!error) return binary ? { json, binary, pairedItem } : { json, pairedItem };
	return {
		json: {
			...json,
			error: error.message,
			taskId: task?.taskId ?? null,
			status: task?.status ?? 'failed',
			errorMessage: task?.errorMessage ?? error.message,
		},
		pairedItem,
	};
}

function outcomeJson({ task, data, simplify = true }: Outcome): IDataObject {
	return task && (simplify || !data) ? { ...task } : (data ?? {});
}

/**
 * n8n sends an item to the error output when it has an `error` of its own, and afterwards replaces
 * the `json` of each item that still has one by `{ error }`. Of a paired item it makes a copy in
 * between, which an `error` that is not enumerable does not reach; any other stays as it is, and takes
 * no other `json`. So the task ID survives.
 */
function forErrorOutput(
	{ json, ...item }: INodeExecutionData,
	error: NodeError,
): INodeExecutionData {
	return Object.defineProperties(
		{ ...item, json },
		{
			json: { enumerable: true, configurable: true, get: () => json, set: () => {} },
			error: { value: error, enumerable: false },
		},
	);
}

function withTaskList(error: NodeError, outcomes: Outcome[]): NodeError {
	const states = outcomes.map(({ task, error: own, notStarted }) => {
		if (notStarted) return 'not started';
		return task ? `task ${task.taskId} ${task.status}` : (own?.message ?? 'no task');
	});
	// Where all have failed alike, there is nothing to tell apart.
	if (new Set(states).size === 1) return error;
	const ready = outcomes.filter(({ task }) => task?.status === 'success').length;
	// The editor shows a description as HTML; everybody else as text.
	error.description = [
		error.description,
		`${ready} of ${outcomes.length} videos are ready: fetch them with the "Get" operation and their task IDs. To continue from here and pay only for what failed, retry from the executions list. "Execute step" pays for all of them again.`,
		...states.map((state, item) => `Item ${item}: ${state}`),
	].join('<br>\n');
	return error;
}
