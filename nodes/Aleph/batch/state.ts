/**
 * What a run of the node knows of its items, as plain JSON that n8n stores while the execution sleeps,
 * and the steps by which it changes. Pure: no n8n, no I/O, no clock. Times are epoch milliseconds.
 */
import type { ApiFailure, FailureKind } from '../api/failure';
import { backoff, untilNextTry, type Schedule } from '../task/schedule';
import type { TaskRecord } from '../task/task';

export const VERSION = 1;

export interface Batch {
	version: typeof VERSION;
	/** A loop runs the node again with the next index, and then the same input means a new video. */
	runIndex: number;
	executionId: string;
	/** How often the node has begun with these items: Retry On Fail begins anew. */
	tries: number;
	/** By input item. */
	items: Item[];
	/** When the last tasks were started, for the rate. */
	starts: number[];
	/** Absent until the API has refused a task for now. */
	refusals?: Refusals;
	/** Why the account is refused, as all further items would be. */
	halted?: Failure;
	/** Set while the execution sleeps. */
	sleep?: Sleep;
}

/** Where an item stands. `request` is a hash of what it asks for. */
export type Item = { request?: string } & (
	| { at: 'toStart' }
	| Running
	| Ended
	/** Still running when its time was up; `failure` is why that could not be asked at the end. */
	| { at: 'timedOut'; taskId: string; record?: TaskRecord; failure?: Failure }
	/** Refused, or the API would not tell what became of the task. */
	| { at: 'failed'; taskId?: string; failure: Failure }
	/** The API did not confirm the task: it may exist. */
	| { at: 'unconfirmed'; failure: Failure }
);

export interface Running {
	at: 'running';
	taskId: string;
	since: number;
	/** When to check it next. */
	checkAt: number;
	/** Checks in a row that failed. */
	failures?: number;
	/** The API has told of the task. */
	known?: true;
	/** Set by a callback: how often more to check soon, as the record may lag behind it. */
	soon?: number;
	/** Checked once on the ground that a younger task has ended. */
	guessed?: true;
}

export interface Ended {
	at: 'ended';
	taskId: string;
	record: TaskRecord;
	/** The files that were downloaded, once that was done or has failed. */
	files?: Files;
}

export type Files = { binary: unknown } | { failure: Failure };

/** What can be stored of an ApiFailure. */
export interface Failure {
	kind: FailureKind;
	code: number | null;
	reason: string;
	/** Where too few were left. */
	credits?: number;
}

/** What the API's refusals have taught. */
interface Refusals {
	/** In a row, without anything accepted in between. */
	count: number;
	/** When the first of them came. */
	since: number;
	/** Until then everything would be refused. */
	closedUntil: number;
	/** How many tasks of ours ran when the API refused another. */
	places: number;
	/** When to try beyond the places, and how many at once. */
	tryAt: number;
	trials: number;
}

export interface Sleep {
	/** When it began, which tells it from others of the same execution. */
	since: number;
	until: number;
	/** The task whose callback gives the right to wake the execution. */
	waker: string | null;
	/** Tasks whose callbacks woke the execution. */
	called?: string[];
}

/** What the user wants of an item. */
export interface Terms {
	/** When there is nothing more to do: the task was started, was seen, or has ended. */
	until: 'started' | 'seen' | 'ended';
	/** Milliseconds from the acceptance of the task. */
	timeout: number;
	/** Milliseconds in which the API may not know the task: Infinity where the API gave us the id. */
	unknownFor: number;
	schedule: Schedule;
	/** New tasks per 10 seconds. */
	rate: number;
	/** Start nothing where fewer credits are left. */
	keepCredits?: number;
	/** Whether a task that is still running when its time is up is an error. */
	lateIsError: boolean;
	wantsFiles: boolean;
	/** Whether the record is asked for as it came. */
	wantsData: boolean;
}

export interface Plan {
	/** By input item; null where its input is bad. */
	items: Array<Terms | null>;
	/** Start nothing more once an item has failed. */
	stopsOnError: boolean;
}

export function isRunning(item: Item): item is Item & Running {
	return item.at === 'running';
}

export function isSuccess(item: Item): item is Item & Ended {
	return item.at === 'ended' && item.record.task.status === 'success';
}

/** Whether the item's outcome is an error. */
export function hasFailed(item: Item, { until, lateIsError }: Terms): boolean {
	switch (item.at) {
		case 'failed':
		case 'unconfirmed':
			return true;
		case 'timedOut':
			return lateIsError;
		case 'ended':
			if (item.files && 'failure' in item.files) return true;
			return until === 'ended' && item.record.task.status === 'failed';
		default:
			return false;
	}
}

/**
 * By input item, what it asks for, as a hash, and how earlier versions wrote it; null where its input
 * is bad.
 */
export type Requests = Array<string[] | null>;

