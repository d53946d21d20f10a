/** What became of each item of a batch, as the node outputs it. */
import type { IBinaryKeyData, INode } from 'n8n-workflow';
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
import type { Outcome } from './output';
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
			return { task: knownTask(item.taskId, item), data: { taskId: item.taskId } };
		case 'unconfirmed':
			return { task: null, error: unconfirmedError(ref, item.failure) };
		case 'failed':
			return failedOutcome(ref, item);
		case 'timedOut': {
			const { record, terms, taskId } = item;
			const known = record ? withRequest(record.task, item) : knownTask(taskId, item);
			const error = terms.onTimeout === 'error' ? timeoutError(ref, item) : undefined;
			return { task: { ...known, status: 'timeout' }, data: record?.data, error };
		}
		case 'completed': {
			const { record, files, terms } = item;
			const task = withRequest(record.task, item);
			const { data } = record;
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
	const task = knownTask(taskId, item);
	if (failure.kind === 'local') return { task, error: badInputError(ref, item) };
	return untoldOutcome(ref, failure, task);
}

/** The API would not tell about the task: it may still run, unless the API does not know it. */
export function untoldOutcome(ref: ItemRef, failure: Failure, task: Task): Outcome {
	const status = failure.kind === 'unknownTask' ? 'failed' : 'processing';
	return { task: { ...task, status }, error: readError(ref, failure, task.taskId) };
}

function knownTask(taskId: string, item: { requested?: Requested }): Task {
	return withRequest(acceptedTask(taskId), item);
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
