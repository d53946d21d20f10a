/**
 * What is known of a batch, as plain JSON that n8n stores with the execution while it sleeps, and again
 * when it ends. What the fields are called is fixed from the first release on. Times are epoch milliseconds.
 *
 * This file has the shape and questions about it; `events.ts` has all that changes it.
 */
import type { ApiRef } from '../api/connection';
import { ApiError, type ApiErrorData } from '../api/error';
import { START_INTERVAL_MS } from '../api/limits';
import type { Requested, TaskRecord } from '../task/task';

export const VERSION = 1;

export interface Batch {
	version: typeof VERSION;
	/** Counts the times that it was handed to n8n: n8n may wake an execution with an older one. */
	revision: number;
	executionId: string;
	/** A loop runs the node again with the next index, and then the same input means a new video. */
	runIndex: number;
	/** How often the node has begun with these items: Retry On Fail begins anew. */
	attempts: number;
	/** Whether the execution sleeps while it waits. */
	sleeps: boolean;
	/** Start nothing more once an item has failed. */
	stopsOnError: boolean;
	/** When n8n stops the execution, if it ever does. */
	deadline?: number;
	/** By input item. */
	items: ItemState[];
	/** When the last tasks were started, for the rate. */
	starts: number[];
	/** How many tasks the API takes; absent until it has told. */
	slots?: Slots;
	/** What some tasks need before they start, if it was refused for now. */
	refused?: Partial<Record<Preparation, Refusals>>;
	/** How old the last tasks were when they were seen to have succeeded (milliseconds), the newest last. */
	durations?: number[];
	/** Why the account is refused, as all further items would be. */
	halted?: ApiErrorData;
	/** Set while the execution sleeps. */
	sleep?: Sleep;
}

/** What one input item asks for, and where it stands. */
export type ItemState = ItemFacts & Stage;

export interface ItemFacts {
	/** Two hashes tell whether an item is the same when the node runs again: of what it asks for ... */
	requestHash?: string;
	/** ... and of its parameters as written and its input, if expressions have other values by then. */
	inputHash?: string;
	terms: Terms;
}

export type Stage =
	| Pending
	| Running
	| Completed
	| TimedOut
	/** Refused; or, with a task, the API would not tell what became of it. */
	| (Partial<WithTask> & { state: 'failed'; failure: Failure })
	/** The API did not confirm the task: it may exist. */
	| { state: 'unconfirmed'; failure: Failure };

/** What the user wants for an item. Durations are milliseconds. */
export interface Terms {
	/** When there is nothing more to do: once the task was started, was checked, or has ended. */
	waitFor: 'start' | 'check' | 'end';
	/** Whether the user wants the execution to sleep until then. */
	sleeps: boolean;
	/** From the acceptance of the task. */
	timeout: number;
	/** How long the API may not know the task; null if it gave us the ID, so that it will some time. */
	notFoundTimeout: number | null;
	/** Between two checks; by the task's age if null. */
	pollInterval: number | null;
	/** New tasks per 10 seconds. */
	rate: number;
	/** Start nothing if fewer credits are left. */
	keepCredits?: number;
	onTimeout: 'error' | 'continue';
	onStop: 'leave' | 'cancel';
	simplify: boolean;
	includeInputFields: boolean;
	downloads: Downloads;
	/** How many files have to be uploaded first. */
	fileCount: number;
}

/** The binary properties to put the files of a task into; null for what is not wanted. */
export interface Downloads {
	video: string | null;
	thumbnail: string | null;
}

/** A file that was uploaded for an item, by what it is for. */
export type Uploads = Record<string, { url: string; expiresAt: string }>;

interface Pending {
	state: 'pending';
	/** Of the files that are up; empty if they would not last, and have to go up again. */
	uploads?: Uploads;
}

interface WithTask {
	taskId: string;
	/** Absent for a task that somebody else has started, until one API knows it. */
	api?: ApiRef;
	/** What the task was asked for; its record need not say. */
	requested?: Requested;
}

