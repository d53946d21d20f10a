/** A world without n8n, HTTP and time: an API with its limits, on a fake clock, for the driver that ships. */
import type { FoundRecord } from '../../nodes/Aleph/api/client';
import type { Clock } from '../../nodes/Aleph/api/clock';
import type { ApiRef } from '../../nodes/Aleph/api/connection';
import { ApiError, type ApiErrorKind } from '../../nodes/Aleph/api/error';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import { drive } from '../../nodes/Aleph/batch/drive';
import { awoke } from '../../nodes/Aleph/batch/events';
import type { Job, Tasks } from '../../nodes/Aleph/batch/job';
import type { Batch, Terms, Uploads } from '../../nodes/Aleph/batch/state';
import { LONGEST_AWAKE_MS } from '../../nodes/Aleph/execution/batch';
import { acceptedTask, withReport } from '../../nodes/Aleph/task/task';
import { stored } from './batches';
import { FakeClock, HOUR, MINUTE, SECOND } from './fakeClock';

/** How long a request takes. */
export const LATENCY = 100;

export const API: ApiRef = { dialect: 'jobs', baseUrl: 'https://api.example.com' };

/** What becomes of the task of an item. */
export interface Fate {
	/** Milliseconds from the time at which it gets a slot. */
	duration: number;
	/** Milliseconds from acceptance in which the API does not know it. */
	unknownFor?: number;
	fails?: boolean;
	/** What the request for it meets: the task is accepted only if that leaves it open. */
	answer?: ApiErrorKind;
	/** Milliseconds that its files take, up or down. */
	transfer?: number;
	/** What its first checks meet. */
	readFaults?: Array<ApiErrorKind | undefined>;
}

export interface Api {
	/** How many tasks may run at once; further ones are refused ... */
	slots: number;
	/** ... or queued, by an API that tells how many slots there are. */
	queues: boolean;
	/** New tasks per 10 seconds. */
	rate: number;
	/** Milliseconds that a refusal asks to wait. */
	retryAfter?: number;
	/** How many credits are left before the first task; absent if nobody can tell. */
	credits?: number;
	isReachable: boolean;
	/** Milliseconds until the answer to a request is there. */
	latency: number;
	/** By item. */
	fate: (itemIndex: number) => Fate;
}

/** The turns that requests take. There are none unless a story is about them. */
type Limiters = Record<'starts' | 'checks' | 'uploads', RateLimiter>;

interface Task extends Fate {
	itemIndex: number;
	acceptedAt: number;
	runsFrom: number;
	endsAt: number;
	checks: number;
}

export interface Sent {
	time: number;
	what: 'upload' | 'start' | 'check' | 'download' | 'cancel';
	itemIndex: number;
	refused?: true;
}

const CODES: Partial<Record<ApiErrorKind, number>> = {
	credits: 402,
	parameters: 422,
	unknownTask: 422,
	rateLimit: 429,
	server: 500,
};

export const CREDITS_PER_TASK = 10;

interface Run {
	clock?: Clock;
	signal?: AbortSignal;
	/** How long an execution stays awake at the most. */
	awakeFor?: number;
	/** What goes on while the execution sleeps. Gives the batch that it wakes with. */
	asleep?: (batch: Batch, wakeAt: number) => Promise<Batch>;
	/** Whether the callbacks that came meanwhile may be only some of them, as n8n has several processes. */
	inQueueMode?: boolean;
}

export class World implements Tasks {
	readonly sent: Sent[] = [];

	readonly tasks = new Map<string, Task>();

	/** Those that may still run, or count for the rate. */
	private latest: Task[] = [];

	/** Live: a change holds from then on. */
	readonly api: Api;

	private readonly owner = Symbol('batch');

	private readonly limiters: Limiters;

	constructor(
		api: Partial<Api> = {},
		readonly clock = new FakeClock(),
		limiters: Partial<Limiters> = {},
	) {
		const fate = () => ({ duration: 3 * MINUTE });
		const network = { isReachable: true, latency: LATENCY };
		this.api = { slots: Infinity, queues: false, rate: 20, ...network, fate, ...api };
		const open = () => new RateLimiter(0, () => Infinity, clock);
		this.limiters = { starts: open(), checks: open(), uploads: open(), ...limiters };
	}

