/** What a node that runs again for the same items keeps, and what it pays for again. */
import {
	nextTry,
	running,
	VERSION,
	type Again,
	type Batch,
	type Failure,
	type Item,
	type Requests,
} from '../../nodes/Aleph/batch/state';
import { acceptedTask, type TaskStatus } from '../../nodes/Aleph/task/task';
import { batchOf, planFor, states, World } from '../support/batchWorld';

const NOW = 1_000_000;

const retryOnFail: Again = { executionId: 'first', isTool: false, maxTries: 3 };
const retry: Again = { executionId: 'retry', isTool: false, maxTries: 1 };
const tool: Again = { executionId: 'first', isTool: true, maxTries: 3 };
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

/** What becomes of an item when the node runs again. */
function afterwards(item: Item, again = retryOnFail, request: string | null = 'same') {
	const requests = [request === null ? null : [request]];
	return nextTry(batchWith(item), requests, again, NOW, toStart).items[0];
}

const pickedUp = { request: 'same', ...running('a', NOW) };

describe('another try', () => {
	it.each<[string, Item]>([
		['runs', { at: 'running', taskId: 'a', since: 1, checkAt: 2, failures: 3 }],
		['has timed out', { at: 'timedOut', taskId: 'a' }],
		['the API would not tell about', { at: 'failed', taskId: 'a', failure }],
	])('picks up a task that %s, with a time-out of its own', (_, item) => {
		expect(afterwards(item)).toEqual(pickedUp);
		expect(afterwards(item, retry)).toEqual(pickedUp);
	});

	it('keeps a finished video, and fetches its files again', () => {
		const kept = afterwards(ended('success'), retry);
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
		expect(afterwards(item, retry)).toEqual({ at: 'toStart', request: 'same' });
	});

	it('does not repeat it after a crash, of which nobody has been told', () => {
		const item: Item = { request: 'same', at: 'unconfirmed', failure };
		const sleep = { since: NOW, until: NOW, waker: null };
		const killed: Batch = { ...batchWith(item), sleep };
		expect(nextTry(killed, [['same']], retry, NOW, toStart).items).toEqual([item]);
	});

	it('asks again for a task that a tool has seen running', () => {
		const fresh = { request: 'same', ...running('a', NOW) };
		const batch = batchWith(ended('processing'));
		const next = nextTry(batch, [['same']], tool, NOW, () => running('a', NOW));
		expect(next.items).toEqual([fresh]);
	});

	it('starts anew what asks for something else by now', () => {
		const fresh = { at: 'toStart', request: 'other' };
		expect(afterwards(ended('success'), retry, 'other')).toEqual(fresh);
		expect(afterwards(ended('success'), tool, 'other')).toEqual(fresh);
	});

	it('keeps the task of an item whose input is bad by now', () => {
		const item: Item = { at: 'timedOut', taskId: 'a' };
		expect(afterwards(item, retryOnFail, null)).toMatchObject(item);
		expect(afterwards(item, retry, null)).toMatchObject(item);
	});

	it('has forgotten what stopped the one before', () => {
		const earlier = { ...batchWith(toStart()), halted: failure };
		const next = nextTry(earlier, [['same']], retryOnFail, NOW, toStart);
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
		const next = nextTry(batch, [['today', 'same']], retry, NOW, toStart);
		expect(next.items).toEqual([{ request: 'today', ...running('a', NOW) }]);
	});
});

describe('Retry On Fail', () => {
	it('does not hold a tool back that is called for something else', () => {
		const exhausted = { ...batchWith(ended('failed')), tries: 3 };
		const next = nextTry(exhausted, [['other']], tool, NOW, toStart);
		expect(next.items).toEqual([{ at: 'toStart', request: 'other' }]);
	});

	it('keeps a video and its files, although the request has another hash by now', () => {
		expect(afterwards(ended('success'), retryOnFail, 'other')).toEqual({
			...ended('success'),
			request: 'other',
		});
	});

	it.each<[string, Requests]>([
		['of good input', [['request 0']]],
		['with bad input', [['request 0'], null]],
		['whose requests differ each time', [['a time']]],
	])('comes to an end for items %s, however often n8n begins to count anew', (_, requests) => {
		const world = new World({ fate: () => ({ duration: 1_000, fails: true }) });
		let batch = world.run(batchOf(1), planFor(1));
		for (let n = 0; n < 10; n++) {
			const stored = JSON.parse(JSON.stringify(batch)) as Batch;
			batch = nextTry(stored, requests, retryOnFail, world.now, toStart);
			batch = world.run(batch, planFor(1));
		}
		expect(states(batch)[0]).toBe('failed');
		expect(world.paid()).toEqual([0, 0, 0]);
	});

	it('counts anew for "Retry execution"', () => {
		const exhausted = { ...batchWith(ended('failed')), tries: 3 };
		expect(nextTry(exhausted, [['same']], retryOnFail, NOW, toStart).items[0]?.at).toBe('ended');
		const retried = nextTry(exhausted, [['same']], retry, NOW, toStart);
		expect(retried).toMatchObject({ tries: 1, executionId: 'retry' });
		expect(retried.items[0]?.at).toBe('toStart');
	});

	it('pays only for what failed', () => {
		const world = new World({ fate: (index) => ({ duration: 1_000, fails: index === 1 }) });
		const requests = [0, 1, 2].map((index) => [`request ${index}`]);
		const first = world.run(batchOf(3), planFor(3));
		const second = nextTry(first, requests, retryOnFail, world.now, toStart);
		world.run(second, planFor(3));
		expect(world.paid()).toEqual([0, 1, 1, 2]);
	});
});