export function newBatch(
	requests: Requests,
	run: Pick<Batch, 'runIndex' | 'executionId'>,
	fresh: (itemIndex: number) => Item,
): Batch {
	const items = requests.map((request, itemIndex) =>
		request === null ? toStart : { ...fresh(itemIndex), request: request[0] },
	);
	return { version: VERSION, ...run, tries: 1, items, starts: [] };
}

const toStart: Item = { at: 'toStart' };

/** How the node came to run again. */
export interface Again {
	executionId: string;
	/** As an AI tool it is called for anything in one execution. */
	isTool: boolean;
	/** Of Retry On Fail. */
	maxTries: number;
}

/**
 * The batch for another try, by Retry On Fail or by "Retry execution": it keeps what was paid for and
 * has not failed, if the item still asks for the same.
 *
 * n8n counts the tries of Retry On Fail anew after each sleep; counted here, they come to an end.
 */
export function nextTry(
	batch: Batch,
	requests: Requests,
	{ executionId, isTool, maxTries }: Again,
	now: number,
	fresh: (itemIndex: number) => Item,
): Batch {
	const sameExecution = batch.executionId === executionId;
	// The same items, although an expression with the time or a random number has another value by now.
	const isRetryOnFail = sameExecution && !isTool;
	const tries = isRetryOnFail ? batch.tries + 1 : 1;
	if (tries > maxTries) return { ...batch, tries };
	const asksForTheSame = (itemIndex: number) =>
		isRetryOnFail || requests[itemIndex]!.includes(batch.items[itemIndex]!.request ?? '');
	// Nobody has seen what became of an execution that was killed.
	const isUnseen = sameExecution || batch.sleep !== undefined;
	const items = newBatch(requests, batch, fresh).items.map((item, itemIndex) => {
		const earlier = batch.items[itemIndex];
		// Where the input is bad now, its error still names the task that was paid for.
		if (earlier && !item.request) return earlier;
		if (!earlier || !asksForTheSame(itemIndex)) return item;
		return kept({ ...earlier, request: item.request }, { isUnseen, isRetryOnFail, now }) ?? item;
	});
	return { version: VERSION, runIndex: batch.runIndex, executionId, tries, items, starts: [] };
}

function kept(
	item: Item,
	{ isUnseen, isRetryOnFail, now }: { isUnseen: boolean; isRetryOnFail: boolean; now: number },
): Item | null {
	switch (item.at) {
		case 'running':
		case 'timedOut':
			return { request: item.request, ...running(item.taskId, now) };
		case 'failed':
			return item.taskId ? { request: item.request, ...running(item.taskId, now) } : null;
		case 'unconfirmed':
			// Whether to risk a second payment is for the user to decide, by retrying the execution.
			return isUnseen ? item : null;
		case 'ended': {
			if (!isSuccess(item)) return null;
			// n8n stores files by execution.
			const hasFiles = isRetryOnFail && item.files && 'binary' in item.files;
			return { ...item, files: hasFiles ? item.files : undefined };
		}
		default:
			return null;
	}
}

export function running(taskId: string, now: number): Running {
	return { at: 'running', taskId, since: now, checkAt: now };
}

const MOST_TRIALS = 64;

/** The API counts new tasks over 10 s; the rest allows for uneven travel times. */
export const WINDOW_MS = 10_500;

export function accepted(
	batch: Batch,
	itemIndex: number,
	taskId: string,
	terms: Terms,
	now: number,
): void {
	const checkAt = Math.min(terms.schedule(0, now), now + terms.timeout);
	set(batch, itemIndex, { ...running(taskId, now), checkAt });
	batch.starts = [...batch.starts.filter((time) => time > now - WINDOW_MS), now];
	const { refusals } = batch;
	if (!refusals) return;
	refusals.count = 0;
	const places = batch.items.filter(isRunning).length;
	if (places > refusals.places) {
		refusals.places = places;
		refusals.trials = Math.min(2 * refusals.trials, MOST_TRIALS);
	} else {
		// What was learnt holds: some of those that still seem to run may have ended.
		refusals.tryAt = Math.max(refusals.tryAt, now + untilNextTry(1));
	}
}

/** The API refuses new tasks for now. Where it has accepted nothing for too long, items give up. */
export function refused(batch: Batch, failure: ApiFailure, plan: Plan, now: number): void {
	const places = batch.items.filter(isRunning).length;
	const { count = 0, since = now, tryAt = 0, closedUntil = 0 } = batch.refusals ?? {};
	// Requests that were on their way when the first was refused tell nothing new.
	const isNew = count === 0 || now >= tryAt;
	const inARow = isNew ? count + 1 : count;
	const pause = places > 0 ? untilNextTry(inARow) : backoff(inARow);
	const asked = failure.retryAfter ?? 0;
	batch.refusals = {
		count: inARow,
		since: count === 0 ? now : since,
		closedUntil: Math.max(closedUntil, now + asked),
		places,
		tryAt: isNew ? now + Math.max(asked, pause) : tryAt,
		trials: 1,
	};
	const refusedFor = batch.refusals.tryAt - batch.refusals.since;
	plan.items.forEach((terms, itemIndex) => {
		if (batch.items[itemIndex]!.at !== 'toStart' || !terms) return;
		if (refusedFor >= terms.timeout) notStarted(batch, itemIndex, failure);
	});
}

