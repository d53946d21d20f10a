/**
 * A world without n8n, HTTP and time: an API with its limits, and a batch that is driven through it by
 * its own decisions, as fast as the processor allows.
 */
import { ApiFailure, type FailureKind } from '../../nodes/Aleph/api/failure';
import { decide, nextOf } from '../../nodes/Aleph/batch/decide';
import {
	accepted,
	checked,
	creditsLeft,
	fetched,
	newBatch,
	notChecked,
	notStarted,
	refused,
	type Batch,
	type Plan,
	type Terms,
} from '../../nodes/Aleph/batch/state';
import { whileAwake } from '../../nodes/Aleph/task/schedule';
import { acceptedTask, toldTask, type TaskRecord } from '../../nodes/Aleph/task/task';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

/** How long each request takes. */
export const LATENCY = 100;

/** How the API deals with the task of an item. */
export interface Fate {
	/** Milliseconds from acceptance to the end. */
	duration: number;
	/** Milliseconds from acceptance in which the API does not know it. */
	unknownFor?: number;
	fails?: boolean;
	/** What the request for it meets: the task is accepted only where that leaves it open. */
	answer?: FailureKind;
	/** Its first checks meet this. */
	readFaults?: FailureKind[];
}

export interface Api {
	/** How many tasks may run at once. */
	places: number;
	/** New tasks per 10 seconds. */
	rate: number;
	/** Milliseconds that a refusal asks to wait. */
	retryAfter?: number;
	/** By item. */
	fate: (itemIndex: number) => Fate;
	credits?: number;
}

interface Task extends Fate {
	itemIndex: number;
	since: number;
	checks: number;
}

export interface Sent {
	time: number;
	what: 'start' | 'check' | 'fetch';
	itemIndex: number;
	refused?: boolean;
}

const CODES: Partial<Record<FailureKind, number>> = {
	credits: 402,
	parameters: 422,
	unknownTask: 422,
	rateLimit: 429,
	media: 451,
	server: 500,
};

const CREDITS_PER_TASK = 10;

export class World {
	now = 0;

	readonly sent: Sent[] = [];

	private readonly tasks = new Map<string, Task>();

	/** The tasks that may still run. */
	private running: Task[] = [];

	/** Answers that are on their way. */
	private readonly answers: Array<{ time: number; itemIndex: number; arrive: () => void }> = [];

	/** Live: a change holds from then on. */
	readonly api: Api;

	constructor(api: Partial<Api> = {}) {
		this.api = { places: Infinity, rate: 20, fate: () => ({ duration: 3 * MINUTE }), ...api };
	}

	/**
	 * Drives a batch to its end.
	 * @param atRest called whenever the batch waits and no request is under way, with the time at which it goes
	 * on; gives what it goes on with, and may set the clock
	 */
	run(
		batch: Batch,
		plan: Plan,
		atRest: (resting: Batch, next: number) => Batch = (resting) => resting,
	): Batch {
		for (;;) {
			const busy = new Set(this.answers.map(({ itemIndex }) => itemIndex));
			const step = decide(batch, plan, this.now, busy);
			this.askForCredits(batch, plan, step.start);
			for (const index of step.start) this.start(batch, plan, index);
			for (const index of step.check) this.check(batch, plan, index);
			for (const index of step.fetch) this.fetch(batch, index);
			const nextAnswer = Math.min(...this.answers.map(({ time }) => time));
			const next = Math.min(nextAnswer, nextOf(step) ?? Infinity);
			if (next === Infinity) return batch;
			if (next < this.now) throw new Error('The batch looks back');
			const restedAt = this.now;
			if (this.answers.length === 0) batch = atRest(batch, next);
			if (this.now !== restedAt) continue;
			this.now = next;
			for (const { arrive } of this.takeArrived()) arrive();
		}
	}

	starts(): Sent[] {
		return this.sent.filter(({ what }) => what === 'start');
	}

	/** The items that were paid for, once for each time. */
	paid(): number[] {
		return [...this.tasks.values()].map(({ itemIndex }) => itemIndex).sort((a, b) => a - b);
	}

	refusals(): number {
		return this.sent.filter((each) => each.refused).length;
	}

	checksOf(itemIndex: number): number[] {
		return this.sent
			.filter((each) => each.what === 'check' && each.itemIndex === itemIndex)
			.map(({ time }) => time);
	}

	private takeArrived() {
		const arrived = this.answers.filter(({ time }) => time <= this.now);
		const left = this.answers.filter(({ time }) => time > this.now);
		this.answers.splice(0, Infinity, ...left);
		return arrived;
	}

	private answer(itemIndex: number, arrive: () => void): void {
		this.answers.push({ time: this.now + LATENCY, itemIndex, arrive });
	}

