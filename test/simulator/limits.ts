/** The limits of a key: new tasks in 10 seconds and in a day, and tasks that run at once. */
import type { Task } from './tasks';

const WINDOW_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;

export class Limits {
	private readonly keys = new Map<string, KeyLimits>();

	of(key: string): KeyLimits {
		const limits = this.keys.get(key) ?? new KeyLimits();
		this.keys.set(key, limits);
		return limits;
	}

	/** Tasks of all keys that run now. */
	running(): number {
		return this.sum((key) => key.running());
	}

	/** Tasks of all keys that have not ended: those that run and those that wait for a slot. */
	open(): number {
		return this.sum((key) => key.open());
	}

	private sum(count: (key: KeyLimits) => number): number {
		return [...this.keys.values()].reduce((sum, key) => sum + count(key), 0);
	}
}

class KeyLimits {
	/** When the last requests for a task were let through. */
	private readonly admitted = new Moments();
	/** When the last tasks were accepted. */
	private readonly accepted = new Moments();
	/** Tasks that have not ended, in the order in which they were accepted. */
	private tasks: Task[] = [];

	/** Lets a request through, or not if the last 10 seconds have had their share. */
	admit(rateLimit: number): boolean {
		const now = Date.now();
		const fits = this.admitted.countAfter(now - WINDOW_MS) < rateLimit;
		if (fits) this.admitted.add(now);
		return fits;
	}

	/** Tasks that were accepted in the last 24 hours. */
	today(): number {
		return this.accepted.countAfter(Date.now() - DAY_MS);
	}

	running(): number {
		const now = Date.now();
		return this.unended().filter(({ startsAt }) => startsAt <= now).length;
	}

	open(): number {
		return this.unended().length;
	}

	add(task: Task): void {
		this.accepted.add(task.createdAt);
		this.tasks.push(task);
	}

	/** Gives the slots to the tasks that wait for one, in their order; those that run keep theirs. */
	assignSlots(slots: number): void {
		const now = Date.now();
		const tasks = this.unended();
		const waiting = tasks.filter(({ startsAt }) => startsAt > now);
		if (waiting.length === 0) return;
		const taken = tasks.filter(({ startsAt }) => startsAt <= now).map(({ endsAt }) => endsAt);
		let free = now;
		for (const task of waiting) {
			taken.sort((one, other) => one - other);
			while (taken.length > 0 && taken.length >= slots) free = taken.shift() ?? free;
			task.startsAt = slots > 0 ? free : Infinity;
			task.endsAt = task.startsAt + task.duration;
			taken.push(task.endsAt);
		}
	}

	private unended(): Task[] {
		const now = Date.now();
		this.tasks = this.tasks.filter(({ endsAt }) => endsAt > now);
		return this.tasks;
	}
}

/** Moments in their order. Each question forgets those that are past, so that it stays cheap. */
export class Moments {
	private readonly times: number[] = [];

	/** @param time epoch milliseconds; later than most, so that its place is found from the end */
	add(time: number): void {
		let place = this.times.length;
		while (place > 0 && (this.times[place - 1] ?? 0) > time) place--;
		this.times.splice(place, 0, time);
	}

	/** How many are later than this. It must not go back: the others are gone. */
	countAfter(time: number): number {
		const first = this.times.findIndex((each) => each > time);
		this.times.splice(0, first === -1 ? this.times.length : first);
		return this.times.length;
	}
}
