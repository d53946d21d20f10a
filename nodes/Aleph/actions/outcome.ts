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

/**
 * One item for each outcome, in order, paired. Where the node stops on errors and one item has
 * failed, throws its error.
 * @param advice goes with that error and a list of all tasks, so that none is lost
 */
export function outputItems(
	functions: IExecuteFunctions,
	outcomes: Outcome[],
	advice?: string,
): INodeExecutionData[] {
	const failed = outcomes.find(({ error, notStarted }) => error && !notStarted)?.error;
	if (failed && !functions.continueOnFail()) {
		throw advice === undefined ? failed : withTaskList(failed, outcomes, advice);
	}
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

function withTaskList(error: NodeError, outcomes: Outcome[], advice: string): NodeError {
	const states = outcomes.map(({ task, error: own, notStarted }) => {
		if (notStarted) return 'not started';
		return task ? `task ${task.taskId} ${task.status}` : (own?.message ?? 'no task');
	});
	// Where all have failed alike, there is nothing to tell apart.
	if (new Set(states).size === 1) return error;
	// The editor shows a description as HTML; everybody else as text.
	error.description = [
		error.description,
		advice,
		...states.map((state, item) => `Item ${item}: ${state}`),
	].join('<br>\n');
	return error;
}
