/** All that happens to a batch: the only functions that change it. Nothing here waits, or asks anybody. */
import { backoff } from '../api/backoff';
import { ApiError } from '../api/error';
import type { FoundRecord } from '../api/client';
import { START_INTERVAL_MS } from '../api/limits';
import type { Started } from './job';
import { NO_SLOTS, preparationRefused, taskRefused } from './refusals';
import { BEAT, KEPT, whileAsleep, whileAwake } from './schedule';
import {
	endOf,
	endsEarly,
	failureOf,
	fitsDeadline,
	isPending,
	isRunning,
	isSuccess,
	closingAt,
	isAwaited,
	isCalling,
	itemAt,
	lastMoment,
	needs,
	running,
	taskIdOf,
	wantsFiles,
	type Batch,
	type Failure,
	type Files,
	type ItemFacts,
	type Preparation,
	type Running,
	type Sleep,
	type Slots,
	type Stage,
	type TimedOut,
	type Uploads,
} from './state';

/** A file of an item has gone up. */
export function uploaded(batch: Batch, itemIndex: number, uploads: Uploads): void {
	const item = itemAt(batch, itemIndex);
	if (!isPending(item)) return;
	if (needs(item, 'files')) delete batch.refused?.files;
	item.uploads = uploads;
}

/** The API has accepted a task. */
export function accepted(batch: Batch, itemIndex: number, started: Started, now: number): void {
	const { taskId, ...facts } = started;
	if (needs(itemAt(batch, itemIndex), 'credits')) delete batch.refused?.credits;
	const item = set(batch, itemIndex, { ...running(taskId, now), ...facts });
	item.nextCheckAt = nextCheck(batch, item, now);
	batch.starts = [...batch.starts.filter((time) => time > now - START_INTERVAL_MS), now];
	const { slots } = batch;
	if (!slots) return;
	Object.assign(slots, { refusedFor: 0, triedSince: now });
	answered(slots);
	const used = batch.items.filter(isRunning).length;
	if (used <= (slots.learnt ?? 0)) return;
	slots.refusals = 0;
	if (slots.learnt !== undefined) slots.learnt = used;
}

function answered(slots: Slots): void {
	if (slots.answeredSinceWake !== undefined) slots.answeredSinceWake++;
}

/** The API has told how many tasks the account may run at once; or it does not tell, which is null. */
export function concurrencyTold(batch: Batch, told: number | null): void {
	if (told === null) delete batch.slots?.told;
	else batch.slots = { ...(batch.slots ?? NO_SLOTS), told, isAnswered: true };
}

/** The API has not told it in time: one is certain. */
export function concurrencyUntold(batch: Batch): void {
	batch.slots = { ...(batch.slots ?? NO_SLOTS), told: 1 };
}

interface Refusal {
	itemIndex: number;
	error: ApiError;
	/** The task itself, or what the item needs before it. */
	what: 'task' | Preparation;
}

/**
 * Something was refused for now, or could not be sent. Items that need it give up if it was not accepted for as
 * long as their time-out; only the time in which that was tried counts.
 */
export function refused(batch: Batch, { itemIndex, error, what }: Refusal, now: number): void {
	const item = itemAt(batch, itemIndex);
	if (!isPending(item)) return;
	if (what === 'task') {
		batch.slots = taskRefused(batch, error, now);
		// To be refused, it got past the look at the credits.
		if (!error.isNotSent && needs(item, 'credits')) delete batch.refused?.credits;
	} else {
		// Files that are up already are sent again only if they would not last.
		if (what === 'files' && !needs(item, what)) item.uploads = {};
		(batch.refused ??= {})[what] = preparationRefused(batch, what, error, now);
	}
	giveUp(batch, error, what);
}

/** Items for which that was not accepted in all of their time fail. */
function giveUp(batch: Batch, error: ApiError, what: Refusal['what']): void {
	const { refusedFor, isAnswered } = what === 'task' ? batch.slots! : batch.refused![what]!;
	const failure = error.toJSON();
	// The words for a limit are about tasks.
	if (what === 'files' && failure.kind === 'rateLimit') failure.kind = 'upload';
	const isUnproven = error.kind === 'unreachable' && !isAnswered && !isProven(batch, what);
	batch.items.forEach((item, itemIndex) => {
		const isConcerned = what === 'task' ? isPending(item) : needs(item, what);
		const patience = isUnproven ? UNPROVEN_MS : item.terms.timeout;
		if (!isConcerned || refusedFor < patience) return;
		set(batch, itemIndex, { state: 'failed', failure });
	});
}

