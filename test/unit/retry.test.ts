/** What a node that runs again for the same items keeps, and what it pays for again. */
import { retryBatch } from '../../nodes/Aleph/batch/retry';
import {
	running,
	type Batch,
	type Failure,
	type ItemState,
	type Stage,
	type Terms,
} from '../../nodes/Aleph/batch/state';
import { acceptedTask, type TaskStatus } from '../../nodes/Aleph/task/task';
import { batchOf, states, stored } from '../support/batches';
import { API, World } from '../support/batchWorld';
import { SECOND } from '../support/fakeClock';

const NOW = 1_000_000;

/** Retry On Fail, in the same execution; else a retry from the executions list. */
const retryOnFail = { executionId: 'first', maxAttempts: 3 };
const fromTheList = { executionId: 'second', maxAttempts: 1 };
const failure: Failure = { kind: 'server', code: 500, reason: 'internal error' };
const pending: Stage = { state: 'pending' };
const task = { taskId: 'a', api: API, requested: { prompt: 'snow', sourceVideoUrl: null } };

const downloads = { video: 'data', thumbnail: null };

const ended = (status: TaskStatus): Stage => ({
	...task,
	state: 'completed',
	record: { task: { ...acceptedTask('a'), status } },
	files: { binary: { video: {} } },
});

/** A batch of one item, which is at this stage. */
function batchAt(stage: Stage, about: Partial<Batch> = {}, terms: Partial<Terms> = { downloads }) {
	const batch = batchOf(1, terms, { executionId: 'first', ...about });
	batch.items = [{ ...batch.items[0]!, ...stage }];
	return batch;
}

interface Case {
	again?: typeof retryOnFail;
	/** How the item begins without the earlier run. */
	fresh?: Batch;
	/** What tells whether it is the same. */
	hashes?: Pick<ItemState, 'requestHash' | 'inputHash'>;
}

const OTHER = { requestHash: 'other', inputHash: 'other' };

/** What becomes of the item of a batch when the node runs again. */
function afterwards(before: Batch | Stage, { again = fromTheList, fresh, hashes }: Case = {}) {
	const earlier = 'items' in before ? before : batchAt(before);
	const { executionId, maxAttempts } = again;
	const next = fresh ?? batchAt(pending, { executionId });
	Object.assign(next.items[0]!, hashes);
	return retryBatch(earlier, next, maxAttempts, NOW);
}

const stageOf = (...args: Parameters<typeof afterwards>) => {
	const { requestHash, inputHash, terms, ...stage } = afterwards(...args).items[0]!;
	expect(requestHash && inputHash && terms).toBeTruthy();
	return stage;
};

const pickedUp = { ...running('a', NOW), ...task };

