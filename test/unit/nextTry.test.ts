/** What a node that runs again for the same items keeps, and what it pays for again. */
import {
	nextTry,
	running,
	VERSION,
	type Batch,
	type Failure,
	type Item,
} from '../../nodes/Aleph/batch/state';
import { acceptedTask, type TaskStatus } from '../../nodes/Aleph/task/task';
import { batchOf, planFor, states, World } from './batchWorld';

const NOW = 1_000_000;
const failure: Failure = { kind: 'server', code: 500, reason: 'internal error' };
const toStart = (): Item => ({ at: 'toStart' });

const ended = (status: TaskStatus): Item => ({
	at: 'ended',
	taskId: 'a',
	record: { task: { ...acceptedTask('a'), status } },
	files: { binary: { video: {} } },
});

function batchWith(item: Item): Batch {
	const items: Item[] = [{ ...item, request: 'same' }];
	return { version: VERSION, runIndex: 0, executionId: 'first', tries: 1, items, starts: [NOW] };
}

/** What becomes of an item when the node runs again, in the same execution or in another. */
function afterwards(
	item: Item,
	{
		executionId = 'first',
		request = 'same',
	}: { executionId?: string; request?: string | null } = {},
) {
	return nextTry(
		batchWith(item),
		[request === null ? null : [request]],
		executionId,
		3,
		NOW,
		toStart,
	).items[0];
}

const pickedUp = { request: 'same', ...running('a', NOW) };

describe('another try', () => {
	it.each<[string, Item]>([
		['runs', { at: 'running', taskId: 'a', since: 1, checkAt: 2, failures: 3 }],
		['has timed out', { at: 'timedOut', taskId: 'a' }],
		['the API would not tell about', { at: 'failed', taskId: 'a', failure }],
	])('picks up a task that %s, with a time-out of its own', (_, item) => {
		expect(afterwards(item)).toEqual(pickedUp);
		expect(afterwards(item, { executionId: 'retry' })).toEqual(pickedUp);
	});

	it('keeps a finished video, and fetches its files again', () => {
		const kept = afterwards(ended('success'), { executionId: 'retry' });
		expect(kept).toMatchObject({ at: 'ended', taskId: 'a' });
		expect(kept).toMatchObject({ files: undefined });
	});

	it.each<[string, Item]>([
		['failed', ended('failed')],
		['was refused', { at: 'failed', failure }],
		['was not started', { at: 'toStart' }],
	])('starts anew what %s', (_, item) => {
		expect(afterwards(item)).toEqual({ at: 'toStart', request: 'same' });
	});

	it('repeats a request that may have been accepted only where the user asks for it', () => {
		const item: Item = { at: 'unconfirmed', failure };
		expect(afterwards(item)).toEqual({ ...item, request: 'same' });
		expect(afterwards(item, { executionId: 'retry' })).toEqual({ at: 'toStart', request: 'same' });
	});

	it('does not repeat it after a crash, of which nobody has been told', () => {
		const item: Item = { request: 'same', at: 'unconfirmed', failure };
		const sleep = { since: NOW, until: NOW, waker: null };
		const killed: Batch = { ...batchWith(item), sleep };
		expect(nextTry(killed, [['same']], 'retry', 1, NOW, toStart).items).toEqual([item]);
	});

	it('starts anew what asks for something else by now', () => {
		expect(afterwards(ended('success'), { request: 'other' })).toEqual({
			at: 'toStart',
			request: 'other',
		});
	});

	it('keeps the task of an item whose input is bad by now', () => {
		const item: Item = { at: 'timedOut', taskId: 'a' };
		expect(afterwards(item, { request: null })).toMatchObject(item);
	});

	it('has forgotten what stopped the one before', () => {
		const earlier = { ...batchWith(toStart()), halted: failure };
		const next = nextTry(earlier, [['same']], 'first', 3, NOW, toStart);
		expect(next).toEqual({
			version: VERSION,
			runIndex: 0,
			executionId: 'first',
			tries: 2,
			items: [{ at: 'toStart', request: 'same' }],
			starts: [],
		});
	});
});

describe('an item as an earlier version wrote it', () => {
	it('asks for the same', () => {
		const batch = batchWith({ at: 'running', taskId: 'a', since: 1, checkAt: 2 });
		const next = nextTry(batch, [['today', 'same']], 'retry', 3, NOW, toStart);
		expect(next.items).toEqual([{ request: 'today', ...running('a', NOW) }]);
	});
});

describe('Retry On Fail', () => {
	it('does not hold a tool back that is called for something else', () => {
		const exhausted = { ...batchWith(ended('failed')), tries: 3 };
		const next = nextTry(exhausted, [['other']], 'first', 3, NOW, toStart);
		expect(next.items).toEqual([{ at: 'toStart', request: 'other' }]);
	});

	it('comes to an end, however often n8n begins to count anew', () => {
		const world = new World({ fate: () => ({ duration: 1_000, fails: true }) });
		const requests = [['request 0']];
		let batch = world.run(batchOf(1), planFor(1));
		for (let n = 0; n < 10; n++) {
			const stored = JSON.parse(JSON.stringify(batch)) as Batch;
			batch = nextTry(stored, requests, 'first', 3, world.now, toStart);
			batch = world.run(batch, planFor(1));
		}
		expect(states(batch)).toEqual(['failed']);
		expect(world.paid()).toEqual([0, 0, 0]);
	});

	it('counts anew for "Retry execution"', () => {
		const exhausted = { ...batchWith(ended('failed')), tries: 3 };
		expect(nextTry(exhausted, [['same']], 'first', 3, NOW, toStart).items[0]?.at).toBe('ended');
		const retried = nextTry(exhausted, [['same']], 'retry', 3, NOW, toStart);
		expect(retried).toMatchObject({ tries: 1, executionId: 'retry' });
		expect(retried.items[0]?.at).toBe('toStart');
	});

	it('pays only for what failed', () => {
		const world = new World({ fate: (index) => ({ duration: 1_000, fails: index === 1 }) });
		const requests = [0, 1, 2].map((index) => [`request ${index}`]);
		const first = world.run(batchOf(3), planFor(3));
		const second = nextTry(first, requests, 'first', 2, world.now, toStart);
		world.run(second, planFor(3));
		expect(world.paid()).toEqual([0, 1, 1, 2]);
	});
});