/** Whether the address has answered before: that of the API, or that for files, which may be another. */
function isProven({ items }: Batch, what: Refusal['what']): boolean {
	return items.some((item) => {
		if (what !== 'files' && item.state === 'failed' && isOfApi(item.failure)) return true;
		if (taskIdOf(item) !== undefined) return what !== 'files' || item.terms.fileCount > 0;
		return what === 'files' && isPending(item) && item.uploads !== undefined;
	});
}

/** Whether an answer said so. */
function isOfApi(failure: Failure): boolean {
	return 'code' in failure && failure.code !== null;
}

/** How long to try an address that has not answered yet: it may be wrong. */
const UNPROVEN_MS = 5_000;

/** The item has no task, as far as is known. */
export function notStarted(batch: Batch, itemIndex: number, error: Error): void {
	if (batch.slots) answered(batch.slots);
	const isApiError = error instanceof ApiError;
	const state = isApiError && error.isAmbiguous ? 'unconfirmed' : 'failed';
	set(batch, itemIndex, { state, failure: failureOf(error) });
	if (!isApiError) return;
	if (error.isAccountError) batch.halted ??= error.toJSON();
	if (error.kind === 'keepCredits') creditsLow(batch, error);
}

/** Items that want to keep more credits than are left fail, also if nobody could tell how many are. */
function creditsLow(batch: Batch, error: ApiError): void {
	const { credits = -Infinity } = error;
	batch.items.forEach((item, itemIndex) => {
		const { keepCredits } = item.terms;
		if (!isPending(item) || keepCredits === undefined || credits >= keepCredits) return;
		set(batch, itemIndex, { state: 'failed', failure: error.toJSON() });
	});
}

/**
 * Items whose time could not end before n8n stops the execution fail while nothing is paid for them. In the
 * last moment, those that nobody could ask for in time have timed out.
 * @param awakeUntil a wake that comes late still has time for a last look
 */
export function deadlineChecked(batch: Batch, now: number, awakeUntil: number): void {
	const { deadline } = batch;
	if (deadline === undefined) return;
	const end = Math.max(lastMoment(batch), Math.min(awakeUntil, deadline)) - SOON_MS;
	batch.items.forEach((item, itemIndex) => {
		if (now >= end && wantsFiles(item)) {
			item.files = { failure: { kind: 'local', reason: 'n8n was about to stop the workflow' } };
		} else if (now >= end && isAwaited(item)) {
			const { taskId, api, requested } = item;
			const failure = tooEarly(item);
			if (item.terms.waitFor === 'end') setTimedOut(batch, itemIndex, item, { failure });
			else set(batch, itemIndex, { state: 'failed', taskId, api, requested, failure });
		} else if (isPending(item) && !fitsDeadline(batch, item, now)) {
			set(batch, itemIndex, { state: 'failed', failure: tooEarly(item) });
		}
	});
}

/** n8n's own end came before what an item waits for. */
function tooEarly({ terms }: ItemFacts): Failure {
	return { kind: 'deadline', reason: terms.waitFor };
}

/** The API has told about a task. */
export function checked(batch: Batch, itemIndex: number, found: FoundRecord, now: number): void {
	const item = itemAt(batch, itemIndex);
	if (!isRunning(item)) return;
	const { api, task, data, queued } = found;
	const { taskId, requested, soon, terms } = item;
	const record = terms.simplify ? { task } : { task, data };
	if (queued) Object.assign(item, { queuedAt: now, leftQueueAt: undefined });
	else if (item.queuedAt !== undefined) item.leftQueueAt ??= now;
	if (task.status === 'success') {
		batch.durations = [...(batch.durations ?? []), ageOf(item, now)].slice(-KEPT);
	}
	if (task.status !== 'processing' || terms.waitFor === 'check') {
		set(batch, itemIndex, { state: 'completed', taskId, api, requested, record });
	} else if (now >= endOf(batch, item)) {
		setTimedOut(batch, itemIndex, item, { record });
	} else {
		item.api = api;
		item.known = true;
		item.soon = soon && soon - 1;
		delete item.failures;
		delete item.lastLookAt;
		item.nextCheckAt = soon
			? Math.min(now + SOON_MS, endOf(batch, item))
			: nextCheck(batch, item, now);
	}
}

