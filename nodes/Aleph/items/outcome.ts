/** What became of each item of a batch, as the node outputs it. */
import type { IBinaryKeyData, IDataObject, INode, NodeError } from 'n8n-workflow';
import type { Provider } from '../api/dialects/dialect';
import type { Batch, Failure, ItemState } from '../batch/state';
import {
	badInputError,
	downloadError,
	failedTaskError,
	readError,
	startError,
	timeoutError,
	unconfirmedError,
	type ItemRef,
} from './errors';
import { hasFailed, type Outcome } from './output';
import { escaped } from '../n8n';
import { acceptedTask, type Requested, type Task } from '../task/task';

export function outcomesOf(
	node: INode,
	{ items, halted }: Batch,
	provider: Provider | undefined,
): Outcome[] {
	return items.map((item, itemIndex) => {
		const ref: ItemRef = { node, itemIndex, provider };
		const { simplify, includeInputFields } = item.terms;
		return { ...outcomeOf(ref, item, halted), simplify, includeInputFields };
	});
}

function outcomeOf(ref: ItemRef, item: ItemState, halted: Batch['halted']): Outcome {
	switch (item.state) {
		case 'pending':
			return { task: null, notStarted: true, error: halted && startError(ref, halted) };
		case 'running':
			return { task: knownTask(item), data: { taskId: item.taskId } };
		case 'unconfirmed':
			return { task: null, error: unconfirmedError(ref, item.failure) };
		case 'failed':
			return failedOutcome(ref, item);
		case 'timedOut': {
			const { record, terms } = item;
			const task: Task = { ...(record?.task ?? knownTask(item)), status: 'timeout' };
			const data = record?.data as IDataObject | undefined;
			if (terms.onTimeout === 'continue') return { task: withRequest(task, item), data };
			return { task: withRequest(task, item), data, error: timeoutError(ref, item) };
		}
		case 'completed': {
			const { record, files, terms } = item;
			const task = withRequest(record.task, item);
			const data = record.data as IDataObject | undefined;
			if (task.status === 'failed' && terms.waitFor === 'end') {
				return { task, data, error: failedTaskError(ref, task) };
			}
			if (files && 'failure' in files) {
				return { task, data, error: downloadError(ref, files.failure, task) };
			}
			return { task, data, binary: binaryOf(files?.binary) };
		}
	}
}

function failedOutcome(ref: ItemRef, item: ItemState & { state: 'failed' }): Outcome {
	const { taskId, failure } = item;
	if (taskId === undefined) return { task: null, error: startError(ref, failure) };
	const task = knownTask({ ...item, taskId });
	if (failure.kind === 'local') return { task, error: badInputError(ref, item) };
	return untoldOutcome(ref, failure, task);
}

/** The API would not tell about the task: it may still run, unless the API does not know it. */
export function untoldOutcome(ref: ItemRef, failure: Failure, task: Task): Outcome {
	const status = failure.kind === 'unknownTask' ? 'failed' : 'processing';
	return { task: { ...task, status }, error: readError(ref, failure, task.taskId) };
}

function knownTask({ taskId, requested }: { taskId: string; requested?: Requested }): Task {
	return { ...acceptedTask(taskId), ...requested };
}

/** A record need not say what the task was asked for. */
function withRequest(task: Task, { requested }: { requested?: Requested }): Task {
	return {
		...task,
		prompt: task.prompt ?? requested?.prompt ?? null,
		sourceVideoUrl: task.sourceVideoUrl ?? requested?.sourceVideoUrl ?? null,
	};
}

function binaryOf(stored: unknown): IBinaryKeyData | undefined {
	const binary = (stored ?? {}) as IBinaryKeyData;
	return Object.keys(binary).length > 0 ? binary : undefined;
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
export function withAdvice(
	error: NodeError,
	outcomes: Outcome[],
	{ rerun, isTool }: Advice,
): NodeError {
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
