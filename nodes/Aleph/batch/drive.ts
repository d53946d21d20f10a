/** Drives a batch: does what is due, and waits in the process for what is due next. */
import type { Clock } from '../api/clock';
import { decide, isDue, nextOf, type Step } from './decide';
import {
	accepted,
	checked,
	concurrencyTold,
	concurrencyUntold,
	deadlineChecked,
	downloaded,
	ended,
	fellAsleep,
	notChecked,
	notStarted,
	refused,
	renewed,
	uploaded,
} from './events';
import { ApiError } from '../api/error';
import type { Job, Tasks } from './job';
import {
	failureOf,
	isHalted,
	isPending,
	isRunning,
	isSuccess,
	itemAt,
	needs,
	wantsFiles,
	type Batch,
	type Preparation,
	type Uploads,
} from './state';

interface Conditions {
	clock: Clock;
	/** Aborts when the user stops the execution. */
	signal?: AbortSignal;
	/** When to begin nothing more, and to withdraw what waits for its turn (epoch milliseconds). */
	awakeUntil?: number;
}

/**
 * Goes on until all is done; or, if the batch sleeps, until there is nothing to do for a while: then it has
 * its `sleep`, which says when to go on. Throws the signal's reason when the execution is stopped.
 * @param jobs by item
 */
export async function drive(
	batch: Batch,
	jobs: Job[],
	tasks: Tasks,
	conditions: Conditions,
): Promise<void> {
	await new Driver(batch, jobs, tasks, conditions).run();
}

/**
 * n8n looks for executions to wake once a minute, so that a short pause is better spent awake: for the
 * next tasks that the rate allows, or a check that did not work out.
 */
const SHORT_START_MS = 11_000;
const SHORT_CHECK_MS = 4_000;

/** n8n's `sleep` cannot be cancelled: so timers are short, as they live on when they are no longer needed. */
const LONGEST_TIMER_MS = 2_000;

const ASK_AGAIN_MS = 60_000;

/** How long to wait for the answer before anything is started. */
const LONGEST_ANSWER_MS = 5_000;

/** The reason with which a request leaves the line: another run will send it, or nobody. */
const WITHDRAWN = new Error('The request was withdrawn');

/** What may go well later, and has certainly started nothing. */
function isRefusal({ kind, isThrottled, isNotSent, isTransient }: ApiError): boolean {
	return isThrottled || isNotSent || (kind === 'keepCredits' && isTransient);
}

/** What was refused. Without a credential nothing can be sent, whatever would have been first. */
function whatOf({ kind }: ApiError, isUpload: boolean): 'task' | Preparation {
	if (kind === 'keepCredits') return 'credits';
	return isUpload && kind !== 'noCredential' ? 'files' : 'task';
}

/** What goes on for an item. */
interface Underway {
	/** Withdraws a request while it waits for its turn. */
	controller: AbortController;
	/** A task may come of it, which is not to be lost. */
	isStarting: boolean;
}

class Driver {
	private readonly requests = new Map<number, Underway>();

	private onEnd = () => {};

	/** When to ask how many tasks the account may run: at first, and again if nobody could tell. */
	private askAt = 0;

	/** What the API has told of that since the last look; null if it tells nobody. */
	private told?: number | null;

	constructor(
		private readonly batch: Batch,
		private readonly jobs: Job[],
		private readonly tasks: Tasks,
		private readonly conditions: Conditions,
	) {}

	/** The pace at which the API is asked for tasks. */
	private get checks() {
		return this.batch.sleeps ? 'verify' : 'poll';
	}

	async run(): Promise<void> {
		const next = await this.loop().catch(async (error: unknown) => {
			this.withdraw(true);
			if (this.conditions.signal?.aborted) await this.cancel();
			throw error;
		});
		if (next !== null) return fellAsleep(this.batch, next, this.conditions.clock.now());
		await this.renewUrls();
		ended(this.batch);
	}

