/** What the nodes output: one item for each input item, or the error that stops the node. */
import type {
	IBinaryKeyData,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
	NodeError,
} from 'n8n-workflow';
import { escaped } from '../n8n';
import type { Json } from '../task/json';
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
	data?: Json;
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

/**
 * One item for each outcome, in order, paired. If the node stops on errors and one item has failed, throws
 * its error instead.
 * @param advice what that error is to say about the others, so that none is lost
 */
export function outputItems(
	ctx: IExecuteFunctions,
	outcomes: Outcome[],
	advice?: Advice,
): INodeExecutionData[] {
	const failed = outcomes.find(hasFailed)?.error;
	if (failed && !ctx.continueOnFail()) throw advice ? withAdvice(failed, outcomes, advice) : failed;
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
	const result = (task && (simplify || !data) ? task : data) as IDataObject | undefined;
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

/** So many items fit into an error; the tasks of the rest are in the log. */
const LISTED = 10;

interface Advice {
	/** What it means to run the node again. */
	rerun: string;
	/** An agent gets the message only, as plain text. */
	isTool: boolean;
}

/** The error that stops the node, with what to do about the other items, and a list of them. */
function withAdvice(error: NodeError, outcomes: Outcome[], { rerun, isTool }: Advice): NodeError {
	const ids = outcomes.flatMap(({ task }) => task?.taskId ?? []);
	if (isTool) {
		const known = ids.filter((id) => !error.message.includes(id));
		const stop = /[.!?]$/.test(error.message) ? '' : '.';
		const list = known.length > 0 ? `${stop} Task ID: ${known.join(', ')}` : '';
		return Object.assign(error, { message: `${error.message}${list}` });
	}
	const states = outcomes.map((outcome) => escaped(stateOf(outcome)));
	// If all have failed alike, there is nothing to tell apart.
	if (new Set(states).size === 1) return error;
	const ready = outcomes.filter(({ task }) => task?.status === 'success').length;
	const failedFirst = [...outcomes.entries()].sort(
		([, one], [, other]) => Number(hasFailed(other)) - Number(hasFailed(one)),
	);
	const more = outcomes.length - LISTED;
	const description = [
		error.description,
		`${ready} of ${outcomes.length} videos are ready. ${ready > 0 ? 'They are paid for. ' : ''}${rerun}`,
		...failedFirst.slice(0, LISTED).map(([item]) => `Item ${item}: ${states[item]}`),
		...(more > 0
			? [`and ${more} more: n8n's log has the task IDs of those that were started`]
			: []),
	].join('<br>\n');
	return Object.assign(error, { description });
}

function stateOf({ task, error, notStarted }: Outcome): string {
	if (notStarted) return 'not started';
	if (!task) return error?.message ?? 'no task';
	// A task that failed without being an error says why: that it was cancelled may be what was asked for.
	const reason = error || task.errorMessage === null ? '' : `: ${task.errorMessage}`;
	return `task ${task.taskId} ${task.status}${reason}`;
}

function hasFailed({ error, notStarted }: Outcome): boolean {
	return error !== undefined && !notStarted;
}
