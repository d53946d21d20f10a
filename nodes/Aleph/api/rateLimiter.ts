/**
 * Limits the requests that one account sends in this process. Executions take turns, however many requests
 * each of them has, so that a small one never waits for a large one to be through.
 *
 * The limiter knows the rate and the turns. How many tasks may run at once is for the batch to learn.
 */
import { backoff } from './backoff';
import { clock as realClock, type Clock } from './clock';
import { ApiError } from './error';
import { FILES_AT_ONCE, START_INTERVAL_MS } from './limits';

interface Turn {
	/** Whose request it is: one for each run of a node. */
	owner: symbol;
	/** Requests that may start within the interval: the highest that somebody has named lately counts. */
	intervalCap?: number;
	/** Takes the request back while it waits for its turn. */
	signal?: AbortSignal;
}

interface Waiting {
	intervalCap: number;
	admit: () => void;
	reject: (reason: Error) => void;
}

export class RateLimiter {
	/** By owner; the first is the next to have a turn. */
	private readonly queues = new Map<symbol, Waiting[]>();

	/** The requests of the interval, the oldest first. */
	private readonly starts: Array<{ time: number; intervalCap: number }> = [];

	/** Requests under way. */
	private pending = 0;

	/** When to look again, if a time has been set. */
	private alarm = 0;

	private closedUntil = 0;

	/** Refusals in a row, without anything accepted in between. */
	private refusals = 0;

	private lastRefusal: ApiError | null = null;

	/**
	 * @param interval milliseconds over which requests are counted
	 * @param concurrency how many may be under way, by how many may start within the interval
	 */
	constructor(
		private readonly interval: number,
		private readonly concurrency: (intervalCap: number) => number = () => Infinity,
		private readonly clock: Clock = realClock,
	) {}

	/**
	 * Sends a request when its turn comes. While the limiter is closed after a refusal, throws that refusal
	 * instead, with the time until it opens. Throws the signal's reason as soon as that aborts.
	 */
	async run<T>(turn: Turn, request: () => Promise<T>): Promise<T> {
		await this.admission(turn);
		try {
			return await request();
		} finally {
			this.pending--;
			this.admitAll();
		}
	}

	/** The API refused a request: all that wait are rejected, and nobody starts another for a while. */
	close(refusal: ApiError): void {
		const now = this.clock.now();
		// Requests that were on their way when the first was refused tell nothing new.
		if (now < this.closedUntil) return;
		this.refusals++;
		this.lastRefusal = refusal;
		this.closedUntil = now + (refusal.retryAfter ?? backoff(this.refusals));
		for (const queue of this.queues.values()) {
			for (const { reject } of queue) reject(this.refusal());
		}
		this.queues.clear();
	}

	accepted(): void {
		this.refusals = 0;
	}

	private async admission({ owner, intervalCap = Infinity, signal }: Turn): Promise<void> {
		signal?.throwIfAborted();
		if (this.clock.now() < this.closedUntil) throw this.refusal();
		let leave: (() => void) | undefined;
		try {
			await new Promise<void>((admit, reject) => {
				const waiting = { intervalCap, admit, reject };
				const queue = this.queues.get(owner);
				if (queue) queue.push(waiting);
				else this.queues.set(owner, [waiting]);
				leave = () => {
					this.remove(owner, waiting);
					reject(signal?.reason as Error);
				};
				signal?.addEventListener('abort', leave, { once: true });
				this.admitAll();
			});
		} finally {
			if (leave) signal?.removeEventListener('abort', leave);
		}
	}

	/** Lets through all that may go, and comes again when the next may. */
	private admitAll(): void {
		while (this.queues.size > 0) {
			const cap = this.intervalCap();
			if (this.pending >= this.concurrency(cap)) return;
			const delay = this.delay(cap);
			if (delay > 0) return this.admitIn(delay);
			this.admitNext();
		}
	}