describe('a node that runs again', () => {
	it.each<[string, Stage]>([
		['runs', { ...running('a', 1), ...task, failures: 3, known: true }],
		['has timed out', { ...task, state: 'timedOut' }],
		['the API would not tell about', { ...task, state: 'failed', failure }],
	])('picks up a task that %s, with a time-out of its own', (_, stage) => {
		expect(stageOf(stage, { again: retryOnFail })).toEqual(pickedUp);
		expect(stageOf(stage)).toEqual(pickedUp);
	});

	it('waits for the callback of a task of the same execution, as that of another one goes there', () => {
		const calling: Stage = { ...running('a', 1), ...task, calls: true };
		expect(stageOf(calling, { again: retryOnFail })).toEqual({ ...pickedUp, calls: true });
		expect(stageOf(calling)).toEqual(pickedUp);
	});

	it('keeps a finished video; n8n stores its files by execution', () => {
		expect(stageOf(ended('success'), { again: retryOnFail })).toEqual(ended('success'));
		expect(stageOf(ended('success'))).toEqual({ ...ended('success'), files: undefined });
	});

	it('downloads its files anew if they are wanted in other fields', () => {
		const fresh = batchAt(pending, { executionId: 'first' }, {});
		const kept = stageOf(ended('success'), { again: retryOnFail, fresh });
		expect(kept).toEqual({ ...ended('success'), files: undefined });
	});

	it('asks for the record of a finished video anew if the whole of it is wanted by now', () => {
		const fresh = batchAt(pending, { executionId: 'first' }, { simplify: false });
		expect(stageOf(ended('success'), { again: retryOnFail, fresh })).toEqual(pickedUp);
	});

	it.each<[string, Stage]>([
		['failed', ended('failed')],
		['was refused', { state: 'failed', failure }],
		['was not started', pending],
	])('starts anew what %s', (_, stage) => {
		expect(stageOf(stage, { again: retryOnFail })).toMatchObject(pending);
		expect(stageOf(stage)).toMatchObject(pending);
	});

	it('keeps what was uploaded for an item that was not started, as long as the account is the same', () => {
		const uploads = { videoUrl: { url: 'https://example.com/a.mp4', expiresAt: '2026-10-02' } };
		const before: Stage = { state: 'pending', uploads };
		expect(stageOf(before, { again: retryOnFail })).toEqual(before);
		expect(stageOf(before)).toEqual(pending);
	});

	it.each([
		['its parameters as written and its input are', { requestHash: 'at another time' }],
		['what it asks for is', { inputHash: 'another input' }],
	])('takes an item for the same if %s', (_, hashes) => {
		expect(stageOf(ended('success'), { hashes })).toMatchObject({ taskId: 'a' });
	});

	it('starts anew what asks for something else by now', () => {
		expect(stageOf(ended('success'), { hashes: OTHER })).toEqual(pending);
		expect(stageOf(ended('success'), { hashes: OTHER, again: retryOnFail })).toEqual(pending);
	});

	describe('with input that is bad by now', () => {
		const bad: Stage = {
			state: 'failed',
			failure: { kind: 'local', reason: 'no prompt' },
		};

		const badAgain = () => batchAt(bad, { executionId: 'another' });

		it('names the task that was paid for', () => {
			expect(stageOf(ended('success'), { fresh: badAgain() })).toEqual({ ...bad, ...task });
			expect(stageOf(ended('failed'), { fresh: badAgain() })).toEqual(bad);
		});

		it('does not forget that one may exist', () => {
			const open: Stage = { state: 'unconfirmed', failure };
			const fresh = batchAt(bad, { executionId: 'first' });
			expect(stageOf(open, { again: retryOnFail, fresh, hashes: OTHER })).toEqual(open);
		});

		it('keeps it for a run whose input is as it was', () => {
			const between = afterwards(ended('success'), { fresh: badAgain(), hashes: OTHER });
			expect(stageOf(between)).toEqual(pickedUp);
			expect(stageOf(between, { hashes: OTHER })).toEqual(pending);
		});
	});

	it('repeats a request that may have been accepted only if the user asks for it', () => {
		const stage: Stage = { state: 'unconfirmed', failure };
		expect(stageOf(stage, { again: retryOnFail })).toEqual(stage);
		expect(stageOf(stage)).toEqual(pending);
	});

	it('does not repeat it after a crash, of which nobody has been told', () => {
		const stage: Stage = { state: 'unconfirmed', failure };
		const killed = batchAt(stage, { sleep: { since: NOW, wakeAt: NOW, waker: null } });
		expect(stageOf(killed)).toEqual(stage);
	});

	it('has forgotten what stopped the one before, and what it knew of slots', () => {
		const slots = {
			refusals: 2,
			lastRefusalAt: 1,
			refusedFor: 5,
			triedSince: 1,
			closedUntil: 9,
			trialAt: 9,
		};
		const earlier = batchAt(pending, { halted: { kind: 'credits', code: 402, reason: '' }, slots });
		const fresh = batchAt(pending, { executionId: 'first' });
		expect(afterwards({ ...earlier, revision: 4 }, { again: retryOnFail, fresh })).toEqual({
			...fresh,
			revision: 4,
			attempts: 2,
		});
	});

	it('has no more time than the execution had before it slept, by Retry On Fail', () => {
		const earlier = batchAt(pending, { deadline: 60 });
		const fresh = batchAt(pending, { executionId: 'first', deadline: 100 });
		expect(afterwards(earlier, { again: retryOnFail, fresh }).deadline).toBe(60);
		expect(afterwards(earlier, { fresh: { ...fresh, executionId: 'second' } }).deadline).toBe(100);
	});

	it('does not know more items than it had before', () => {
		const fresh = batchOf(2, { downloads }, { executionId: 'second' });
		const { items } = retryBatch(batchAt(ended('success')), fresh, 1, NOW);
		expect(items.map(({ state }) => state)).toEqual(['completed', 'pending']);
	});
});

describe('Retry On Fail', () => {
	it.each([
		['are the same', 'request 0'],
		['differ each time', 'at another time'],
	])(
		'comes to an end for items whose requests %s, however often n8n begins to count anew',
		async (_, requestHash) => {
			const world = new World({ fate: () => ({ duration: SECOND, fails: true }) });
			let batch = await world.run(batchOf(1));
			for (let n = 0; n < 10; n++) {
				const fresh = batchOf(1);
				Object.assign(fresh.items[0]!, { requestHash });
				batch = await world.run(retryBatch(stored(batch), fresh, 3, world.clock.now()));
			}
			expect(states(batch)).toEqual(['failed']);
			expect(world.paid()).toEqual([0, 0, 0]);
		},
	);

	it('counts anew for a retry from the executions list', () => {
		const exhausted = batchAt(ended('failed'), { attempts: 3 });
		expect(stageOf(exhausted, { again: retryOnFail })).toMatchObject({ state: 'completed' });
		const retried = afterwards(exhausted);
		expect(retried).toMatchObject({ attempts: 1, executionId: 'second' });
		expect(retried.items[0]).toMatchObject(pending);
	});

	it('pays only for what failed', async () => {
		const world = new World({ fate: (index) => ({ duration: SECOND, fails: index === 1 }) });
		const first = await world.run(batchOf(3));
		const second = retryBatch(stored(first), batchOf(3), 3, world.clock.now());
		await world.run(second);
		expect(world.paid()).toEqual([0, 1, 1, 2]);
	});
});
