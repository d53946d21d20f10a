/** Which callback wakes a sleeping execution. Each test has an execution of its own. */
import {
	arrived,
	arrivedFirst,
	fallsAsleep,
	goesOn,
	isAwake,
} from '../../nodes/Aleph/batch/callers';
import { VERSION, type Batch, type Item } from '../../nodes/Aleph/batch/state';

let executions = 0;

const running = (taskId: string): Item => ({ at: 'running', taskId, since: 0, checkAt: 0 });

/** An execution that fell asleep at `since`, with running tasks, and perhaps more to start. */
function asleep(tasks: string[], { waker = tasks[0]!, since = 1_000_000, toStart = 0 } = {}) {
	const executionId = `callers ${++executions}`;
	const items: Item[] = [
		...tasks.map(running),
		...Array.from({ length: toStart }, (): Item => ({ at: 'toStart' })),
	];
	const batch: Batch = {
		version: VERSION,
		runIndex: 0,
		executionId,
		tries: 1,
		items,
		starts: [],
		sleep: { since, until: since + 60_000, waker },
	};
	fallsAsleep(executionId, batch.sleep!);
	return {
		batch,
		call: (taskId: string, after = 1_000) => arrived(executionId, batch, taskId, since + after),
		awake: (after = 60_000) => isAwake(executionId, batch.sleep!, since + after),
		sleepAgain: (later: number) => {
			const again = { ...batch, sleep: { ...batch.sleep!, since: later } };
			fallsAsleep(executionId, again.sleep);
			return (taskId: string) => arrived(executionId, again, taskId, later + 1_000);
		},
	};
}

describe('a callback', () => {
	it('wakes the execution where all tasks have called', () => {
		const { call, batch } = asleep(['a', 'b', 'c'], { waker: 'b' });
		expect(call('a')).toBe('noted');
		expect(call('b')).toBe('noted');
		expect(call('c')).toBe('wake');
		expect(batch.sleep!.called!.sort()).toEqual(['a', 'b', 'c']);
	});

	it('of one task alone wakes the execution that waits for nothing else', () => {
		expect(asleep(['a']).call('a')).toBe('wake');
	});

	it('wakes nothing in a process where the waker has not called', () => {
		const { call } = asleep(['a', 'b', 'c'], { waker: 'c', toStart: 5 });
		expect(call('a', 50_000)).toBe('noted');
		expect(call('b', 51_000)).toBe('noted');
	});

	it('of the waker wakes the execution where places are wanted, and comes again before 3 seconds', () => {
		const { call } = asleep(['a', 'b', 'c'], { waker: 'a', toStart: 5 });
		expect(call('a', 1_000)).toBe('again');
		expect(call('b', 2_000)).toBe('noted');
		expect(call('a', 3_000)).toBe('wake');
	});

	it('wakes at once where all have called, also before 3 seconds', () => {
		const { call } = asleep(['a', 'b'], { waker: 'b', toStart: 5 });
		expect(call('a', 100)).toBe('noted');
		expect(call('b', 200)).toBe('wake');
	});

	it('does not wait for tasks that are known to have ended', () => {
		const { call, batch } = asleep(['a', 'b']);
		batch.items[1] = { at: 'failed', failure: { kind: 'local', code: null, reason: '' } };
		expect(call('a')).toBe('wake');
	});

	it('wakes the execution once for each sleep; others are noted until it is awake, and come again then', () => {
		const { call, awake } = asleep(['a', 'b', 'c'], { waker: 'a', toStart: 5 });
		expect(call('a', 3_000)).toBe('wake');
		expect(call('b', 3_000)).toBe('noted');
		expect([...awake()].sort()).toEqual(['a', 'b']);
		expect(call('c', 3_000)).toBe('again');
	});

	it('that comes twice is noted once', () => {
		const { call, awake } = asleep(['a', 'b']);
		call('a');
		call('a');
		expect([...awake()]).toEqual(['a']);
	});

	it('has to come again while the execution is awake', () => {
		const { call, awake } = asleep(['a', 'b']);
		awake();
		expect(call('a')).toBe('again');
	});

	it('for an earlier sleep has to come again, also where it could have woken that one', () => {
		const { call, awake, sleepAgain } = asleep(['a']);
		awake();
		const callAgain = sleepAgain(1_100_000);
		expect(call('a', 101_000)).toBe('again');
		expect(callAgain('a')).toBe('wake');
	});
});

describe('an execution that wakes', () => {
	it('is told which tasks have called', () => {
		const { call, awake } = asleep(['a', 'b', 'c'], { waker: 'c' });
		call('a');
		call('b');
		expect(awake()).toEqual(new Set(['a', 'b']));
	});

	it('is told so in another process as well, by what was stored', () => {
		const { batch } = asleep(['a', 'b']);
		const stored = { ...batch.sleep!, called: ['a'] };
		expect(isAwake('in another process', stored, stored.since)).toEqual(new Set(['a']));
	});

	it('is told nothing of an earlier sleep', () => {
		const { call, awake, sleepAgain, batch } = asleep(['a', 'b']);
		call('a');
		awake();
		sleepAgain(1_100_000);
		const now = { ...batch.sleep!, since: 1_100_000 };
		expect(isAwake(batch.executionId, now, 1_160_000)).toEqual(new Set());
	});
});

it('what a process knows of an execution is forgotten after a while', () => {
	const { call, awake } = asleep(['a', 'b']);
	call('a');
	expect(awake(11 * 60_000)).toEqual(new Set());
});

describe('the first callback for a sleep of version 0.1.0', () => {
	it('wakes it, and no other does, nor a late one when it sleeps again', () => {
		expect(arrivedFirst('earlier', 1_000_000)).toBe(true);
		expect(arrivedFirst('earlier', 1_000_001)).toBe(false);
		fallsAsleep('earlier', asleep(['a']).batch.sleep!);
		expect(arrivedFirst('earlier', 1_000_002)).toBe(false);
	});

	it('makes nobody forget what other executions were called for', () => {
		const { call } = asleep(['a', 'b']);
		expect(call('a')).toBe('noted');
		expect(arrivedFirst('another', 1_000_000)).toBe(true);
		expect(call('b')).toBe('wake');
	});
});

describe('an execution that n8n takes for crashed', () => {
	it('goes on where this process has woken it', () => {
		const { batch, awake, sleepAgain } = asleep(['a']);
		expect(goesOn(batch.executionId, batch.sleep!)).toBe(false);
		awake();
		expect(goesOn(batch.executionId, batch.sleep!)).toBe(true);
		sleepAgain(2_000_000);
		expect(goesOn(batch.executionId, batch.sleep!)).toBe(true);
	});

	it('is one where this process knows nothing of it', () => {
		expect(goesOn('of a killed process', { since: 1, until: 2, waker: null })).toBe(false);
	});
});
