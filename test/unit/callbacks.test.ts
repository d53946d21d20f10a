/** Which callback wakes a sleeping execution. Each test has an execution of its own. */
import { fellAsleep } from '../../nodes/Aleph/batch/events';
import { running, type Batch } from '../../nodes/Aleph/batch/state';
import { decideCallback, markAsleep, markAwake } from '../../nodes/Aleph/execution/callbacks';
import { batchOf } from '../support/batches';

let executions = 0;

interface About {
	waker?: string;
	pending?: number;
	/** Whether the process that gets the callbacks is the one that runs the execution. */
	isOwn?: boolean;
}

/** An execution that has fallen asleep, with running tasks, and perhaps more to start. */
function asleep(tasks: string[], { waker = tasks[0]!, pending = 0, isOwn = true }: About = {}) {
	const since = 1_000_000;
	const executionId = `callbacks ${++executions}`;
	const batch = batchOf(tasks.length + pending, {}, { executionId });
	tasks.forEach((taskId, index) =>
		Object.assign(batch.items[index]!, running(taskId, 0), { calls: true }),
	);
	const sleep = { since, wakeAt: since + 60_000, waker };
	batch.sleep = sleep;
	if (isOwn) markAsleep(executionId, sleep);
	return {
		batch,
		call: (taskId: string, after = 1_000) => decideCallback(batch, taskId, since + after),
		awake: (after = 60_000) => markAwake(executionId, batch.sleep!, since + after),
		sleepAgain: (later: number) => {
			const again: Batch = { ...batch, sleep: { ...sleep, since: later } };
			markAsleep(executionId, again.sleep!);
			return (taskId: string) => decideCallback(again, taskId, later + 1_000);
		},
	};
}

describe('a callback', () => {
	it('wakes the execution if all tasks have called', () => {
		const { call, batch } = asleep(['a', 'b', 'c'], { waker: 'b' });
		expect(call('a')).toBe('noted');
		expect(call('b')).toBe('noted');
		expect(call('c', 2_000)).toBe('wake');
		expect(batch.sleep!.callbacks!.sort()).toEqual(['a', 'b', 'c']);
		expect(batch.sleep!.wokenAt).toBe(1_002_000);
	});

	it('of one task alone wakes the execution that waits for nothing else', () => {
		expect(asleep(['a']).call('a')).toBe('wake');
	});

	it('wakes the execution if slots are wanted and a quarter of the tasks have called', () => {
		const { call } = asleep(['a', 'b', 'c', 'd', 'e'], { pending: 5 });
		expect(call('b', 4_000)).toBe('noted');
		expect(call('d', 4_000)).toBe('wake');
	});

	it('wakes it after 10 seconds, however few have called', () => {
		const { call } = asleep(['a', 'b', 'c', 'd', 'e'], { pending: 5 });
		expect(call('b', 9_000)).toBe('noted');
		expect(call('b', 10_000)).toBe('wake');
	});

	it('that would wake it before 3 seconds has to come again', () => {
		const { call } = asleep(['a', 'b', 'c'], { pending: 5 });
		expect(call('b', 1_000)).toBe('again');
		expect(call('b', 3_000)).toBe('wake');
	});

	it('wakes at once if all have called, also before 3 seconds', () => {
		const { call } = asleep(['a', 'b'], { waker: 'b', pending: 5, isOwn: false });
		expect(call('a', 100)).toBe('noted');
		expect(call('b', 200)).toBe('wake');
	});

	it('does not wait for tasks that are known to have ended', () => {
		const { call, batch } = asleep(['a', 'b']);
		const failure = { kind: 'local', code: null, reason: '' } as const;
		batch.items[1] = { ...batch.items[1]!, state: 'failed', failure };
		expect(call('a')).toBe('wake');
	});

	it('wakes the execution once for each sleep; others are noted until it is awake, and come again then', () => {
		const { call, awake } = asleep(['a', 'b', 'c'], { waker: 'a', pending: 5 });
		expect(call('a', 3_000)).toBe('wake');
		expect(call('b', 3_000)).toBe('noted');
		expect([...awake().taskIds].sort()).toEqual(['a', 'b']);
		expect(call('c', 3_000)).toBe('again');
	});

	it('that comes twice is noted once', () => {
		const { call, awake } = asleep(['a', 'b']);
		call('a');
		call('a');
		expect([...awake().taskIds]).toEqual(['a']);
	});

	it('has to come again while the execution is awake', () => {
		const { call, awake } = asleep(['a', 'b']);
		awake();
		expect(call('a')).toBe('again');
	});

	it('for an earlier sleep has to come again, even if it could have woken that one', () => {
		const { call, awake, sleepAgain } = asleep(['a']);
		awake();
		const callAgain = sleepAgain(1_100_000);
		expect(call('a', 101_000)).toBe('again');
		expect(callAgain('a')).toBe('wake');
	});
});