	/** Drives a batch to its end, through all of its sleeps. */
	async run(batch: Batch, { clock = this.clock, signal, awakeFor, asleep, inQueueMode }: Run = {}) {
		const sleep = asleep ?? (async (resting, wakeAt) => await this.sleepUntil(resting, wakeAt));
		for (;;) {
			await drive(batch, this.jobs(batch), this, {
				clock,
				signal,
				awakeUntil: batch.sleeps ? clock.now() + (awakeFor ?? LONGEST_AWAKE_MS) : undefined,
			});
			if (!batch.sleep) return batch;
			batch = await sleep(batch, batch.sleep.wakeAt);
			const taskIds = new Set(batch.sleep?.callbacks);
			awoke(batch, { taskIds, areHere: !inQueueMode && taskIds.size > 0 }, clock.now());
		}
	}

	/** Wakes when the batch has asked for it. */
	async sleepUntil(batch: Batch, wakeAt: number): Promise<Batch> {
		await this.clock.pause(wakeAt - this.clock.now());
		return stored(batch);
	}

	jobs({ items }: Batch): Job[] {
		return items.map(({ terms }, index) => this.job(index, terms));
	}

	private job(itemIndex: number, terms: Terms): Job {
		const { fileCount, rate: intervalCap, keepCredits, waitFor } = terms;
		const { owner, limiters } = this;
		return {
			initial: () => Promise.reject(new Error('The batch has begun already')),
			upload: async (known, signal, keep) => {
				if (fileCount === 0 || known.videoUrl) return known;
				const turn = { owner, intervalCap: Infinity, signal };
				const send = async () => await this.upload(itemIndex);
				const uploads = await limiters.uploads.run(turn, send);
				keep(uploads);
				return uploads;
			},
			start: async (_, signal) => {
				const turn = { owner, intervalCap, signal };
				return await limiters.starts.run(turn, async () => {
					this.checkCredits(keepCredits);
					const taskId = await this.start(itemIndex);
					const requested = { prompt: 'snow', sourceVideoUrl: null };
					return { taskId, api: API, requested, ...(waitFor === 'end' && { calls: true }) };
				});
			},
			download: async () => {
				await this.request('download', itemIndex);
				return { binary: {} };
			},
		};
	}

	async readTask(taskId: string, { signal }: { signal?: AbortSignal } = {}): Promise<FoundRecord> {
		const turn = { owner: this.owner, intervalCap: 1, signal };
		return await this.limiters.checks.run(turn, async () => {
			const task = this.tasks.get(taskId);
			const answer = this.answerAbout(taskId, task);
			await this.request('check', task?.itemIndex ?? -1);
			if (answer instanceof ApiError) throw answer;
			return answer;
		});
	}

	/** URLs of this API last. */
	async renewed(): Promise<null> {
		return await Promise.resolve(null);
	}

	async cancelTask(taskId: string): Promise<FoundRecord> {
		const task = this.tasks.get(taskId)!;
		await this.request('cancel', task.itemIndex);
		task.endsAt = Math.min(task.endsAt, this.clock.now());
		return { api: API, data: {}, task: { ...acceptedTask(taskId), status: 'failed' } };
	}

	async getConcurrency(): Promise<number | null> {
		if (!this.api.isReachable) throw new ApiError('unreachable', null, 'ENOTFOUND');
		return await Promise.resolve(this.api.queues ? this.api.slots : null);
	}

	sentOf(what: Sent['what'], itemIndex?: number): Sent[] {
		const isOf = (each: Sent) => itemIndex === undefined || each.itemIndex === itemIndex;
		return this.sent.filter((each) => each.what === what && isOf(each));
	}

	/** The items that were paid for, once for each time. */
	paid(): number[] {
		return [...this.tasks.values()].map(({ itemIndex }) => itemIndex).sort((a, b) => a - b);
	}

	refusals(): number {
		return this.sent.filter(({ refused }) => refused).length;
	}

