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
	/** When there is something to do next (epoch milliseconds); null where there is nothing. */
	next: number | null;
	/** When to try to start more, although the API has refused that and no task has ended since. */
	trial: number | null;
}

/** @param busy items with a request under way: their answer may bring more to do */
export function decide(
	batch: Batch,
	plan: Plan,
	now: number,
	busy: ReadonlySet<number> = new Set(),
): Step {
	const step: Step = { start: [], check: [], fetch: [], next: null, trial: null };
	const later = (time: number) => {
		step.next = Math.min(step.next ?? Infinity, time);
	};
	const allowance = allowanceOf(batch, plan, now, busy);
	batch.items.forEach((item, index) => {
		const terms = plan.items[index];
		if (!terms || busy.has(index)) return;
		if (item.at === 'toStart') {
			const { start, at, trial } = allowance.take(terms.rate);
			if (start) step.start.push(index);
			else if (at !== undefined) later(at);
			else step.trial = trial ?? null;
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
		/** Whether one more may start at this rate, which takes one; else when, if ever. */
		take: (rate: number): { start?: true; at?: number; trial?: number } => {
			if (never) return {};
			if (starting >= limit) return openAt;
			const started = lately.length + starting;
			if (started >= rate) return { at: (lately[started - rate] ?? now) + WINDOW_MS };
			starting++;
			return { start: true };
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

/** How many more the API is likely to take now, and when to see again. */
function placesOf({ refusals, items }: Batch, starting: number, now: number) {
	if (!refusals) return { places: Infinity, openAt: {} };
	const { closedUntil, tryAt, trials } = refusals;
	if (now < closedUntil) return { places: 0, openAt: { at: closedUntil } };
	const free = refusals.places - items.filter(isRunning).length - starting;
	const trying = now >= tryAt ? trials - starting : 0;
	return {
		places: Math.max(0, free, trying),
		// While a trial is on its way, its answer tells more.
		openAt: { trial: Math.max(tryAt, now + 1_000) },
	};
}
