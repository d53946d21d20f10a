/** The batch as a machine: what it decides, in a world where time is a number. */
import fc from 'fast-check';
import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { decide, isDue } from '../../nodes/Aleph/batch/decide';
import {
	called,
	checked,
	fetched,
	notChecked,
	running,
	type Batch,
} from '../../nodes/Aleph/batch/state';
import { backoff, whileAsleep, type Schedule } from '../../nodes/Aleph/task/schedule';
import { acceptedTask } from '../../nodes/Aleph/task/task';
import {
	batchOf,
	LATENCY,
	MINUTE,
	planFor,
	SECOND,
	states,
	World,
	type Fate,
} from '../support/batchWorld';

beforeEach(() => {
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => jest.restoreAllMocks());

const all = (count: number) => Array.from({ length: count }, (_, index) => index);

/** From 2 to 6 minutes. */
const uneven = (itemIndex: number): Fate => ({ duration: (2 + ((itemIndex * 7) % 5)) * MINUTE });

/** Checks that fall together, so that a large batch takes few steps. */
const schedule: Schedule = (_age, now) => (Math.floor(now / (5 * SECOND)) + 1) * 5 * SECOND;

const stored = (batch: Batch) => JSON.parse(JSON.stringify(batch)) as Batch;

describe('a batch', () => {
	it('of thousands starts each task once, as fast as the rate allows and no faster', () => {
		const world = new World({ fate: uneven });
		const batch = world.run(batchOf(3_000), planFor(3_000, { schedule }));
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.paid()).toEqual(all(3_000));
		expect(world.refusals()).toBe(0);
		const lastStart = world.starts().at(-1)!.time;
		expect(lastStart).toBeLessThan((3_000 / 20) * 11 * SECOND);
	});

	it('keeps to the rate that the user has set', () => {
		const world = new World({ rate: 3 });
		world.run(batchOf(30), planFor(30, { rate: 3 }));
		expect(world.refusals()).toBe(0);
		expect(world.paid()).toEqual(all(30));
	});

	it('larger than the places of the API is refused less than once per task, and leaves no place empty for long', () => {
		const world = new World({ places: 100, fate: uneven });
		const batch = world.run(batchOf(1_000), planFor(1_000, { schedule }));
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.paid()).toEqual(all(1_000));
		expect(world.refusals()).toBeLessThan(1_000);
		const ideal = ((1_000 * 4) / 100) * MINUTE;
		expect(world.now).toBeLessThan(1.25 * ideal);
	});

	it('of an execution that sleeps uses the places as well', () => {
		const world = new World({ places: 100, fate: uneven });
		world.run(batchOf(500), planFor(500, { schedule: whileAsleep }), (batch, next) => {
			// n8n looks for executions to wake once a minute.
			if (next - world.now > 11 * SECOND) world.now = Math.ceil(next / MINUTE) * MINUTE;
			return stored(batch);
		});
		expect(world.paid()).toEqual(all(500));
		expect(world.refusals()).toBeLessThan(500);
		expect(world.now).toBeLessThan(2 * ((500 * 4) / 100) * MINUTE);
	});

	it('finds out when the API has more places again', () => {
		const world = new World({ places: 10 });
		const batch = world.run(batchOf(200), planFor(200), (resting) => {
			if (world.now > 2 * MINUTE) world.api.places = 100;
			return resting;
		});
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.now).toBeLessThan(15 * MINUTE);
	});

	it('without waiting ends once all are started, also 10,000 of them', () => {
		const world = new World();
		const batch = world.run(batchOf(10_000), planFor(10_000, { until: 'started' }));
		expect(new Set(states(batch))).toEqual(new Set(['running']));
		expect(world.sent).toHaveLength(10_000);
		expect(world.refusals()).toBe(0);
	});

	it('sends nothing for an item whose input is bad', () => {
		const plan = planFor(3);
		plan.items[1] = null;
		const world = new World();
		expect(states(world.run(batchOf(3), plan))).toEqual(['success', 'toStart', 'success']);
	});

	it('too large to be looked at within seconds asks again for a task whose turn came late', () => {
		const plan = planFor(1, { until: 'seen', timeout: 30 * SECOND, unknownFor: 10 * SECOND });
		const batch = batchOf(1);
		batch.items[0] = running('task', 0);
		const looks = (time: number, kind: 'server' | 'unknownTask') =>
			notChecked(batch, 0, new ApiFailure(kind, null, kind), plan.items[0]!, time);
		looks(2 * MINUTE, 'server');
		expect(states(batch)).toEqual(['running']);
		looks(2 * MINUTE + 5 * SECOND, 'unknownTask');
		expect(states(batch)).toEqual(['running']);
		looks(2 * MINUTE + 31 * SECOND, 'server');
		expect(states(batch)).toEqual(['failed']);
	});

	it('fetches a few files at once, so that an execution need not wait for many before it sleeps', () => {
		const batch = new World().run(batchOf(20), planFor(20));
		const plan = planFor(20, { wantsFiles: true });
		const first = decide(batch, plan, 0).fetch;
		expect(first).toEqual([0, 1, 2, 3, 4]);
		expect(isDue(decide(batch, plan, 0, new Set(first)))).toBe(false);
		fetched(batch, 2, { binary: {} });
		expect(decide(batch, plan, 0, new Set([0, 1, 3, 4])).fetch).toEqual([5]);
	});

	it('fetches the files of each video once, and of no other', () => {
		const world = new World({ fate: (index) => ({ duration: MINUTE, fails: index === 1 }) });
		world.run(
			batchOf(3),
			planFor(3, (index) => ({ wantsFiles: index !== 2 })),
		);
		const fetches = world.sent.filter(({ what }) => what === 'fetch');
		expect(fetches.map(({ itemIndex }) => itemIndex)).toEqual([0]);
	});
});

