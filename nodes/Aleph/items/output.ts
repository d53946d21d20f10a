/** What the nodes output: one item for each input item, or the error that stops the node. */
import type {
	IBinaryKeyData,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	NodeError,
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
	/** Null if there is none. */
	task: Task | null;
	/** The API's data as it came. */
	data?: IDataObject;
	/** The files of the task. */
	binary?: IBinaryKeyData;
	/** Whether the item has the task rather than the data; true if absent. */
	simplify?: boolean;
	/** Whether the item's own fields come out, too. */
	includeInputFields?: boolean;
	error?: NodeError;
	/** Nothing was sent for this item, since another one has stopped the run. */
	notStarted?: boolean;
}

export function hasFailed({ error, notStarted }: Outcome): boolean {
	return error !== undefined && !notStarted;
}

/**
 * One item for each outcome, in order, paired. If the node stops on errors and one item has failed, throws
 * its error instead.
 * @param withAdvice adds to that error what to do about the others, so that none is lost
 */
export function outputItems(
	ctx: IExecuteFunctions,
	outcomes: Outcome[],
	withAdvice: (error: NodeError) => NodeError = (error) => error,
): INodeExecutionData[] {
	const failed = outcomes.find(hasFailed)?.error;
	if (failed && !ctx.continueOnFail()) throw withAdvice(failed);
	const toErrorOutput = ctx.getNode().onError === 'continueErrorOutput';
	const inputs = ctx.getInputData();
	return outcomes.map((outcome, index) => {
		const item = outputItem(outcome, index, inputs[index]?.json);
		return outcome.error && toErrorOutput ? forErrorOutput(item, outcome.error) : item;
	});
}

/** The item of one outcome, paired with the input item of that index. */
export function outputItem(
	outcome: Outcome,
	index: number,
	input: IDataObject = {},
): INodeExecutionData {
	const { task, data, binary, error, simplify = true, includeInputFields } = outcome;
	const result = task && (simplify || !data) ? task : data;
	// An object of its own: nodes behind this one may change an item in place.
	const json: IDataObject = { ...(includeInputFields && withoutError(input)), ...result };
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

/** An `error` is the sign of an item that has failed in this node, so one from an earlier node stays behind. */
function withoutError(input: IDataObject): IDataObject {
	const fields = { ...input };
	delete fields.error;
	return fields;
}

/**
 * n8n sends an item to the error output if it has an `error` of its own, and afterwards replaces the `json`
 * of each item that still has one by `{ error }`. In between it makes a copy of a paired item, which an
 * `error` that is not enumerable does not reach; any other stays as it is, and takes no other `json`. So
 * the task ID survives.
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