	private admitIn(delay: number): void {
		const now = this.clock.now();
		if (now < this.alarm && this.alarm <= now + delay) return;
		this.alarm = now + delay;
		void this.clock.pause(delay).then(() => {
			// A timer may ring a moment early, and has to be set again then.
			this.alarm = 0;
			this.admitAll();
		});
	}

	/** The owner that comes first has one request admitted, and goes to the end. */
	private admitNext(): void {
		const [owner, queue] = this.queues.entries().next().value as [symbol, Waiting[]];
		const { intervalCap, admit } = queue.shift()!;
		this.queues.delete(owner);
		if (queue.length > 0) this.queues.set(owner, queue);
		this.pending++;
		this.starts.push({ time: this.clock.now(), intervalCap });
		admit();
	}

	private remove(owner: symbol, waiting: Waiting): void {
		const rest = (this.queues.get(owner) ?? []).filter((other) => other !== waiting);
		if (rest.length > 0) this.queues.set(owner, rest);
		else this.queues.delete(owner);
	}

	/** The highest that somebody has named lately. */
	private intervalCap(): number {
		const now = this.clock.now();
		const first = this.starts.findIndex(({ time }) => time > now - this.interval);
		this.starts.splice(0, first === -1 ? this.starts.length : first);
		const waiting = [...this.queues.values()].map(([next]) => next!);
		return Math.max(...[...waiting, ...this.starts].map((each) => each.intervalCap));
	}

	/** Milliseconds until the interval has room for the next request. */
	private delay(cap: number): number {
		const now = this.clock.now();
		const limiting = this.starts[this.starts.length - cap];
		return limiting === undefined ? 0 : limiting.time + this.interval - now;
	}

	private refusal(): ApiError {
		const { kind, code, reason } = this.lastRefusal!;
		const retryAfter = this.closedUntil - this.clock.now();
		return new ApiError(kind, code, reason, { retryAfter, isHeldBack: true });
	}
}

/** Far more connections at once than a server expects are refused or cut, which would leave tasks open. */
const MOST_STARTS_AT_ONCE = 50;

function startsAtOnce(rate: number): number {
	return Math.min(MOST_STARTS_AT_ONCE, Math.max(4, Math.ceil(rate / 4)));
}

const accounts = new Map<string, AccountLimiters>();

/** The limiters that all users of one account share in this process. */
export function limitersOf(account: string): AccountLimiters {
	let limiters = accounts.get(account);
	if (!limiters) {
		limiters = newLimiters();
		accounts.set(account, limiters);
	}
	return limiters;
}

export type AccountLimiters = ReturnType<typeof newLimiters>;

/** Checks within the interval of their limiter. */
export const CHECKS_AT_ONCE = { poll: 1, verify: 1, callbacks: 10 };

export function newLimiters(clock?: Clock) {
	return {
		/** New tasks. Only some start at once, so that one refusal does not meet the whole batch. */
		start: new RateLimiter(START_INTERVAL_MS, startsAtOnce, clock),
		/** New tasks that must leave enough credits: one after another, so that each knows what is left. */
		startWithCredits: new RateLimiter(0, () => 1, clock),
		/**
		 * Checks of an execution that stays awake, one each tenth of a second: a budget of our own, so that
		 * 200 waiting tasks are not 200 times the traffic.
		 */
		poll: new RateLimiter(100, undefined, clock),
		/** Checks at the wake of an execution that sleeps most of the time. */
		verify: new RateLimiter(20, undefined, clock),
		/**
		 * Checks of what a callback says: of their own, as anybody who knows the URL can cause them. 50 in a
		 * second, some of them together: on a busy machine a timer for each would ring late each time.
		 */
		callbacks: new RateLimiter(200, undefined, clock),
		/** Files: a few at once, whoever asks for them. */
		uploads: new RateLimiter(0, () => FILES_AT_ONCE, clock),
		downloads: new RateLimiter(0, () => FILES_AT_ONCE, clock),
	};
}
