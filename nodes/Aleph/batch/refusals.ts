/** What is known of refusals: how many came in a row, for how long that was tried, and when to try again. */
import { backoff } from '../api/backoff';
import type { ApiError } from '../api/error';
import {
	isRunning,
	nextTrial,
	type Batch,
	type Preparation,
	type Refusals,
	type Slots,
} from './state';

/** Times that are 0 are never. */
const NO_REFUSALS: Refusals = { refusals: 0, refusedFor: 0, triedSince: 0, closedUntil: 0 };
export const NO_SLOTS: Slots = { ...NO_REFUSALS, lastRefusalAt: 0, trialAt: 0 };

/** The API takes no more tasks for now, or could not be reached. */
export function taskRefused(batch: Batch, error: ApiError, now: number): Slots {
	const { slots = NO_SLOTS } = batch;
	const { isHeldBack, isNotSent, retryAfter = 0 } = error;
	// What was never sent says nothing of the slots; if another execution was refused, only when to try again.
	const isOfSlots = !isHeldBack && !isNotSent;
	const isNew = !isHeldBack && now >= (isOfSlots ? nextTrial(slots) : slots.trialAt);
	const counted = countedOn(slots, slots.trialAt, isNew, now);
	const pause = pauseAfter(counted.refusals, error, batch);
	return {
		...counted,
		...(isOfSlots && { learnt: batch.items.filter(isRunning).length, isAnswered: true }),
		answeredSinceWake: isOfSlots && slots.answeredSinceWake ? 0 : slots.answeredSinceWake,
		lastRefusalAt: isHeldBack ? slots.lastRefusalAt : now,
		closedUntil: Math.max(slots.closedUntil, now + (isNotSent ? pause : retryAfter)),
		trialAt: isNew ? now + pause : slots.trialAt,
	};
}

/** What tasks need before they start cannot be had for now. */
export function preparationRefused(
	batch: Batch,
	what: Preparation,
	error: ApiError,
	now: number,
): Refusals {
	const earlier = batch.refused?.[what] ?? NO_REFUSALS;
	const { closedUntil } = earlier;
	const isNew = now >= closedUntil;
	const counted = countedOn(earlier, closedUntil, isNew, now);
	const pause = pauseAfter(counted.refusals, error, batch);
	return {
		...counted,
		...(!error.isNotSent && { isAnswered: true }),
		closedUntil: isNew ? now + pause : closedUntil,
	};
}

/**
 * One refusal more.
 * @param isNew requests that were on their way when the first was refused tell nothing new
 */
function countedOn<T extends Refusals>(earlier: T, nextAt: number, isNew: boolean, now: number): T {
	return {
		...earlier,
		refusals: earlier.refusals + (isNew ? 1 : 0),
		refusedFor: earlier.refusedFor + triedFor(earlier, nextAt, now),
		triedSince: now,
	};
}

/** The time since the last answer, but not that in which n8n was down: the next try was due at `nextAt`. */
function triedFor({ triedSince }: Refusals, nextAt: number, now: number): number {
	if (triedSince === 0) return 0;
	return Math.min(now, Math.max(nextAt, triedSince) + LATE_MS) - triedSince;
}

/** A wake may come this much later than planned. */
const LATE_MS = 70_000;

/** While tasks of ours run, there is no hurry. */
function pauseAfter(refusals: number, { retryAfter }: ApiError, { items }: Batch): number {
	return Math.max(
		retryAfter ?? 0,
		items.some(isRunning) ? untilNextTrial(refusals) : backoff(refusals),
	);
}

/**
 * How long not to try for more slots after the nth refusal in a row, while tasks of ours run: a slot gets
 * free when one of them ends, and then there is no need to wait. Longer than the 10 seconds over which
 * the APIs count, as other executions may try as well.
 */
export function untilNextTrial(refusals: number): number {
	return Math.min(60_000, 20_000 * 2 ** (refusals - 1));
}
