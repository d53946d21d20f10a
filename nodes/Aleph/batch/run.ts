/** One run of the node: takes its batch up where it stood, and goes on until it ends or falls asleep. */
import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { goesOn, isAwake } from './callers';
import type { Step } from './decide';
import { drive, type Work } from './drive';
import { convertEarlier } from './earlier';
import { fallAsleep, isTool } from './sleep';
import {
	called,
	isSuccess,
	newBatch,
	nextTry,
	VERSION,
	type Batch,
	type Item,
	type Plan,
	type Requests,
} from './state';

export interface Run {
	requests: Requests;
	/** How an item begins. */
	fresh: (itemIndex: number) => Item;
	/** Throws where the first run must not begin. In later ones something may have been paid for. */
	refuse: () => void;
	plan: Plan;
	work: Work;
	sleeps: boolean;
	signal?: AbortSignal;
}

/**
 * n8n waits half a minute for its executions when it is stopped. An execution that sleeps by then loses
 * nothing.
 */
const LONGEST_AWAKE_MS = 25_000;

/**
 * n8n looks for executions to wake once a minute, so that a short pause is better spent awake: for the
 * next tasks that the rate allows, or a check that did not work out.
 */
const SHORT_START_MS = 11_000;
const SHORT_CHECK_MS = 4_000;

/** Gives the batch once there is nothing more to do, or null where the execution goes to sleep. */
export async function runBatch(functions: IExecuteFunctions, run: Run): Promise<Batch | null> {
	const { plan, work, signal } = run;
	const context = functions.getContext('node');
	const batch = takeUp(functions, run);
	context.batch = batch;
	const sleeping = { isSoon, until: Date.now() + LONGEST_AWAKE_MS };
	const next = await drive({ batch, plan, work, signal, ...(run.sleeps && sleeping) });
	if (next === null) return batch;
	await fallAsleep(functions, batch, next);
	return null;
}

function isSoon({ startAt, checkAt }: Step, now: number): boolean {
	const isWithin = (time: number | null, pause: number) => time !== null && time - now < pause;
	return isWithin(startAt, SHORT_START_MS) || isWithin(checkAt, SHORT_CHECK_MS);
}

function takeUp(functions: IExecuteFunctions, { requests, fresh, refuse }: Run): Batch {
	const executionId = functions.getExecutionId();
	const earlier = earlierBatch(functions);
	if (!earlier) {
		refuse();
		return newBatch(requests, { runIndex: runIndexOf(functions), executionId }, fresh);
	}
	const now = Date.now();
	if (earlier.sleep && earlier.executionId === executionId) {
		called(earlier, isAwake(executionId, earlier.sleep, now), now);
		delete earlier.sleep;
		return earlier;
	}
	if (earlier.sleep && goesOn(earlier.executionId, earlier.sleep)) {
		throw new NodeOperationError(functions.getNode(), 'The crashed execution is still running', {
			description: `Nothing was sent. n8n has resumed execution ${earlier.executionId}. Retry it only if it is still marked as crashed after ten minutes.`,
		});
	}
	const again = { executionId, isTool: isTool(functions), maxTries: triesOf(functions) };
	return nextTry(earlier, requests, again, now, fresh);
}

/** As n8n reads Retry On Fail. */
function triesOf(functions: IExecuteFunctions): number {
	const { retryOnFail, maxTries = 3 } = functions.getNode();
	return retryOnFail ? Math.min(5, Math.max(2, maxTries)) : 1;
}

/** What an earlier run for the same items has left, if there was one. */
function earlierBatch(functions: IExecuteFunctions): Batch | null {
	const context = functions.getContext('node');
	const batch = (context.batch as Batch | undefined) ?? convertEarlier(context);
	if (!batch || !isSameRun(functions, batch)) return null;
	if (batch.version > VERSION) {
		throw new NodeOperationError(
			functions.getNode(),
			'This execution was started with a newer version of Runway Aleph',
			{
				description:
					'Nothing was sent. Install that version again, then retry the execution: its tasks are not lost.',
			},
		);
	}
	return batch;
}

/** A loop counts the run index up; for an AI tool, each try of Retry On Fail does so as well. */
function isSameRun(functions: IExecuteFunctions, { runIndex, executionId, items }: Batch): boolean {
	if (runIndex === runIndexOf(functions)) return true;
	return (
		isTool(functions) &&
		executionId === functions.getExecutionId() &&
		!items.every((item) => isSuccess(item))
	);
}

function runIndexOf(functions: IExecuteFunctions): number {
	return Number(functions.evaluateExpression('{{ $runIndex }}', 0));
}
