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

/** Item indexes to start, to check, and to fetch the files of, all of them now. */
export interface Step {
	start: number[];
	check: number[];
	fetch: number[];
	/** When there is something to do next (epoch milliseconds), if not before. */
	next: number | null;
}

/** @param busy items with a request under way: their answer may bring more to do */
export function decide(
	batch: Batch,
	plan: Plan,
	now: number,
	busy: ReadonlySet<number> = new Set(),
): Step {
	const step: Step = { start: [], check: [], fetch: [], next: null };
	const later = (time: number) => {
		step.next = Math.min(step.next ?? Infinity, time);
	};
	const allowance = allowanceOf(batch, plan, now, busy);
	batch.items.forEach((item, index) => {
		const terms = plan.items[index];
		if (!terms || busy.has(index)) return;
		if (item.at === 'toStart') {
			const at = allowance.take(terms.rate);
			if (at !== null && at <= now) step.start.push(index);
			else if (at !== null) later(at);
		} else if (isRunning(item) && terms.until !== 'started') {
			if (item.checkAt <= now) step.check.push(index);
			else later(item.checkAt);
		} else if (wantsFiles(item, terms)) {
			step.fetch.push(index);
		}
	});
	return step;
}

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
		/** When one more may start at this rate: a time that has come takes one. Null for never. */
		take: (rate: number): number | null => {
			if (never) return null;
			if (starting >= limit) return Math.max(openAt, now + 1_000);
			const started = lately.length + starting;
			if (started >= rate) return (lately[started - rate] ?? now) + WINDOW_MS;
			starting++;
			return now;
		},
	};
}

function startsNoMore(batch: Batch, plan: Plan): boolean {
	if (batch.halted) return true;
	if (!plan.stopsOnError) return false;
	return batch.items.some((item, index) => {
		const terms = plan.items[index];
		return !terms || hasFailed(item, terms);
	});
}

/** How many more the API is likely to take, and when to try again although no task of ours has ended. */
function placesOf({ refusals, items }: Batch, starting: number, now: number) {
	if (!refusals) return { places: Infinity, openAt: now };
	const { closedUntil, tryAt, trials } = refusals;
	if (now < closedUntil) return { places: 0, openAt: closedUntil };
	const free = refusals.places - items.filter(isRunning).length - starting;
	const trying = now >= tryAt ? trials - starting : 0;
	return { places: Math.max(0, free, trying), openAt: tryAt };
}
