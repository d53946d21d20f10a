/**
 * A line of requests that one account may send only so fast. Executions take turns in it, however many
 * requests each of them has, so that a small one never waits for a large one to be through.
 */
import { backoff } from '../task/schedule';
import { ApiFailure } from './failure';
import { pause } from './pause';

interface Place {
	/** Whose turn it is: one for each run of a node. */
	owner: symbol;
	/** Requests that may start within the window: the highest that somebody has named lately counts. */
	limit: number;
	signal?: AbortSignal;
}

interface Ticket {
	limit: number;
	admit: () => void;
	turnAway: (reason: Error) => void;
}

export class Line {
	/** Whose turn it is first. */
	private readonly queues = new Map<symbol, Ticket[]>();

	/** The requests of the window, the oldest first; times are epoch milliseconds. */
	private readonly starts: Array<{ time: number; limit: number }> = [];

	private underway = 0;

	/** When to look after the line again, if a time has been set. */
	private alarm = 0;

	private closedUntil = 0;

	/** The refusals in a row, without anything accepted in between. */
	private refusals = 0;

	private lastRefusal: ApiFailure | null = null;

	/**
	 * @param window milliseconds over which starts are counted
	 * @param atOnce how many may be on their way, so that not all of a batch meet the same refusal
	 */
	constructor(
		private readonly window: number,
		private readonly atOnce = Infinity,
	) {}

	/**
	 * Sends a request when its turn comes. While the line is closed after a refusal, throws that refusal
	 * instead, with the time until it opens. Throws the signal's reason as soon as that aborts.
	 */
	async send<T>(place: Place, request: () => Promise<T>): Promise<T> {
		await this.turn(place);
		try {
			return await request();
		} finally {
			this.underway--;
			this.move();
		}
	}

	/** The API refused a request: all that wait are turned away, and nobody starts another for a while. */
	refused(failure: ApiFailure): void {
		const now = Date.now();
		// Requests that were already on their way when the first was refused tell nothing new.
		if (now < this.closedUntil) return;
		this.refusals++;
		this.lastRefusal = failure;
		this.closedUntil = now + (failure.retryAfter ?? backoff(this.refusals));
		for (const queue of this.queues.values()) {
			for (const ticket of queue) ticket.turnAway(this.refusal());
		}
		this.queues.clear();
	}

	accepted(): void {
		this.refusals = 0;
	}

	private async turn({ owner, limit, signal }: Place): Promise<void> {
		signal?.throwIfAborted();
		if (Date.now() < this.closedUntil) throw this.refusal();
		let leave: (() => void) | undefined;
		try {
			await new Promise<void>((admit, turnAway) => {
				const ticket = { limit, admit, turnAway };
				const queue = this.queues.get(owner);
				if (queue) queue.push(ticket);
				else this.queues.set(owner, [ticket]);
				leave = () => {
					this.remove(owner, ticket);
					turnAway(signal?.reason as Error);
				};
				signal?.addEventListener('abort', leave, { once: true });
				this.move();
			});
		} finally {
			if (leave) signal?.removeEventListener('abort', leave);
		}
	}

	/** Lets through all that may go, and comes again when the next may. */
	private move(): void {
		while (this.queues.size > 0 && this.underway < this.atOnce) {
			const delay = this.delay();
			if (delay > 0) return this.moveIn(delay);
			this.admitNext();
		}
	}

	private moveIn(delay: number): void {
		const now = Date.now();
		if (now < this.alarm && this.alarm <= now + delay) return;
		this.alarm = now + delay;
		void pause(delay).then(() => {
			// A timer may ring a moment early, and has to be set again then.
			this.alarm = 0;
			this.move();
		});
	}

	/** The owner that comes first gives one request, and goes to the end. */
	private admitNext(): void {
		const [owner, [ticket, ...rest]] = this.queues.entries().next().value as [symbol, Ticket[]];
		this.queues.delete(owner);
		if (rest.length > 0) this.queues.set(owner, rest);
		this.underway++;
		this.starts.push({ time: Date.now(), limit: ticket!.limit });
		ticket!.admit();
	}

	private remove(owner: symbol, ticket: Ticket): void {
		const rest = (this.queues.get(owner) ?? []).filter((other) => other !== ticket);
		if (rest.length > 0) this.queues.set(owner, rest);
		else this.queues.delete(owner);
	}

	private delay(): number {
		const now = Date.now();
		while (this.starts.length > 0 && this.starts[0]!.time <= now - this.window) this.starts.shift();
		const waiting = [...this.queues.values()].map(([first]) => first!);
		const limit = Math.max(...[...waiting, ...this.starts].map((each) => each.limit));
		const limiting = this.starts[this.starts.length - limit];
		return limiting === undefined ? 0 : limiting.time + this.window - now;
	}

	private refusal(): ApiFailure {
		const { kind, code, reason } = this.lastRefusal!;
		return new ApiFailure(kind, code, reason, this.closedUntil - Date.now());
	}
}

export interface AccountLines {
	/** New tasks: the API counts them over 10 s; the rest allows for uneven travel times. */
	generate: Line;
	/**
	 * Checks of an execution that stays awake, one each tenth of a second: a budget of our own, so that
	 * 200 waiting tasks are not 200 times the traffic.
	 */
	read: Line;
	/** Checks that have a reason: a callback, or the wake of an execution that sleeps most of the time. */
	verify: Line;
}

const accounts = new Map<string, AccountLines>();

/** The lines that all users of one account share in this process. */
export function linesOf(account: string): AccountLines {
	let lines = accounts.get(account);
	if (!lines) {
		lines = { generate: new Line(10_500, 20), read: new Line(100), verify: new Line(20) };
		accounts.set(account, lines);
	}
	return lines;
}