	/** Gives the time at which to go on (epoch milliseconds), null if all is done. */
	private async loop(): Promise<number | null> {
		const { clock, signal, awakeUntil = Infinity } = this.conditions;
		// What fails anyway need not wait until the API has told its concurrency.
		deadlineChecked(this.batch, clock.now(), awakeUntil);
		for (;;) {
			await this.learnConcurrency();
			signal?.throwIfAborted();
			const now = clock.now();
			deadlineChecked(this.batch, now, awakeUntil);
			this.withdrawUnwanted();
			const due = decide(this.batch, now, new Set(this.requests.keys()));
			const isLate = now >= awakeUntil;
			// A transfer that is under way keeps it awake: checks need not wait for its end. Starts do, as n8n
			// has stored nothing of this wake, should it be killed.
			const isOver = isLate && !this.isTransferring();
			const step = isLate && !isOver ? { ...due, start: [], download: [] } : due;
			const next = isDue(step) ? now : nextOf(step);
			const isLeaving = next !== null && (isOver || !(isDue(step) || this.isSoon(step, now)));
			if (isDue(step) && !isLeaving) {
				this.begin(step);
			} else if (this.requests.size === 0 && (next === null || isLeaving)) {
				return next;
			} else {
				if (isLate) this.withdraw(isOver);
				await this.change(isLeaving || next === null ? Infinity : next);
			}
		}
	}

	/** Whether what comes next is worth waiting for. */
	private isSoon({ startAt, checkAt }: Step, now: number): boolean {
		const isWithin = (time: number | null, pause: number) => time !== null && time - now < pause;
		if (!this.batch.sleeps) return true;
		return isWithin(startAt, SHORT_START_MS) || isWithin(checkAt, SHORT_CHECK_MS);
	}

	private begin({ start, check, download }: Step): void {
		for (const index of start)
			this.request(index, async (underway) => await this.start(index, underway));
		for (const index of check)
			this.request(index, async ({ controller }) => await this.check(index, controller.signal));
		for (const index of download)
			this.request(index, async ({ controller }) => await this.download(index, controller.signal));
	}

	private request(index: number, send: (underway: Underway) => Promise<void>): void {
		const underway = { controller: new AbortController(), isStarting: false };
		this.requests.set(index, underway);
		void send(underway).finally(() => {
			this.requests.delete(index);
			this.onEnd();
		});
	}

	/** Resolves when a request has ended, at `time` at the latest. */
	private async change(time: number): Promise<void> {
		const { clock, signal } = this.conditions;
		await clock.pause(Math.min(time - clock.now(), LONGEST_TIMER_MS), signal, this.nextEnd());
	}

	private async nextEnd(): Promise<void> {
		await new Promise<void>((resolve) => {
			this.onEnd = resolve;
		});
	}

	/** @param all or transfers only */
	private withdraw(all: boolean): void {
		for (const [index, { controller }] of this.requests) {
			if (all || this.isTransfer(index)) controller.abort(WITHDRAWN);
		}
	}

	private isTransfer(index: number): boolean {
		const item = itemAt(this.batch, index);
		return wantsFiles(item) || needs(item, 'files');
	}

	private isTransferring(): boolean {
		return [...this.requests.keys()].some((index) => this.isTransfer(index));
	}

	/** What waits for its turn is not to be sent if its item has ended meanwhile, nor a start if the batch is halted. */
	private withdrawUnwanted(): void {
		const halted = isHalted(this.batch);
		for (const [index, { controller, isStarting }] of this.requests) {
			const item = itemAt(this.batch, index);
			const hasEnded = !isPending(item) && !isRunning(item) && !wantsFiles(item);
			if (hasEnded || (halted && isPending(item))) controller.abort(WITHDRAWN);
			// It may hang, and nothing comes of it any more.
			if (hasEnded && !isStarting) this.requests.delete(index);
		}
	}