describe('a refusal for now', () => {
	it('holds for as long as the API asks', () => {
		const world = new World({ rate: 5, retryAfter: 90 * SECOND });
		world.run(batchOf(6), planFor(6));
		const [refusedAt, again] = world.starts().slice(5);
		expect(again!.time - refusedAt!.time).toBeGreaterThanOrEqual(90 * SECOND);
	});

	it('that goes on for the whole time-out is the failure of those that wait', () => {
		const world = new World({ places: 2, fate: () => ({ duration: 60 * MINUTE }) });
		const batch = world.run(batchOf(3), planFor(3, { timeout: 10 * MINUTE }));
		expect(states(batch)).toEqual(['timedOut', 'timedOut', 'failed']);
		expect(batch.items[2]).toMatchObject({ failure: { kind: 'rateLimit', code: 429 } });
		expect(world.refusals()).toBeLessThan(40);
	});

	it('is no failure where places get free within the time-out', () => {
		const world = new World({ places: 1, fate: () => ({ duration: 9 * MINUTE }) });
		const batch = world.run(batchOf(4), planFor(4, { timeout: 10 * MINUTE }));
		expect(states(batch)).toEqual(Array(4).fill('success'));
	});
});

describe('the time-out', () => {
	it('counts for each task from its acceptance, and ends with a last check', () => {
		const world = new World({ fate: () => ({ duration: 60 * MINUTE }) });
		const batch = world.run(batchOf(60), planFor(60, { timeout: 5 * MINUTE }));
		expect(new Set(states(batch))).toEqual(new Set(['timedOut']));
		for (const { time, itemIndex } of world.starts()) {
			const deadline = time + LATENCY + 5 * MINUTE;
			expect(world.checksOf(itemIndex).at(-1)).toBe(deadline);
		}
	});

	it('finds a task that ended just before it', () => {
		const timeout = 10 * MINUTE;
		const world = new World({ fate: () => ({ duration: timeout - SECOND }) });
		const plan = planFor(1, { timeout, schedule: whileAsleep });
		expect(states(world.run(batchOf(1), plan))).toEqual(['success']);
	});

	it('of one task makes no other late', () => {
		const noticed = (hanging: boolean) => {
			const duration = (index: number) => (hanging && index % 2 ? 600 : 1 + index / 10) * MINUTE;
			const world = new World({ fate: (index) => ({ duration: duration(index) }) });
			world.run(batchOf(20), planFor(20));
			return all(20)
				.filter((index) => index % 2 === 0)
				.map((index) => world.checksOf(index).at(-1));
		};
		expect(noticed(true)).toEqual(noticed(false));
	});

	it('may differ by item', () => {
		const world = new World({ fate: () => ({ duration: 8 * MINUTE }) });
		const plan = planFor(2, (index) => ({ timeout: (index === 0 ? 5 : 10) * MINUTE }));
		expect(states(world.run(batchOf(2), plan))).toEqual(['timedOut', 'success']);
	});
});