export interface Running extends WithTask {
	state: 'running';
	startedAt: number;
	nextCheckAt: number;
	/** When it was last seen in the provider's own queue, and first outside of it: that time does not count. */
	queuedAt?: number;
	leftQueueAt?: number;
	/** Checks in a row that failed. */
	failures?: number;
	/** When the first check after the end of its time has failed. */
	lastLookAt?: number;
	/** The API has told of the task. */
	known?: true;
	/** Whether its callback comes to this execution. */
	calls?: true;
	/** Set by a callback: how often more to check soon, as the record may lag behind it. */
	soon?: number;
	/** Has been checked on the ground that another one has ended that started later, or just before. */
	guessed?: true;
}

/** Still running when its time was up, as far as is known. */
export interface TimedOut extends WithTask {
	state: 'timedOut';
	record?: TaskRecord;
	/** Why nobody could tell at the end. */
	failure?: Failure;
	/** Its time was cut short, as n8n was about to stop the execution. */
	atDeadline?: true;
}

export interface Completed extends WithTask {
	state: 'completed';
	record: TaskRecord;
	/** The files that were downloaded, once that was done or has failed. */
	files?: Files;
}

export type Files = { binary: unknown } | { failure: Failure };

/** Why something did not work out, as it is stored. */
export type Failure =
	| ApiErrorData
	/** n8n, or the item's input. */
	| { kind: 'local'; reason: string; description?: string }
	/** n8n would have stopped the execution before what the item was to wait for. */
	| { kind: 'deadline'; reason: Terms['waitFor'] };

/** Sending up the files of an item, and looking whether enough credits are left. */
export type Preparation = 'files' | 'credits';

/** Refusals that are not for good. */
export interface Refusals {
	/** In a row. */
	refusals: number;
	/** Time that was spent trying since something was last accepted. */
	refusedFor: number;
	/** Since when more of that time counts: the last answer. */
	triedSince: number;
	/** Until then everything would be refused. */
	closedUntil: number;
	/** One of them was an answer, so that the address is right. */
	isAnswered?: true;
}

/** How many tasks the API takes, as it has told, or as its refusals have taught. */
export interface Slots extends Refusals {
	/** What the API itself told; it queues what is over that. */
	told?: number;
	/** How many tasks of ours ran when the API last refused another; a trial may have found more since. */
	learnt?: number;
	lastRefusalAt: number;
	/** When to try one more than was learnt; at a wake it may be earlier, see `nextTrial`. */
	trialAt: number;
	/** How many starts were answered since this wake, or since a refusal at it; absent if what was learnt holds. */
	answeredSinceWake?: number;
}

export interface Sleep {
	/** When it began, which tells it from others of the same execution. */
	since: number;
	wakeAt: number;
	/** The task whose callback gives the right to wake the execution. */
	waker: string | null;
	/** Tasks whose callbacks woke the execution, and when they did. */
	callbacks?: string[];
	wokenAt?: number;
}

/** A batch about whose items nothing is known but how they begin. */
export function newBatch(run: Omit<Batch, 'version' | 'revision' | 'attempts' | 'starts'>): Batch {
	return { version: VERSION, revision: 0, ...run, attempts: 1, starts: [] };
}

/** A task that is known to run. */
export function running(taskId: string, now: number): Running {
	return { state: 'running', taskId, startedAt: now, nextCheckAt: now };
}

/** The item of an index that there is. */
export function itemAt({ items }: Batch, itemIndex: number): ItemState {
	return items[itemIndex]!;
}

export function isPending(item: ItemState): item is ItemFacts & Pending {
	return item.state === 'pending';
}

export function isRunning(item: ItemState): item is ItemFacts & Running {
	return item.state === 'running';
}

/** Whether there is more to see of a running task. */
export function isAwaited(item: ItemState): item is ItemFacts & Running {
	return isRunning(item) && item.terms.waitFor !== 'start';
}

