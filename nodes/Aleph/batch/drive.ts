/** Drives a batch: does what is due, and waits in the process for what is due next. */
import { ApiFailure } from '../api/failure';
import { pause } from '../api/pause';
import { decide, isDue, nextOf, startsNoMore, type Step } from './decide';
import {
	accepted,
	checked,
	creditsLeft,
	facts,
	fetched,
	notChecked,
	notStarted,
	refused,
	type Batch,
	type Files,
	type Plan,
} from './state';
import type { TaskRecord } from '../task/task';

/** What can be done for an item. Each throws an ApiFailure where it does not work out. */
export interface Work {
	/**
	 * Gives the id of the task that the API has accepted. While the request still waits for its turn, a
	 * withdrawal makes it throw the signal's reason.
	 */
	start: (itemIndex: number, withdrawal: Withdrawal) => Promise<string>;
	/** @param patience milliseconds */
	check: (taskId: string, patience: number) => Promise<TaskRecord>;
	fetch: (itemIndex: number, record: TaskRecord) => Promise<Files>;
	/** How many credits are left. */
	credits: () => Promise<number>;
}

/** Tells a request for a task that still waits for its turn to leave the line. */
export interface Withdrawal {
	/** Another run will send it. */
	forNow: AbortSignal;
	/** It is not wanted any more. */
	forGood: AbortSignal;
}

interface Drive {
	batch: Batch;
	plan: Plan;
	work: Work;
	signal?: AbortSignal;
	/** Whether what comes next is worth waiting for. */
	isSoon?: (step: Step, now: number) => boolean;
	/** When to begin nothing more, and to withdraw what waits for its turn (epoch milliseconds). */
	until?: number;
}

/**
 * Goes on until all is done, and gives null; or, where that comes later, the time at which to go on
 * (epoch milliseconds). Throws the signal's reason when the execution is stopped.
 */
export async function drive(options: Drive): Promise<number | null> {
	const { batch, plan, signal, isSoon = () => true, until = Infinity } = options;
	const busy = new Busy();
	const purse = new Purse(options);
	const leave = new AbortController();
	/** To withdraw the requests for tasks, by item. */
	const requests = new Map<number, AbortController>();
	for (;;) {
		signal?.throwIfAborted();
		const none = startsNoMore(batch, plan);
		for (const [index, request] of requests) {
			if (none || batch.items[index]!.at !== 'toStart') request.abort();
		}
		const now = Date.now();
		const step = decide(batch, plan, now, busy.items);
		const next = isDue(step) ? now : nextOf(step);
		const isOver = now >= until;
		const leaving = next !== null && (isOver || !(isDue(step) || isSoon(step, now)));
		if (isDue(step) && !leaving) {
			const affordable = step.start.length > 0 ? purse.check(now) : undefined;
			for (const index of step.start) {
				const request = new AbortController();
				requests.set(index, request);
				const withdrawal = { forNow: leave.signal, forGood: request.signal };
				const started = startOne(options, index, withdrawal, affordable);
				busy.begin(
					index,
					started.finally(() => requests.delete(index)),
				);
			}
			for (const index of step.check) busy.begin(index, checkOne(options, index));
			for (const index of step.fetch) busy.begin(index, fetchOne(options, index));
		} else if (busy.items.size === 0 && (next === null || leaving)) {
			return next;
		} else {
			if (isOver) leave.abort();
			await busy.change(leaving || next === null ? Infinity : next, signal);
		}
	}
}

async function startOne(
	{ batch, plan, work, signal }: Drive,
	index: number,
	withdrawal: Withdrawal,
	affordable?: Promise<void>,
): Promise<void> {
	try {
		await affordable;
		if (batch.items[index]!.at !== 'toStart') return;
		const taskId = await work.start(index, withdrawal);
		accepted(batch, index, taskId, plan.items[index]!, Date.now());
	} catch (error) {
		const { forNow, forGood } = withdrawal;
		if (error === forNow.reason || error === forGood.reason) return;
		const failure = asApiFailure(error, signal);
		if (failure?.isRefusedForNow) refused(batch, failure, plan, Date.now());
		else if (failure) notStarted(batch, index, failure);
	}
}

async function checkOne({ batch, plan, work, signal }: Drive, index: number): Promise<void> {
	const terms = plan.items[index]!;
	const item = batch.items[index]!;
	if (item.at !== 'running') return;
	const now = Date.now();
	// The time of a task that is just looked at begins with its first answer.
	const began = terms.until === 'seen' && !item.failures ? now : item.since;
	try {
		const record = await work.check(item.taskId, began + terms.timeout - now);
		checked(batch, index, record, terms, Date.now());
	} catch (error) {
		const failure = asApiFailure(error, signal);
		if (failure) notChecked(batch, index, failure, terms, Date.now());
	}
}

async function fetchOne({ batch, work, signal }: Drive, index: number): Promise<void> {
	const item = batch.items[index]!;
	if (item.at !== 'ended') return;
	try {
		fetched(batch, index, await work.fetch(index, item.record));
	} catch (error) {
		const failure = asApiFailure(error, signal);
		if (failure) fetched(batch, index, { failure: facts(failure) });
	}
}

/** Null where the execution was stopped: what it was about does not matter any more. */
function asApiFailure(error: unknown, signal?: AbortSignal): ApiFailure | null {
	if (signal?.aborted) return null;
	if (error instanceof ApiFailure) return error;
	return new ApiFailure('local', null, error instanceof Error ? error.message : String(error));
}

function reasonOf(error: Error): string {
	return error instanceof ApiFailure ? error.reason : error.message;
}

/** Credits are asked for once for a burst of tasks, not for each. */
class Purse {
	private askedAt = -Infinity;

	private answer?: Promise<void>;

	constructor(private readonly options: Drive) {}

	check(now: number): Promise<void> | undefined {
		const { batch, plan, work } = this.options;
		if (plan.items.every((terms) => terms?.keepCredits === undefined)) return undefined;
		if (now < this.askedAt + BURST_MS) return this.answer;
		this.askedAt = now;
		this.answer = work.credits().then(
			(credits) => creditsLeft(batch, { credits, reason: '' }, plan),
			(error: Error) => creditsLeft(batch, { reason: reasonOf(error) }, plan),
		);
		return this.answer;
	}
}

const BURST_MS = 5_000;

/** The items with a request under way. */
class Busy {
	readonly items = new Set<number>();

	private ended = () => {};

	begin(itemIndex: number, work: Promise<void>): void {
		this.items.add(itemIndex);
		void work.finally(() => {
			this.items.delete(itemIndex);
			this.ended();
		});
	}

	/** Resolves when a request has ended, at `until` at the latest. */
	async change(until: number, signal?: AbortSignal): Promise<void> {
		const ended = new Promise<void>((resolve) => {
			this.ended = resolve;
		});
		await pause(Math.min(until - Date.now(), LONGEST_PAUSE_MS), signal, ended);
	}
}

/** A timer that is no longer needed stays for this long. */
const LONGEST_PAUSE_MS = 2_000;