describe('a record that the API does not know', () => {
	it('is waited for until the time-out, and then names what the API said', () => {
		const world = new World({ fate: () => ({ duration: 0, unknownFor: Infinity }) });
		const batch = world.run(batchOf(1), planFor(1, { timeout: 20 * MINUTE }));
		expect(batch.items[0]).toMatchObject({
			at: 'timedOut',
			taskId: 'task 1',
			failure: { kind: 'unknownTask' },
		});
		expect(world.checksOf(0).at(-1)).toBe(LATENCY + 20 * MINUTE);
	});

	it('is found whenever it appears', () => {
		const world = new World({ fate: () => ({ duration: 0, unknownFor: 19 * MINUTE }) });
		expect(states(world.run(batchOf(1), planFor(1)))).toEqual(['success']);
	});

	it('is a failure earlier where nobody has told us that it exists', () => {
		const world = new World({ fate: () => ({ duration: 0, unknownFor: Infinity }) });
		const batch = world.run(batchOf(1), planFor(1, { unknownFor: MINUTE }));
		expect(batch.items[0]).toMatchObject({ at: 'failed', failure: { kind: 'unknownTask' } });
		expect(world.now).toBeLessThan(1.1 * MINUTE);
	});

	it('is no failure where the API has told of the task before', () => {
		const { items } = planFor(1, { unknownFor: MINUTE });
		const batch = batchOf(1);
		batch.items[0] = running('task', 0);
		checked(batch, 0, { task: acceptedTask('task'), data: {} }, items[0]!, SECOND);
		const failure = new ApiFailure('unknownTask', 422, 'recordInfo is null');
		notChecked(batch, 0, failure, items[0]!, 5 * MINUTE);
		expect(states(batch)).toEqual(['running']);
	});
});

describe('a check that fails', () => {
	it('is repeated with back-off', () => {
		const readFaults = Array(4).fill('server') as Fate['readFaults'];
		const world = new World({ fate: () => ({ duration: 0, readFaults }) });
		expect(states(world.run(batchOf(1), planFor(1)))).toEqual(['success']);
		const times = world.checksOf(0);
		const pauses = times.slice(1).map((time, index) => time - times[index]! - LATENCY);
		expect(pauses).toEqual([1, 2, 3, 4].map((failures) => backoff(failures)));
	});

	it('for good ends the task, but no other', () => {
		const fate = (index: number): Fate => ({
			duration: MINUTE,
			readFaults: index === 0 ? ['credential'] : [],
		});
		const batch = new World({ fate }).run(batchOf(2), planFor(2));
		expect(states(batch)).toEqual(['failed', 'success']);
		expect(batch.items[0]).toMatchObject({ taskId: 'task 1' });
	});
});

describe('a failure', () => {
	it('of the account is the end of starting, and the rest is waited for', () => {
		const fate = (index: number): Fate => ({
			duration: 5 * MINUTE,
			answer: index >= 25 ? 'credits' : undefined,
		});
		const world = new World({ fate });
		const batch = world.run(batchOf(100), planFor(100));
		expect(world.starts().length).toBeLessThanOrEqual(40);
		expect(states(batch).slice(0, 26)).toEqual([...Array<string>(25).fill('success'), 'failed']);
		expect(states(batch).at(-1)).toBe('toStart');
	});

	it('of one item is the end of starting where the node stops on errors', () => {
		const fate = (index: number): Fate => ({ duration: 2 * MINUTE, fails: index === 0 });
		const world = new World({ fate });
		const batch = world.run(batchOf(1_000), planFor(1_000, {}, true));
		const started = world.paid().length;
		expect(started).toBeLessThan(300);
		expect(states(batch).slice(0, started)).toEqual([
			'failed',
			...Array<string>(started - 1).fill('success'),
		]);
		expect(states(batch)[started]).toBe('toStart');
	});

	it('of one item is nobody else’s where the node goes on', () => {
		const fate = (index: number): Fate => ({ duration: MINUTE, fails: index % 3 === 0 });
		const batch = new World({ fate }).run(batchOf(60), planFor(60));
		expect(states(batch)).toEqual(all(60).map((index) => (index % 3 ? 'success' : 'failed')));
	});

	it.each(['server', 'cut', 'busy', 'notTheApi'] as const)(
		'that leaves open whether the task exists is never repeated: %s',
		(answer) => {
			const world = new World({ fate: () => ({ duration: MINUTE, answer }) });
			const batch = world.run(batchOf(3), planFor(3));
			expect(states(batch)).toEqual(Array(3).fill('unconfirmed'));
			expect(world.sent).toHaveLength(3);
		},
	);
});

