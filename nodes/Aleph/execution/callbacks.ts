/**
 * Which callback wakes a sleeping execution. n8n would let several of them resume it: one wins, the
 * others fail, and one that is slow may win later, when the execution has slept again, with what it
 * knew before. So one callback alone is allowed to, once for each sleep.
 *
 * A process that runs executions and gets their callbacks as well is the only one (n8n's regular mode). It
 * wakes the execution when enough tasks have called, or some time has passed. In queue mode callbacks may
 * reach several other processes. Only the one that gets the callback of the `waker`, a task that the sleep
 * names, may wake it, so the processes needn't communicate. What is kept here is lost with the process;
 * then the execution wakes by itself.
 */
import { wokenBy, type Callbacks } from '../batch/events';
import { isCalling, isPending, type Batch, type Sleep } from '../batch/state';

interface Remembered {
	/** Tells sleeps of one execution apart, also those of several nodes. */
	since: number;
	/** Whether this process has put the execution to sleep. */
	isOwn: boolean;
	/** Tasks for which there was a callback. */
	tasks: Set<string>;
	/** `woken`: a callback has been allowed to wake it. `awake`: it has taken what was noted. */
	phase: 'asleep' | 'woken' | 'awake';
	forgetAt: number;
}

const executions = new Map<string, Remembered>();

/** Waking more often, while there is more to start, costs n8n more than it gains. */
const EARLIEST_WAKE_MS = 3_000;

/** After that, slots that are free are worth a wake, however few they are. */
const LONG_SLEEP_MS = 10_000;

const MEMORY_MS = 10 * 60_000;

/** What to do about a callback: wake the execution, just note it, or have the provider call again. */
type Verdict = 'wake' | 'noted' | 'again';

/** Decides about the callback of a running task. If it is to wake the execution, that is noted in the batch. */
export function decideCallback(batch: Batch, taskId: string, now: number): Verdict {
	const sleep = batch.sleep!;
	const known = recall(batch.executionId, sleep.since, now);
	if (known.since > sleep.since || known.phase === 'awake') return 'again';
	const { tasks } = known;
	const unended = batch.items.filter(isCalling);
	const haveAllEnded = unended.every((item) => item.taskId === taskId || tasks.has(item.taskId));
	const wantsSlots = batch.items.some(isPending);
	const areEnough = tasks.size + 1 >= unended.length / 4 || now >= sleep.since + LONG_SLEEP_MS;
	const isAllowed = known.isOwn
		? haveAllEnded || (wantsSlots && areEnough)
		: sleep.waker !== null && (sleep.waker === taskId || tasks.has(sleep.waker));
	const isEarly = now < sleep.since + EARLIEST_WAKE_MS;
	// Perhaps no other comes later: so this one has to come again.
	if (isAllowed && isEarly && wantsSlots && !haveAllEnded) return 'again';
	tasks.add(taskId);
	if (known.phase === 'woken' || !isAllowed) return 'noted';
	known.phase = 'woken';
	wokenBy(sleep, tasks, now);
	return 'wake';
}

/** The execution is about to sleep: callbacks for an earlier sleep come too late. */
export function markAsleep(executionId: string, { since }: Sleep): void {
	recall(executionId, since, since).isOwn = true;
}

/** The execution is awake. Gives the callbacks that there were meanwhile. */
export function markAwake(executionId: string, sleep: Sleep, now: number): Callbacks {
	const { callbacks = [] } = sleep;
	const known = recall(executionId, sleep.since, now);
	known.phase = 'awake';
	return {
		taskIds: new Set([...known.tasks, ...callbacks]),
		areHere: known.tasks.size > 0 && callbacks.every((taskId) => known.tasks.has(taskId)),
	};
}

function recall(executionId: string, since: number, now: number): Remembered {
	for (const [id, { forgetAt }] of executions) if (forgetAt < now) executions.delete(id);
	let known = executions.get(executionId);
	if (!known || known.since < since) {
		known = { since, isOwn: false, tasks: new Set(), phase: 'asleep', forgetAt: 0 };
	}
	executions.set(executionId, known);
	known.forgetAt = now + MEMORY_MS;
	return known;
}