/** The item has no task, as far as is known. */
export function notStarted(batch: Batch, itemIndex: number, failure: ApiFailure): void {
	const at = failure.leavesOpen ? 'unconfirmed' : 'failed';
	set(batch, itemIndex, { at, failure: facts(failure) });
	if (failure.isOfTheAccount) batch.halted ??= facts(failure);
}

/** Items that want to keep more credits than are left fail, also where nobody could tell how many are. */
export function creditsLeft(
	batch: Batch,
	{ credits, reason }: Pick<Failure, 'credits' | 'reason'>,
	plan: Plan,
): void {
	plan.items.forEach((terms, itemIndex) => {
		const keep = terms?.keepCredits;
		if (batch.items[itemIndex]!.at !== 'toStart' || keep === undefined) return;
		if (credits !== undefined && credits >= keep) return;
		const failure: Failure = { kind: 'keepCredits', code: null, reason, credits };
		set(batch, itemIndex, { at: 'failed', failure });
	});
}

export function checked(
	batch: Batch,
	itemIndex: number,
	{ task, data }: TaskRecord,
	terms: Terms,
	now: number,
): void {
	const item = batch.items[itemIndex]!;
	if (!isRunning(item)) return;
	const { taskId, since, soon } = item;
	const record = terms.wantsData ? { task, data } : { task };
	const deadline = since + terms.timeout;
	if (task.status !== 'processing' || terms.until === 'seen') {
		set(batch, itemIndex, { at: 'ended', taskId, record });
	} else if (now >= deadline) {
		set(batch, itemIndex, { at: 'timedOut', taskId, record });
	} else {
		const next = soon ? now + SOON_MS : terms.schedule(now - since, now);
		item.checkAt = Math.min(next, deadline);
		item.soon = soon && soon - 1;
		item.known = true;
		delete item.failures;
	}
}

export function notChecked(
	batch: Batch,
	itemIndex: number,
	failure: ApiFailure,
	terms: Terms,
	now: number,
): void {
	const item = batch.items[itemIndex]!;
	if (!isRunning(item)) return;
	// In a large batch the turn of a task that is just looked at may come late: its time begins then.
	if (terms.until === 'seen' && !item.failures) item.since = now;
	const { taskId, since } = item;
	const deadline = since + terms.timeout;
	const isUnknown = failure.kind === 'unknownTask';
	// Where the API has given us the id itself, it stands at that address.
	const isInTheWay =
		terms.unknownFor === Infinity && (failure.kind === 'firewall' || failure.kind === 'notTheApi');
	const mayPass = failure.isPassing || isUnknown || isInTheWay;
	const unknownFor = isUnknown && !item.known ? terms.unknownFor : Infinity;
	const giveUpAt = Math.min(deadline, since + unknownFor);
	if (mayPass && now < giveUpAt) {
		item.failures = (item.failures ?? 0) + 1;
		const pause = Math.max(failure.retryAfter ?? 0, backoff(item.failures));
		item.checkAt = Math.min(now + pause, giveUpAt);
	} else if (mayPass && now >= deadline && terms.until === 'ended') {
		set(batch, itemIndex, { at: 'timedOut', taskId, failure: facts(failure) });
	} else {
		set(batch, itemIndex, { at: 'failed', taskId, failure: facts(failure) });
	}
}

export function fetched(batch: Batch, itemIndex: number, files: Files): void {
	const item = batch.items[itemIndex]!;
	if (item.at === 'ended') set(batch, itemIndex, { ...item, files });
}

/**
 * Callbacks told that these tasks have ended: checks them now. Those that started before them are
 * likely to have ended too, and their callbacks may be on their way, lost, or at another process. A
 * guess may be wrong, and costs a request: so there is one for each task.
 */
export function called(batch: Batch, taskIds: ReadonlySet<string>, now: number): void {
	const tasks = batch.items.filter(isRunning);
	const told = tasks.filter(({ taskId }) => taskIds.has(taskId));
	for (const item of told) Object.assign(item, { checkAt: now, soon: 3 });
	const latest = Math.max(...told.map(({ since }) => since));
	for (const item of tasks) {
		if (item.since > latest || item.guessed || taskIds.has(item.taskId)) continue;
		Object.assign(item, { checkAt: now, guessed: true });
	}
}

const SOON_MS = 3_000;

function set(batch: Batch, itemIndex: number, item: Item): void {
	const { request } = batch.items[itemIndex]!;
	batch.items[itemIndex] = request === undefined ? item : { request, ...item };
}

export function facts({ kind, code, reason, credits }: ApiFailure): Failure {
	return { kind, code, reason, credits };
}