describe('credits that are to be kept', () => {
	const keep = { keepCredits: 500 };

	it('end the starting', () => {
		const world = new World({ credits: 1_000 });
		const batch = world.run(batchOf(200), planFor(200, keep));
		// 10 credits for each, and 20 at a time.
		expect(world.paid()).toHaveLength(60);
		expect(states(batch).filter((state) => state === 'success')).toHaveLength(60);
		expect(batch.items.at(-1)).toMatchObject({
			at: 'failed',
			failure: { kind: 'keepCredits', credits: 400 },
		});
	});

	it('let nothing be started where nobody can tell how many are left', () => {
		const world = new World();
		const batch = world.run(batchOf(3), planFor(3, keep));
		expect(world.sent).toEqual([]);
		expect(batch.items[0]).toMatchObject({ failure: { reason: 'no such endpoint' } });
	});

	it('do not concern items that want none kept', () => {
		const world = new World({ credits: 0 });
		const plan = planFor(4, (index) => (index % 2 ? keep : {}));
		expect(states(world.run(batchOf(4), plan))).toEqual(['success', 'failed', 'success', 'failed']);
	});
});

describe('a callback', () => {
	it('has the task checked at once, and a few times more where the record lags behind', () => {
		const world = new World({ fate: () => ({ duration: 2 * MINUTE + 7 * SECOND }) });
		let told = false;
		world.run(batchOf(1), planFor(1, { schedule: whileAsleep }), (batch, next) => {
			if (told || next < 2 * MINUTE) return batch;
			told = true;
			world.now = 2 * MINUTE;
			called(batch, new Set(['task 1']), world.now);
			return batch;
		});
		const after = world.checksOf(0).filter((time) => time >= 2 * MINUTE);
		const pauses = after.map((time) => Math.round((time - 2 * MINUTE) / SECOND));
		expect(pauses).toEqual([0, 3, 6, 9]);
	});
});

/** Any mixture of what may happen to a batch. */
const anyWorld = fc.record({
	places: fc.constantFrom(3, 10, 100, Infinity),
	rate: fc.constantFrom(5, 20),
	retryAfter: fc.constantFrom(undefined, 5 * SECOND),
	credits: fc.constantFrom(undefined, 250, 10_000),
	fates: fc.array(
		fc.record({
			duration: fc.nat(12 * MINUTE),
			unknownFor: fc.constantFrom(0, 0, 30 * SECOND, Infinity),
			fails: fc.boolean(),
			answer: fc.oneof(
				{ weight: 6, arbitrary: fc.constant(undefined) },
				{ weight: 1, arbitrary: fc.constantFrom<Fate['answer']>('cut', 'parameters', 'server') },
			),
			readFaults: fc.array(fc.constantFrom<'server' | 'cut'>('server', 'cut'), { maxLength: 3 }),
		}),
		{ minLength: 1, maxLength: 60 },
	),
	sleeps: fc.boolean(),
	stopsOnError: fc.boolean(),
	keepCredits: fc.constantFrom(undefined, undefined, 100),
});

const prepared = fc.tuple(anyWorld, fc.array(fc.nat(40), { maxLength: 20 }));

const RUNS = { seed: 1, numRuns: 150 };

function worldOf({ fates, sleeps, stopsOnError, keepCredits, ...api }: Given) {
	const terms = {
		timeout: 10 * MINUTE,
		rate: api.rate,
		keepCredits,
		wantsFiles: true,
		...(sleeps && { schedule: whileAsleep }),
	};
	return {
		world: new World({ ...api, fate: (index) => fates[index]! }),
		batch: batchOf(fates.length),
		plan: planFor(fates.length, terms, stopsOnError),
	};
}

type Given = typeof anyWorld extends fc.Arbitrary<infer Value> ? Value : never;

describe('a batch that is stored whenever it rests, and read again', () => {
	it('sends the same, and ends the same', () => {
		const property = fc.property(anyWorld, (given) => {
			const whole = worldOf(given);
			const cut = worldOf(given);
			const end = whole.world.run(whole.batch, whole.plan);
			const endOfCut = cut.world.run(cut.batch, cut.plan, stored);
			expect(cut.world.sent).toEqual(whole.world.sent);
			expect(stored(endOfCut)).toEqual(stored(end));
		});
		fc.assert(property, RUNS);
	});

	it('pays for nothing twice, and ends each item, however late it wakes', () => {
		const property = fc.property(prepared, ([given, delays]) => {
			const { world, batch, plan } = worldOf(given);
			let rests = 0;
			const end = world.run(batch, plan, (resting, next) => {
				world.now = next + (delays[rests++] ?? 0) * SECOND;
				return stored(resting);
			});
			const paid = world.paid();
			expect(new Set(paid).size).toBe(paid.length);
			const open = states(end).filter((state) => state === 'running');
			expect(open).toEqual([]);
			if (!given.stopsOnError) expect(states(end)).not.toContain('toStart');
			paid.forEach((index) => expect(['toStart', 'failed']).not.toContain(end.items[index]!.at));
		});
		fc.assert(property, RUNS);
	});
});