	/** The tasks that have a slot now, or wait for one. */
	unended(): Task[] {
		return this.latest.filter(({ endsAt }) => endsAt > this.clock.now());
	}

	/** Notes a request, and resolves when its answer is there. */
	async request(what: Sent['what'], itemIndex: number, refused = false): Promise<void> {
		const { isReachable, latency, fate } = this.api;
		this.sent.push({ time: this.clock.now(), what, itemIndex, ...(refused && { refused }) });
		const isTransfer = what === 'upload' || what === 'download';
		await this.clock.pause((isTransfer && fate(itemIndex).transfer) || latency);
		if (!isReachable) throw new ApiError('unreachable', null, 'ENOTFOUND');
	}

	private async upload(itemIndex: number): Promise<Uploads> {
		await this.request('upload', itemIndex);
		const expiresAt = new Date(this.clock.now() + 24 * HOUR).toISOString();
		return { videoUrl: { url: `https://example.com/${itemIndex}.mp4`, expiresAt } };
	}

	private checkCredits(keepCredits?: number): void {
		if (keepCredits === undefined) return;
		if (this.api.credits === undefined) throw new ApiError('keepCredits', 404, 'no such endpoint');
		const credits = this.api.credits - this.tasks.size * CREDITS_PER_TASK;
		if (credits < keepCredits) throw new ApiError('keepCredits', null, '', { credits });
	}

	private async start(itemIndex: number): Promise<string> {
		const { starts } = this.limiters;
		const isRefused = this.api.isReachable && !this.hasRoom();
		const error = isRefused ? this.refusal() : errorOf(this.api.fate(itemIndex).answer);
		const taskId = `task ${this.sent.length + 1}`;
		if (this.api.isReachable && (!error || error.isAmbiguous)) this.accept(taskId, itemIndex);
		await this.request('start', itemIndex, isRefused);
		if (error?.isThrottled) starts.close(error);
		if (error) throw error;
		starts.accepted();
		return taskId;
	}

	private accept(taskId: string, itemIndex: number): void {
		const fate = this.api.fate(itemIndex);
		const acceptedAt = this.clock.now();
		const ends = this.unended()
			.map(({ endsAt }) => endsAt)
			.sort((a, b) => b - a);
		const runsFrom = Math.max(acceptedAt, ends[this.api.slots - 1] ?? 0);
		const endsAt = runsFrom + fate.duration;
		const task = { ...fate, itemIndex, acceptedAt, runsFrom, endsAt, checks: 0 };
		this.tasks.set(taskId, task);
		this.latest.push(task);
	}

	private hasRoom(): boolean {
		const { slots, rate, queues } = this.api;
		const now = this.clock.now();
		const isLate = ({ acceptedAt }: Task) => acceptedAt > now - 10 * SECOND;
		this.latest = this.latest.filter((task) => task.endsAt > now || isLate(task));
		const hasSlot = queues || this.unended().length < slots;
		return hasSlot && this.latest.filter(isLate).length < rate;
	}

	private refusal(): ApiError {
		return new ApiError('rateLimit', 429, 'Too many requests', { retryAfter: this.api.retryAfter });
	}

	/** What the API says of a task at this moment. */
	private answerAbout(taskId: string, task?: Task): FoundRecord | ApiError {
		const now = this.clock.now();
		const fault = errorOf(task?.readFaults?.[task.checks++]);
		if (fault) return fault;
		if (!task || now < task.acceptedAt + (task.unknownFor ?? 0)) return errorOf('unknownTask')!;
		const known = { api: API, data: {}, task: acceptedTask(taskId) };
		if (now < task.runsFrom) return { ...known, queued: true };
		if (now < task.endsAt) return known;
		const videoUrl = 'https://example.com/out.mp4';
		const status = task.fails ? 'failed' : 'success';
		return { ...known, task: withReport(known.task, { status, videoUrl }) };
	}
}

function errorOf(kind: ApiErrorKind | undefined): ApiError | undefined {
	return kind && new ApiError(kind, CODES[kind] ?? null, kind);
}
