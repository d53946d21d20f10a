/** What to do next for a batch: a pure function of its state and of the time. */
import { FILES_AT_ONCE, START_INTERVAL_MS } from '../api/limits';
import {
	isAwaited,
	isHalted,
	isPending,
	isRunning,
	isSuccess,
	itemAt,
	needs,
	nextTrial,
	wantsFiles,
	type Batch,
	type ItemFacts,
	type ItemState,
	type Terms,
} from './state';

/**
 * Item indexes to start, to check, and to download the files of, all of them now; and when there will be
 * more (epoch milliseconds), null for never.
 */
export interface Step {
	start: number[];
	check: number[];
	download: number[];
	/** When the rate allows the next start. */
	startAt: number | null;
	/** When to try to start more than the API has taken so far. */
	trialAt: number | null;
	checkAt: number | null;
}

/** More checks at once would only wait for their turn. */
const MOST_CHECKS = 100;

/** @param busy items with a request under way: their answer may bring more to do */
export function decide(batch: Batch, now: number, busy: ReadonlySet<number>): Step {
	const step: Step = {
		start: [],
		check: [],
		download: [],
		startAt: null,
		trialAt: null,
		checkAt: null,
	};
	const halted = isHalted(batch);
	const underway = [...busy].map((index) => itemAt(batch, index));
	const allowance = allowanceOf(batch, underway, now);
	const toCheck: Due[] = [];
	let downloads = FILES_AT_ONCE - underway.filter(isSuccess).length;
	// Most items share their terms: what does not let one start, lets no other of them.
	let notNow: Terms | null = null;
	batch.items.forEach((item, index) => {
		if (busy.has(index)) return;
		if (isPending(item)) {
			if (halted || item.terms === notNow) return;
			const closedUntil = batch.refused ? refusedUntil(batch.refused, item) : -Infinity;
			if (closedUntil > now) {
				step.startAt = earliest(step.startAt, closedUntil);
				return;
			}
			const { takes, startAt, trialAt } = allowance.take(item);
			if (takes) step.start.push(index);
			else notNow = item.terms;
			step.startAt = earliest(step.startAt, startAt);
			step.trialAt = earliest(step.trialAt, trialAt);
		} else if (isAwaited(item)) {
			if (item.nextCheckAt > now) step.checkAt = earliest(step.checkAt, item.nextCheckAt);
			else toCheck.push({ index, since: item.nextCheckAt });
		} else if (wantsFiles(item) && downloads-- > 0) {
			step.download.push(index);
		}
	});
	step.check = oldest(toCheck, MOST_CHECKS - underway.filter(isRunning).length);
	return step;
}

interface Due {
	index: number;
	since: number;
}

/** Those that have waited longest, as the others of the batch may be due again before it is their turn. */
function oldest(due: Due[], most: number): number[] {
	if (due.length > most) due.sort((a, b) => a.since - b.since);
	return due.slice(0, Math.max(0, most)).map(({ index }) => index);
}

/** Until when what the item needs before its start would be refused; -Infinity if it would not. */
function refusedUntil({ files, credits }: NonNullable<Batch['refused']>, item: ItemState): number {
	const filesUntil = files && needs(item, 'files') ? files.closedUntil : -Infinity;
	const creditsUntil = credits && needs(item, 'credits') ? credits.closedUntil : -Infinity;
	return Math.max(filesUntil, creditsUntil);
}

export function isDue({ start, check, download }: Step): boolean {
	return start.length + check.length + download.length > 0;
}

/** When there is something to do next, if nothing is due; null if all is done. */
export function nextOf({ startAt, trialAt, checkAt }: Step): number | null {
	return earliest(earliest(startAt, trialAt), checkAt);
}

function earliest(one: number | null, other: number | null = null): number | null {
	if (one === null || other === null) return one ?? other;
	// Math.min would allocate a number, for each item at each step.
	return one <= other ? one : other;
}

interface Permission {
	takes?: true;
	startAt?: number;
	trialAt?: number;
}

/** How many tasks may be started, by what the API takes, by the rate, and by what can begin at once. */
function allowanceOf(batch: Batch, underway: ItemState[], now: number) {
	const starting = underway.filter(isPending);
	let started = starting.length;
	let uploading = starting.filter(({ terms }) => terms.fileCount > 0).length;
	let counting = starting.filter(({ terms }) => terms.keepCredits !== undefined).length;
	const { free, openAt } = freeSlots(batch, started, now);
	const lately = batch.starts.filter((time) => time > now - START_INTERVAL_MS);
	const limit = started + free;
	// At a wake one, and one more for each answer; from one again after a refusal. With files few go anyway.
	const mostStarts = 1 + (batch.slots?.answeredSinceWake ?? Infinity);
	return {
		/** Whether one more may start, and is taken from the allowance; else when, if that is known. */
		take: ({ terms }: ItemFacts): Permission => {
			if (started >= limit) return openAt;
			// Answers of those that are under way bring the next.
			if (started - uploading >= mostStarts && terms.fileCount === 0) return {};
			if (terms.fileCount > 0 && uploading >= FILES_AT_ONCE) return {};
			if (terms.keepCredits !== undefined && counting > 0) return {};
			const count = lately.length + started;
			if (count >= terms.rate) {
				return { startAt: (lately[count - terms.rate] ?? now) + START_INTERVAL_MS };
			}
			started++;
			if (terms.fileCount > 0) uploading++;
			if (terms.keepCredits !== undefined) counting++;
			return { takes: true };
		},
	};
}

/** How many more the API is likely to take now, and when to see again. */
function freeSlots({ slots, items }: Batch, starting: number, now: number) {
	if (!slots) return { free: Infinity, openAt: {} };
	const { told = Infinity, learnt = Infinity, closedUntil } = slots;
	const trialAt = nextTrial(slots);
	if (now < closedUntil) return { free: 0, openAt: { startAt: closedUntil } };
	const running = items.filter(isRunning);
	const used = running.length + starting;
	// An API that tells its slots queues what is over them: then there is always one to take the next place.
	// Tasks that nobody waits for are not seen to end: so they do not count for that.
	const unended = running.filter(({ terms }) => terms.waitFor === 'end').length + starting;
	const spare = 2 * told - unended;
	const room = Math.min(spare, learnt - used);
	// One at a time: while several executions share the slots, it is mostly refused.
	const trying = now >= trialAt && learnt < Infinity ? 1 - starting : 0;
	const free = Math.max(0, Math.min(spare, Math.max(room, trying)));
	if (learnt === Infinity || spare <= 0) return { free, openAt: {} };
	// While a trial is on its way, its answer tells more.
	return { free, openAt: { trialAt: Math.max(trialAt, now + 1_000) } };
}