describe('a callback for an execution of another process', () => {
	it('wakes nothing if the waker has not called here', () => {
		const { call } = asleep(['a', 'b', 'c'], { waker: 'c', pending: 5, isOwn: false });
		expect(call('a', 50_000)).toBe('noted');
		expect(call('b', 51_000)).toBe('noted');
	});

	it('wakes it if it is the waker’s, although others have not called here', () => {
		const { call } = asleep(['a', 'b', 'c'], { waker: 'c', isOwn: false });
		expect(call('a')).toBe('noted');
		expect(call('c')).toBe('wake');
	});

	it('comes again before 3 seconds if slots are wanted', () => {
		const { call } = asleep(['a', 'b', 'c'], { waker: 'a', pending: 5, isOwn: false });
		expect(call('a', 1_000)).toBe('again');
		expect(call('b', 2_000)).toBe('noted');
		expect(call('a', 3_000)).toBe('wake');
	});
});

describe('an execution that wakes', () => {
	it('is told which tasks have called', () => {
		const { call, awake } = asleep(['a', 'b', 'c'], { waker: 'c' });
		call('a');
		call('b');
		expect(awake()).toEqual({ taskIds: new Set(['a', 'b']), areHere: true });
	});

	it('is told so in another process as well, by what was stored', () => {
		const { batch } = asleep(['a', 'b']);
		const stored = { ...batch.sleep!, callbacks: ['a'] };
		expect(markAwake('in another process', stored, stored.since)).toEqual({
			taskIds: new Set(['a']),
			areHere: false,
		});
	});

	it('is told that there may be more, if one of them came to another process', () => {
		const { batch, call } = asleep(['a', 'b', 'c'], { waker: 'c' });
		call('a');
		const stored = { ...batch.sleep!, callbacks: ['b'] };
		expect(markAwake(batch.executionId, stored, stored.since + 60_000)).toEqual({
			taskIds: new Set(['a', 'b']),
			areHere: false,
		});
	});

	it('is told nothing of an earlier sleep', () => {
		const { call, awake, sleepAgain, batch } = asleep(['a', 'b']);
		call('a');
		awake();
		sleepAgain(1_100_000);
		const now = { ...batch.sleep!, since: 1_100_000 };
		const nothing = { taskIds: new Set(), areHere: false };
		expect(markAwake(batch.executionId, now, 1_160_000)).toEqual(nothing);
	});
});

it('what a process knows of an execution is forgotten after a while', () => {
	const { call, awake } = asleep(['a', 'b']);
	call('a');
	expect(awake(11 * 60_000).taskIds).toEqual(new Set());
});

describe('the task whose callback wakes an execution', () => {
	function waker(tasks: number, pending: number) {
		const batch = batchOf(tasks + pending);
		batch.items.slice(0, tasks).forEach((item, index) => {
			Object.assign(item, running(`task ${index}`, index), { calls: true });
		});
		fellAsleep(batch, 60_000, 1_000);
		return batch.sleep!.waker;
	}

	it('is one that about a quarter of the others are likely to end before, if slots are wanted', () => {
		expect(waker(8, 1)).toBe('task 2');
	});

	it('is the youngest if there is nothing more to start', () => {
		expect(waker(8, 0)).toBe('task 7');
	});

	it('is none if no task runs, or none that calls', () => {
		expect(waker(0, 2)).toBeNull();
		const batch = batchOf(1);
		Object.assign(batch.items[0]!, running('a', 0));
		fellAsleep(batch, 60_000, 1_000);
		expect(batch.sleep!.waker).toBeNull();
	});
});