const SOON_MS = 3_000;

/** How long to go on asking when the time of a task is up and nobody can tell what became of it. */
const GRACE_MS = 60_000;

/**
 * The API has not told about a task. One that the API gave us itself exists, whatever goes wrong with
 * reading it: it is asked for until its time is up. One that the user names may be wrong.
 */
export function notChecked(batch: Batch, itemIndex: number, error: Error, now: number): void {
	const item = itemAt(batch, itemIndex);
	if (!isRunning(item)) return;
	const { taskId, api, requested, terms } = item;
	const { waitFor, notFoundTimeout } = terms;
	// In a large batch the turn of a task that is checked once may come late: its time begins then.
	if (waitFor === 'check' && !item.failures) item.startedAt = now;
	item.failures = (item.failures ?? 0) + 1;
	const giveUpAt = giveUpTime(batch, item, error, now);
	if (now < giveUpAt) {
		const asked = error instanceof ApiError ? (error.retryAfter ?? 0) : 0;
		item.nextCheckAt = Math.min(now + Math.max(asked, backoff(item.failures)), giveUpAt);
		return;
	}
	const isLate = waitFor === 'end' && now >= endOf(batch, item);
	const isWaitedFor = notFoundTimeout === null || isPassing(error);
	const failure = failureOf(error);
	if (isLate && isWaitedFor) setTimedOut(batch, itemIndex, item, { failure });
	else set(batch, itemIndex, { state: 'failed', taskId, api, requested, failure });
}

function giveUpTime(batch: Batch, item: ItemFacts & Running, error: Error, now: number): number {
	const { waitFor, notFoundTimeout } = item.terms;
	const end = endOf(batch, item);
	if (notFoundTimeout !== null) {
		const isUnknown = error instanceof ApiError && error.kind === 'unknownTask' && !item.known;
		if (isUnknown) return Math.min(item.startedAt + notFoundTimeout, end);
		if (!isPassing(error)) return now;
	}
	if (waitFor !== 'end' || now < end) return end;
	// The last look may fail as well, and n8n may have been down until now.
	item.lastLookAt ??= now;
	return Math.min(item.lastLookAt + GRACE_MS, lastMoment(batch) - SOON_MS);
}

function isPassing(error: Error): boolean {
	return error instanceof ApiError && (error.isTransient || error.kind === 'unknownTask');
}

/** The files of a finished task are there, or cannot be had. */
export function downloaded(batch: Batch, itemIndex: number, files: Files): void {
	const item = itemAt(batch, itemIndex);
	if (wantsFiles(item)) item.files = files;
}

/** A finished task has been read again, as its URLs had expired. */
export function renewed(batch: Batch, itemIndex: number, { task, data }: FoundRecord): void {
	const item = itemAt(batch, itemIndex);
	if (!isSuccess(item) || task.status !== 'success') return;
	item.record = item.terms.simplify ? { task } : { task, data };
}

/** Nothing is left to do, and the items are about to be given out. */
export function ended(batch: Batch): void {
	batch.revision++;
}

/** There is nothing to do until then, and the execution is about to sleep. */
export function fellAsleep(batch: Batch, nextAt: number, now: number): void {
	batch.revision++;
	// A wake after n8n's own end would find nothing any more.
	const wakeAt = Math.max(Math.min(nextAt, closingAt(batch)), now + SHORTEST_SLEEP_MS);
	batch.sleep = { since: now, wakeAt, waker: wakerOf(batch) };
}

/** So that it has been stored by then. */
const SHORTEST_SLEEP_MS = 1_000;

/**
 * By the time this task ends, a quarter of the others have, as a rule, and more will once n8n has woken; or
 * most of them, if there is nothing more to start.
 */
function wakerOf({ items }: Batch): string | null {
	const byAge = items.filter(isCalling).sort((a, b) => a.startedAt - b.startedAt);
	const waker = items.some(isPending) ? byAge[Math.floor(byAge.length / 4)] : byAge.at(-1);
	return waker?.taskId ?? null;
}

/** A callback is about to wake the execution, after those for other tasks. */
export function wokenBy(sleep: Sleep, taskIds: Iterable<string>, now: number): void {
	Object.assign(sleep, { callbacks: [...taskIds], wokenAt: now });
}

