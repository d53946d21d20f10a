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
	/** Tasks in the order in which they were accepted, those that have not ended among them. */
	private tasks: Task[] = [];
	/** When those start that wait, and when all end that have not ended. */
	private starts = new Moments();
	private ends = new Moments();
	private slots = 0;

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
		return this.open() - this.starts.countAfter(Date.now());
	}

	open(): number {
		return this.ends.countAfter(Date.now());
	}

	/** Takes on a task, which starts at once. */
	start(task: Task): void {
		this.accepted.add(task.createdAt);
		this.enter(task);
	}

	/** Takes on a task, which starts as soon as it gets one of the slots. */
	queue(task: Task, slots: number): void {
		this.setSlots(slots);
		this.accepted.add(task.createdAt);
		this.enterWhenFree(task);
	}

	/** If there are more or fewer slots than before, those that wait get them anew. */
	setSlots(slots: number): void {
		if (slots === this.slots) return;
		this.slots = slots;
		this.assignSlots();
	}

	/** Gives the slots to the tasks that wait, in their order; those that run keep theirs. */
	assignSlots(): void {
		const now = Date.now();
		const open = this.tasks.filter(({ endsAt }) => endsAt > now);
		this.tasks = [];
		this.starts = new Moments();
		this.ends = new Moments();
		for (const task of open.filter(({ startsAt }) => startsAt <= now)) this.enter(task);
		for (const task of open.filter(({ startsAt }) => startsAt > now)) this.enterWhenFree(task);
	}

	private enterWhenFree(task: Task): void {
		const isFree = this.open() < this.slots;
		task.startsAt = isFree ? Date.now() : (this.ends.latest(this.slots) ?? Infinity);
		task.endsAt = task.startsAt + task.duration;
		this.enter(task);
	}

	private enter(task: Task): void {
		this.tasks.push(task);
		this.starts.add(task.startsAt);
		this.ends.add(task.endsAt);
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

	/** The nth from the end. */
	latest(n: number): number | undefined {
		return this.times[this.times.length - n];
	}

	/** How many are later than this. It must not go back: the others are gone. */
	countAfter(time: number): number {
		const first = this.times.findIndex((each) => each > time);
		this.times.splice(0, first === -1 ? this.times.length : first);
		return this.times.length;
	}
}