/** Whether the task of an item runs, and calls this execution when it ends. */
export function isCalling(item: ItemState): item is ItemFacts & Running {
	return isRunning(item) && item.calls === true;
}

/** Whether an item needs that before its task starts. */
export function needs(item: ItemState, what: Preparation): boolean {
	if (!isPending(item)) return false;
	if (what === 'credits') return item.terms.keepCredits !== undefined;
	return Object.keys(item.uploads ?? {}).length < item.terms.fileCount;
}

export function isSuccess(item: ItemState): item is ItemFacts & Completed {
	return item.state === 'completed' && item.record.task.status === 'success';
}

/** Whether the files of a finished task are still to be downloaded. */
export function wantsFiles(item: ItemState): item is ItemFacts & Completed {
	const { video, thumbnail } = item.terms.downloads;
	return (video !== null || thumbnail !== null) && isSuccess(item) && item.files === undefined;
}

export function taskIdOf(item: Stage): string | undefined {
	return 'taskId' in item ? item.taskId : undefined;
}

/** Whether the item's outcome is an error. */
function endsInError(item: ItemState): boolean {
	switch (item.state) {
		case 'failed':
		case 'unconfirmed':
			return true;
		case 'timedOut':
			return item.terms.onTimeout === 'error';
		case 'completed':
			if (item.files && 'failure' in item.files) return true;
			return item.terms.waitFor === 'end' && item.record.task.status === 'failed';
		default:
			return false;
	}
}

/** Whether nothing more may be started. */
export function isHalted({ halted, stopsOnError, items }: Batch): boolean {
	return halted !== undefined || (stopsOnError && items.some(endsInError));
}

/** When to try for one slot more than was learnt: sooner at a wake at which that may no longer hold. */
export function nextTrial({ trialAt, answeredSinceWake, lastRefusalAt }: Slots): number {
	if (answeredSinceWake === undefined) return trialAt;
	return Math.min(trialAt, lastRefusalAt + START_INTERVAL_MS);
}

/** n8n looks for executions to wake once a minute, so a short sleep may take this much longer. */
const LATE_WAKE_MS = 60_000;

/** By when the last wake has to be planned (epoch milliseconds), or all must be done: n8n stops the execution then. */
export function lastMoment({ deadline = Infinity, sleeps }: Batch): number {
	return sleeps ? deadline - LATE_WAKE_MS : deadline;
}

/** Before that, there has to be time for a last check and for the items to come out. */
const CLOSING_MS = 15_000;

/** When no task goes on any more: from then on there are only last checks. */
export function closingAt(batch: Batch): number {
	return lastMoment(batch) - CLOSING_MS;
}

/** How long a task may wait in the provider's own queue. */
const LONGEST_QUEUE_MS = 24 * 60 * 60_000;

/** When the time of a task is up. */
export function endOf(batch: Batch, item: ItemFacts & Running): number {
	const { startedAt, queuedAt = 0, leftQueueAt = queuedAt, terms } = item;
	const from = Math.max(startedAt, Math.min(leftQueueAt, startedAt + LONGEST_QUEUE_MS));
	return Math.min(from + terms.timeout, closingAt(batch));
}

/** For a task that nobody waits for, the answer to its start is enough. */
const STARTING_MS = 5_000;

/** Whether n8n would stop the execution before the time of a task is up. */
export function endsEarly(batch: Batch, item: ItemFacts & Running): boolean {
	return endOf(batch, item) >= closingAt(batch);
}

/** Whether what an item waits for would come before n8n stops the execution, if its task is started now. */
export function fitsDeadline(batch: Batch, { terms }: ItemFacts, now: number): boolean {
	const time = terms.waitFor === 'end' ? terms.timeout + CLOSING_MS : STARTING_MS;
	return now + time <= lastMoment(batch);
}

/** An error as it can be stored. */
export function failureOf(error: Error): Failure {
	if (error instanceof ApiError) return error.toJSON();
	const { message: reason, description } = error as Error & { description?: string | null };
	return { kind: 'local', reason, ...(description && { description }) };
}