	private async start(index: number, underway: Underway): Promise<void> {
		const { batch, jobs } = this;
		const { clock } = this.conditions;
		const item = itemAt(batch, index);
		const { upload, start } = jobs[index]!;
		const { signal } = underway.controller;
		try {
			if (!isPending(item) || !upload || !start) return;
			const keep = (uploads: Uploads) => uploaded(batch, index, uploads);
			const uploads = await upload(item.uploads ?? {}, signal, keep);
			signal.throwIfAborted();
			underway.isStarting = true;
			const calls = batch.sleeps && item.terms.waitFor === 'end';
			const started = await start(uploads, signal, calls);
			accepted(batch, index, started, clock.now());
		} catch (error) {
			const cause = this.causeOf(error);
			// An upload that was taken back while it failed goes on at the next wake.
			const isTakenBack = !underway.isStarting && signal.aborted;
			if (cause instanceof ApiError && (isRefusal(cause) || isTakenBack)) {
				const what = whatOf(cause, !underway.isStarting && item.terms.fileCount > 0);
				refused(batch, { itemIndex: index, error: cause, what }, clock.now());
			} else if (cause) {
				notStarted(batch, index, cause);
			}
		}
	}

	private async check(index: number, signal: AbortSignal): Promise<void> {
		const { batch, tasks } = this;
		const { clock } = this.conditions;
		const item = itemAt(batch, index);
		if (!isRunning(item)) return;
		try {
			const found = await tasks.readTask(item.taskId, {
				api: item.api,
				signal,
				checks: this.checks,
			});
			checked(batch, index, found, clock.now());
		} catch (error) {
			const cause = this.causeOf(error);
			if (cause) notChecked(batch, index, cause, clock.now());
		}
	}

	private async download(index: number, signal: AbortSignal): Promise<void> {
		const item = itemAt(this.batch, index);
		if (!wantsFiles(item)) return;
		try {
			downloaded(this.batch, index, await this.jobs[index]!.download(item, signal));
		} catch (error) {
			const cause = this.causeOf(error);
			if (cause) downloaded(this.batch, index, { failure: failureOf(cause) });
		}
	}

	/** Null if the request was withdrawn, or the execution stopped: what went wrong does not matter then. */
	private causeOf(error: unknown): Error | null {
		if (error === WITHDRAWN || this.conditions.signal?.aborted) return null;
		return error instanceof Error ? error : new Error(String(error));
	}

	/** Videos that were ready long before the others, or in an earlier execution, may have URLs that have expired. */
	private async renewUrls(): Promise<void> {
		const { batch, tasks } = this;
		await Promise.all(
			batch.items.map(async (item, index) => {
				if (!isSuccess(item) || !item.api) return;
				const found = await tasks
					.renewed(item.record.task, { api: item.api, checks: this.checks })
					.catch(() => null);
				if (found) renewed(batch, index, found);
			}),
		);
	}

	/** Until it is known how many tasks the account may run, none is started; but an answer may take long. */
	private async learnConcurrency(): Promise<void> {
		const { clock, signal } = this.conditions;
		const { batch } = this;
		if (clock.now() >= this.askAt && batch.items.some(isPending)) {
			this.askAt = Infinity;
			const answer = this.askConcurrency();
			if (batch.slots?.told === undefined) {
				await clock.pause(LONGEST_ANSWER_MS, signal, answer);
				if (this.told === undefined) concurrencyUntold(batch);
			}
		}
		if (this.told === undefined) return;
		concurrencyTold(batch, this.told);
		this.told = undefined;
	}

	private async askConcurrency(): Promise<void> {
		this.told = await this.tasks.getConcurrency().catch(() => {
			this.askAt = this.conditions.clock.now() + ASK_AGAIN_MS;
			return undefined;
		});
	}

	/** The user has stopped the execution: so are the tasks that are to stop with it, each once it is known. */
	private async cancel(): Promise<void> {
		const cancelling = new Map<string, Promise<unknown>>();
		for (;;) {
			for (const { taskId, api, terms } of this.batch.items.filter(isRunning)) {
				if (terms.onStop !== 'cancel' || !api || cancelling.has(taskId)) continue;
				const cancelled = this.tasks.cancelTask(taskId, { api });
				cancelling.set(
					taskId,
					cancelled.catch(() => {}),
				);
			}
			if (this.requests.size === 0) break;
			await this.nextEnd();
		}
		await Promise.all(cancelling.values());
	}
}
