/** What to do next for a batch: a pure function of its state and of the clock. */
import {
	hasFailed,
	isRunning,
	isSuccess,
	WINDOW_MS,
	type Batch,
	type Item,
	type Plan,
	type Terms,
} from './state';

/**
 * Item indexes to start, to check, and to fetch the files of, all of them now; and when there will be
 * more (epoch milliseconds), null for never.
 */
export interface Step {
	start: number[];
	check: number[];
	fetch: number[];
	/** When the rate allows the next start. */
	startAt: number | null;
	/** When to try to start more although the API has refused that, and no task has ended since. */
	tryAt: number | null;
	checkAt: number | null;
}

/** @param busy items with a request under way: their answer may bring more to do */
export function decide(
	batch: Batch,
	plan: Plan,
	now: number,
	busy: ReadonlySet<number> = new Set(),
): Step {
	const step: Step = {
		start: [],
		check: [],
		fetch: [],
		startAt: null,
		tryAt: null,
		checkAt: null,
	};
	const allowance = allowanceOf(batch, plan, now, busy);
	const fetching = [...busy].filter((index) => batch.items[index]?.at === 'ended').length;
	batch.items.forEach((item, index) => {
		const terms = plan.items[index];
		if (!terms || busy.has(index)) return;
		if (item.at === 'toStart') {
			const { takes, startAt, tryAt } = allowance.take(terms.rate);
			if (takes) step.start.push(index);
			step.startAt = earliest(step.startAt, startAt);
			step.tryAt = earliest(step.tryAt, tryAt);
		} else if (isRunning(item) && terms.until !== 'started') {
			if (item.checkAt <= now) step.check.push(index);
			else step.checkAt = earliest(step.checkAt, item.checkAt);
		} else if (wantsFiles(item, terms) && fetching + step.fetch.length < FETCHES_AT_ONCE) {
			step.fetch.push(index);
		}
	});
	return step;
}

export function isDue({ start, check, fetch }: Step): boolean {
	return start.length + check.length + fetch.length > 0;
}

/** When there is something to do next, if nothing is due; null where all is done. */
export function nextOf({ startAt, tryAt, checkAt }: Step): number | null {
	return earliest(earliest(startAt, tryAt), checkAt);
}

function earliest(one: number | null, other: number | null = null): number | null {
	return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

/** What has begun is waited for before the execution sleeps. More would only wait in line. */
const FETCHES_AT_ONCE = 5;

function wantsFiles(item: Item, terms: Terms): boolean {
	return terms.wantsFiles && isSuccess(item) && item.files === undefined;
}

/** How many tasks may be started, by what the API has refused and by the rate. */
function allowanceOf(batch: Batch, plan: Plan, now: number, busy: ReadonlySet<number>) {
	const never = startsNoMore(batch, plan);
	let starting = [...busy].filter((index) => batch.items[index]?.at === 'toStart').length;
	const { places, openAt } = placesOf(batch, starting, now);
	const lately = batch.starts.filter((time) => time > now - WINDOW_MS);
	const limit = starting + places;
	return {
		/** Whether one more may start at this rate, and is taken from the allowance; else when, if ever. */
		take: (rate: number): { takes?: true; startAt?: number; tryAt?: number } => {
			if (never) return {};
			if (starting >= limit) return openAt;
			const started = lately.length + starting;
			if (started >= rate) return { startAt: (lately[started - rate] ?? now) + WINDOW_MS };
			starting++;
			return { takes: true };
		},
	};
}

export function startsNoMore(batch: Batch, plan: Plan): boolean {
	if (batch.halted) return true;
	if (!plan.stopsOnError) return false;
	return batch.items.some((item, index) => {
		const terms = plan.items[index];
		return !terms || hasFailed(item, terms);
	});
}

/** How many more the API is likely to take now, and when to see again. */
function placesOf({ refusals, items }: Batch, starting: number, now: number) {
	if (!refusals) return { places: Infinity, openAt: {} };
	const { closedUntil, tryAt, trials } = refusals;
	if (now < closedUntil) return { places: 0, openAt: { startAt: closedUntil } };
	const free = refusals.places - items.filter(isRunning).length - starting;
	const trying = now >= tryAt ? trials - starting : 0;
	return {
		places: Math.max(0, free, trying),
		// While a trial is on its way, its answer tells more.
		openAt: { tryAt: Math.max(tryAt, now + 1_000) },
	};
}