/** What is known of the callbacks of a sleep. */
export interface Callbacks {
	/** The tasks for which there was one. */
	taskIds: ReadonlySet<string>;
	/** Whether there were any, and all came to this process. If not, others may know of more. */
	areHere: boolean;
}

/**
 * The execution is awake. Tasks for which there was a callback have ended: they are checked now. Those
 * that started before them, or soon after, are likely to have ended too, and their callbacks may be on
 * their way, lost, or at another process. A guess may be wrong, and costs a request: so a task is guessed
 * once, or at each wake if its callback may have gone to another process.
 */
export function awoke(batch: Batch, { taskIds, areHere }: Callbacks, now: number): void {
	if (batch.sleep && now < batch.sleep.since) setBack(batch, batch.sleep.since - now);
	delete batch.sleep;
	// What was learnt may not hold any more: the first start goes alone, and tells.
	if (batch.slots?.learnt !== undefined) batch.slots.answeredSinceWake = areHere ? undefined : 0;
	const tasks = batch.items.filter(isRunning);
	const ended = tasks.filter(({ taskId }) => taskIds.has(taskId));
	for (const item of ended) Object.assign(item, { nextCheckAt: now, soon: 3 });
	const latest = Math.max(...ended.map(({ startedAt }) => startedAt)) + AHEAD_MS;
	for (const item of tasks) {
		const mayGuess = !areHere || !item.guessed;
		if (item.startedAt > latest || !mayGuess || taskIds.has(item.taskId)) continue;
		Object.assign(item, { nextCheckAt: now, guessed: true });
	}
}

/** How much younger a task may be that is likely to end within the next moments. */
const AHEAD_MS = 4_000;

/** The clock was set back while the execution slept: all times move along. */
function setBack(batch: Batch, duration: number): void {
	batch.starts = batch.starts.map((time) => time - duration);
	if (batch.deadline !== undefined) batch.deadline -= duration;
	const { slots, refused: { files, credits } = {} } = batch;
	const movedBack = (time: number) => (time === 0 ? 0 : time - duration);
	for (const refusals of [slots, files, credits]) {
		if (!refusals) continue;
		refusals.triedSince = movedBack(refusals.triedSince);
		refusals.closedUntil = movedBack(refusals.closedUntil);
	}
	if (slots) {
		slots.lastRefusalAt = movedBack(slots.lastRefusalAt);
		slots.trialAt = movedBack(slots.trialAt);
	}
	for (const item of batch.items.filter(isRunning)) {
		item.startedAt -= duration;
		item.nextCheckAt -= duration;
		if (item.queuedAt !== undefined) item.queuedAt -= duration;
		if (item.leftQueueAt !== undefined) item.leftQueueAt -= duration;
		if (item.lastLookAt !== undefined) item.lastLookAt -= duration;
	}
}

function nextCheck(batch: Batch, item: ItemFacts & Running, now: number): number {
	// An age of 0 means the first check, but is that of a task in the provider's queue as well.
	const age = now === item.startedAt ? 0 : Math.max(1, ageOf(item, now));
	const next = batch.sleeps
		? whileAsleep(age, now, shiftOf(batch))
		: now + whileAwake(age, item.terms.pollInterval, batch.durations);
	return Math.min(next, endOf(batch, item));
}

/** The time in the provider's own queue does not count. */
function ageOf({ startedAt, queuedAt = 0 }: Running, now: number): number {
	return now - Math.max(startedAt, queuedAt);
}

/** Differs by execution, whose IDs are numbers or have some in them. */
function shiftOf({ executionId }: Batch): number {
	const number = Number(/\d{1,9}/.exec(executionId)?.[0] ?? 0);
	return (number * 7_919) % BEAT;
}

function setTimedOut(
	batch: Batch,
	itemIndex: number,
	item: ItemFacts & Running,
	known: Pick<TimedOut, 'record' | 'failure'>,
): void {
	const { taskId, api, requested } = item;
	const cut = endsEarly(batch, item) && { atDeadline: true as const };
	set(batch, itemIndex, { state: 'timedOut', taskId, api, requested, ...known, ...cut });
}

function set<S extends Stage>(batch: Batch, itemIndex: number, stage: S): ItemFacts & S {
	const { requestHash, inputHash, terms } = itemAt(batch, itemIndex);
	const item = { requestHash, inputHash, terms, ...stage };
	batch.items[itemIndex] = item;
	return item;
}
