/**
 * What a run takes over from an earlier one for the same items, by Retry On Fail or by a retry from the
 * executions list: what was paid for and has not failed, if the item is still the same.
 */
import {
	isSuccess,
	running,
	type Batch,
	type Downloads,
	type ItemFacts,
	type ItemState,
	type Stage,
} from './state';

/**
 * n8n counts the attempts of Retry On Fail anew after each sleep; counted here, they come to an end.
 * @param fresh the batch as it would begin without the earlier run
 */
export function retryBatch(earlier: Batch, fresh: Batch, maxAttempts: number, now: number): Batch {
	const isSameExecution = earlier.executionId === fresh.executionId;
	// Not by Retry On Fail, but from the executions list: that begins anew.
	const attempts = isSameExecution ? earlier.attempts + 1 : 1;
	if (attempts > maxAttempts) return { ...earlier, attempts };
	// Nobody has seen what became of an execution that was killed.
	const isUnseen = isSameExecution || earlier.sleep !== undefined;
	const items = fresh.items.map((item, itemIndex) => {
		const before = earlier.items[itemIndex];
		if (!before) return item;
		const stage = keptStage(before, item, { isUnseen, isSameExecution, now });
		if (item.state === 'failed') return withEarlier(item, before, stage);
		if (!stage || !isSame(before, item)) return item;
		return { ...stage, ...hashes(item), terms: item.terms };
	});
	// After a sleep, n8n gives the time anew; that of the execution has gone on.
	const deadline = isSameExecution ? earlier.deadline : fresh.deadline;
	return { ...fresh, deadline, revision: earlier.revision, attempts, items };
}

/** If the input is bad now, its error still names the task that was paid for, and a later run finds it. */
function withEarlier(
	item: ItemState & { state: 'failed' },
	before: ItemState,
	stage: Stage | null,
): ItemState {
	if (stage?.state === 'unconfirmed') return { ...stage, ...hashes(before), terms: item.terms };
	return { ...item, ...hashes(before), ...(stage && taskOf(stage)) };
}

function isSame(before: ItemFacts, now: ItemFacts): boolean {
	return before.requestHash === now.requestHash || before.inputHash === now.inputHash;
}

function hashes({ requestHash, inputHash }: ItemFacts) {
	return { requestHash, inputHash };
}

interface Circumstances {
	isUnseen: boolean;
	isSameExecution: boolean;
	now: number;
}

/** Null if the item begins anew. */
function keptStage(
	before: ItemState,
	{ terms }: ItemFacts,
	{ isUnseen, isSameExecution, now }: Circumstances,
): Stage | null {
	switch (before.state) {
		case 'pending':
			// Another execution may use another account, which cannot read what this one has uploaded.
			return isSameExecution ? before : null;
		case 'running':
		case 'timedOut':
			return runningAgain(before, now, isSameExecution);
		case 'failed':
			return before.taskId === undefined ? null : runningAgain(before, now, isSameExecution);
		case 'unconfirmed':
			// Whether to risk a second payment is for the user to decide, by retrying the execution.
			return isUnseen ? before : null;
		case 'completed': {
			if (!isSuccess(before)) return null;
			const { record, files } = before;
			if (!terms.simplify && !record.data) return runningAgain(before, now, isSameExecution);
			// n8n stores files by execution.
			const isThere = isSameExecution && files && 'binary' in files;
			const isWanted = sameDownloads(before.terms.downloads, terms.downloads);
			return isThere && isWanted ? before : { ...before, files: undefined };
		}
	}
}

function runningAgain(before: ItemState, now: number, isSameExecution: boolean): Stage | null {
	const task = taskOf(before);
	// Callbacks for the tasks of another execution go there.
	const calls = isSameExecution && 'calls' in before && { calls: before.calls };
	return task && { ...running(task.taskId, now), ...task, ...calls };
}

function taskOf(stage: Stage) {
	if (!('taskId' in stage) || stage.taskId === undefined) return null;
	const { taskId, api, requested } = stage;
	return { taskId, api, requested };
}

function sameDownloads(one: Downloads, other: Downloads): boolean {
	return one.video === other.video && one.thumbnail === other.thumbnail;
}
