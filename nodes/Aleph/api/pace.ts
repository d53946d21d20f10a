/**
 * Pacing: how many requests of one account may start in a stretch of time, and how long to hold
 * back after a refusal. The state lives in the module, so that all executions of one n8n process
 * share it.
 */
import { backoff } from '../task/schedule';
import type { ApiFailure } from './failure';
import { pause } from './pause';

interface Place {
	/** Requests that may start within the window. */
	limit: number;
	signal?: AbortSignal;
	/** Milliseconds of nothing but refusals, since this place was taken, after which to give up. */
	patience?: number;
	/** When the place in the line was first taken (epoch milliseconds). */
	since?: number;
	/** Whether the request is still to be sent when its turn comes. */
	wanted?: () => boolean;
}

/** First come, first served. */
export class Pace {
	private readonly starts: number[] = [];

	private lastInLine: Promise<unknown> = Promise.resolve();

	private pausedUntil = 0;

	/** The refusals in a row, without anything accepted in between. */
	private refusals: { count: number; since: number; last: ApiFailure } | null = null;

	/** @param window milliseconds over which starts are counted */
	constructor(private readonly window: number) {}

	/**
	 * Resolves when one more request may start; with false, and using up no turn, where it is no longer
	 * wanted. Rejects with the last refusal when giving up.
	 */
	async turn(place: Place): Promise<boolean> {
		const turn = this.lastInLine.then(async () => await this.wait(place));
		this.lastInLine = turn.catch(() => {});
		return await turn;
	}

	/** The API refused a request: nobody starts another for a while. */
	refused(failure: ApiFailure): void {
		const now = Date.now();
		// Requests that were already on their way when the first was refused tell nothing new.
		if (now < this.pausedUntil) return;
		const { count, since } = this.refusals ?? { count: 0, since: now };
		this.refusals = { count: count + 1, since, last: failure };
		this.pausedUntil = now + (failure.retryAfter ?? backoff(count + 1));
	}

	accepted(): void {
		this.refusals = null;
	}

	private async wait(place: Place): Promise<boolean> {
		const { limit, signal, wanted = () => true } = place;
		for (;;) {
			signal?.throwIfAborted();
			if (!wanted()) return false;
			this.giveUp(place);
			const delay = this.delay(limit);
			if (delay <= 0) break;
			await pause(delay, signal);
		}
		this.starts.push(Date.now());
		return true;
	}

	private giveUp({ patience = Infinity, since = 0 }: Place): void {
		if (!this.refusals) return;
		const refusedFor =
			Math.max(Date.now(), this.pausedUntil) - Math.max(this.refusals.since, since);
		if (refusedFor >= patience) throw this.refusals.last;
	}

	private delay(limit: number): number {
		const now = Date.now();
		while (this.starts.length > 0 && this.starts[0]! <= now - this.window) this.starts.shift();
		const limiting = this.starts[this.starts.length - limit];
		const untilFree = limiting === undefined ? 0 : limiting + this.window - now;
		return Math.max(untilFree, this.pausedUntil - now);
	}
}

export interface AccountPace {
	/** New tasks: the API counts them over 10 s; the rest allows for uneven travel times. */
	generate: Pace;
	/**
	 * Reading: one request each tenth of a second. A budget of our own, so that 200 waiting tasks are
	 * not 200 times the traffic.
	 */
	read: Pace;
	/** Verifying callbacks: there is one answer for each, and the provider waits for ours. */
	verify: Pace;
}

const accounts = new Map<string, AccountPace>();

/** The pacing that all users of one account share. */
export function accountPace(account: string): AccountPace {
	let pace = accounts.get(account);
	if (!pace) {
		pace = { generate: new Pace(10_500), read: new Pace(100), verify: new Pace(20) };
		accounts.set(account, pace);
	}
	return pace;
}
