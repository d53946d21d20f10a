/**
 * Which callback wakes a sleeping execution. n8n would let several of them resume it: one wins, the
 * others fail, and one that is slow may win later, when the execution has slept again, with what it
 * knew before. So one callback alone is allowed to, once for each sleep.
 *
 * Callbacks of one execution may reach several n8n processes. Only the one that is called for the `waker`, a
 * task that the sleep names, may wake it, which needs no word between them. What is kept here is lost
 * with the process; then the execution wakes by itself.
 */
import { isRunning, type Batch, type Sleep } from './state';

interface Known {
	/** Tells sleeps of one execution apart, also those of several nodes. */
	since: number;
	called: Set<string>;
	/** Whether a callback has been allowed to wake the execution. */
	over: boolean;
	/** Whether it has woken, and taken what was noted. */
	awake: boolean;
	forgetAt: number;
}

const executions = new Map<string, Known>();

/** More often than this would do n8n no good, where there is more to start. */
const SHORTEST_SLEEP_MS = 3_000;

const MEMORY_MS = 10 * 60_000;

/** When the sleeps of version 0.1.0 began, which did not note it. */
export const BEFORE_ALL = 0;

/** What to do about a callback: wake the execution, just note it, or have the provider call again. */
export type Verdict = 'wake' | 'noted' | 'again';

export function arrived(executionId: string, batch: Batch, taskId: string, now: number): Verdict {
	const sleep = batch.sleep!;
	const known = recall(executionId, sleep.since, now);
	if (known.since > sleep.since || known.awake) return 'again';
	const allCalled = batch.items
		.filter(isRunning)
		.every((item) => item.taskId === taskId || known.called.has(item.taskId));
	const wantsPlaces = batch.items.some(({ at }) => at === 'toStart');
	const isEarly = now < sleep.since + SHORTEST_SLEEP_MS;
	// No other may come later: so this one has to come again.
	if (taskId === sleep.waker && wantsPlaces && isEarly && !allCalled) return 'again';
	known.called.add(taskId);
	if (known.over) return 'noted';
	const isAllowed = sleep.waker !== null && known.called.has(sleep.waker);
	if (!isAllowed || (!allCalled && !wantsPlaces)) return 'noted';
	known.over = true;
	sleep.called = [...known.called];
	return 'wake';
}

/**
 * Whether this is the first callback for an execution that fell asleep under version 0.1.0. It wakes it,
 * whichever task it is for: others may have been called for before the update.
 */
export function arrivedFirst(executionId: string, now: number): boolean {
	const known = recall(executionId, BEFORE_ALL, now);
	if (known.since > BEFORE_ALL || known.over) return false;
	known.over = true;
	return true;
}

/** The execution is about to sleep: callbacks for an earlier sleep come too late. */
export function fallsAsleep(executionId: string, { since }: Sleep): void {
	recall(executionId, since, since);
}

/** The execution is awake. Gives the tasks that this process was called for meanwhile. */
export function isAwake(executionId: string, sleep: Sleep, now: number): Set<string> {
	const known = recall(executionId, sleep.since, now);
	known.over = true;
	known.awake = true;
	return new Set([...known.called, ...(sleep.called ?? [])]);
}

/**
 * Whether this process has woken the execution from this sleep, or put it to another since. At its start
 * n8n marks as crashed what it has just woken: a retry would pay for its tasks a second time.
 */
export function goesOn(executionId: string, { since }: Sleep): boolean {
	const known = executions.get(executionId);
	if (!known) return false;
	return known.since > since || (known.since === since && known.over);
}

function recall(executionId: string, since: number, now: number): Known {
	for (const [id, { forgetAt }] of executions) if (forgetAt < now) executions.delete(id);
	let known = executions.get(executionId);
	if (!known || known.since < since) {
		known = { since, called: new Set(), over: false, awake: false, forgetAt: 0 };
	}
	executions.set(executionId, known);
	known.forgetAt = now + MEMORY_MS;
	return known;
}