	private askForCredits(batch: Batch, plan: Plan, toStart: number[]): void {
		if (toStart.every((index) => plan.items[index]?.keepCredits === undefined)) return;
		const { credits } = this.api;
		const spent = this.tasks.size * CREDITS_PER_TASK;
		const left = credits === undefined ? undefined : credits - spent;
		creditsLeft(batch, { credits: left, reason: 'no such endpoint' }, plan);
	}

	private start(batch: Batch, plan: Plan, itemIndex: number): void {
		if (batch.items[itemIndex]!.at !== 'toStart') return;
		const { fate, retryAfter = null } = this.api;
		const isRefused = !this.hasRoom();
		this.sent.push({ time: this.now, what: 'start', itemIndex, refused: isRefused });
		const kind = isRefused ? 'rateLimit' : fate(itemIndex).answer;
		const failure = kind && failureOf(kind, isRefused ? retryAfter : null);
		const taskId = `task ${this.sent.length}`;
		if (!failure || failure.leavesOpen) {
			const task = { ...fate(itemIndex), itemIndex, since: this.now, checks: 0 };
			this.tasks.set(taskId, task);
			this.running.push(task);
		}
		this.answer(itemIndex, () => {
			if (!failure) accepted(batch, itemIndex, taskId, plan.items[itemIndex]!, this.now);
			else if (failure.isRefusedForNow) refused(batch, failure, plan, this.now);
			else notStarted(batch, itemIndex, failure);
		});
	}

	private hasRoom(): boolean {
		const { places, rate } = this.api;
		const windowStart = this.now - 10 * SECOND;
		const ends = ({ since, duration }: Task) => since + duration;
		this.running = this.running.filter((task) => ends(task) > this.now || task.since > windowStart);
		const lately = this.running.filter(({ since }) => since > windowStart);
		const running = this.running.filter((task) => ends(task) > this.now);
		return lately.length < rate && running.length < places;
	}

	private check(batch: Batch, plan: Plan, itemIndex: number): void {
		const item = batch.items[itemIndex]!;
		if (item.at !== 'running') throw new Error('Only running tasks are checked');
		this.sent.push({ time: this.now, what: 'check', itemIndex });
		const terms = plan.items[itemIndex]!;
		const answer = this.recordOf(item.taskId);
		this.answer(itemIndex, () => {
			if (answer instanceof ApiFailure) notChecked(batch, itemIndex, answer, terms, this.now);
			else checked(batch, itemIndex, answer, terms, this.now);
		});
	}

	private recordOf(taskId: string): TaskRecord | ApiFailure {
		const task = this.tasks.get(taskId);
		const fault = task?.readFaults?.[task.checks++];
		if (fault) return failureOf(fault);
		if (!task || this.now < task.since + (task.unknownFor ?? 0)) return failureOf('unknownTask');
		const known = acceptedTask(taskId);
		if (this.now < task.since + task.duration) return { task: known };
		const videoUrl = 'https://example.com/out.mp4';
		const status = task.fails ? 'failed' : 'success';
		return { task: toldTask(known, { status, videoUrl, errorMessage: '' }) };
	}

	private fetch(batch: Batch, itemIndex: number): void {
		this.sent.push({ time: this.now, what: 'fetch', itemIndex });
		this.answer(itemIndex, () => fetched(batch, itemIndex, { binary: {} }));
	}
}

function failureOf(kind: FailureKind, retryAfter: number | null = null): ApiFailure {
	return new ApiFailure(kind, CODES[kind] ?? null, kind, retryAfter);
}

/** A plan for so many items, with terms that hold for each of them or differ by item. */
export function planFor(
	count: number,
	terms: Partial<Terms> | ((itemIndex: number) => Partial<Terms>) = {},
	stopsOnError = false,
): Plan {
	const items = Array.from({ length: count }, (_, itemIndex): Terms => ({
		until: 'ended',
		timeout: 30 * MINUTE,
		unknownFor: Infinity,
		schedule: whileAwake(undefined, () => 0.5),
		rate: 20,
		lateIsError: true,
		wantsFiles: false,
		wantsData: false,
		...(typeof terms === 'function' ? terms(itemIndex) : terms),
	}));
	return { items, stopsOnError };
}

export function batchOf(count: number): Batch {
	const requests = Array.from({ length: count }, (_, itemIndex) => [`request ${itemIndex}`]);
	return newBatch(requests, { runIndex: 0, executionId: 'first' }, () => ({ at: 'toStart' }));
}

/** Where each item stands, in a word. */
export function states({ items }: Batch): string[] {
	return items.map((item) => (item.at === 'ended' ? item.record.task.status : item.at));
}
