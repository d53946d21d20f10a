/** What becomes of a batch: the driver that ships, in a world where time is a number. */
import fc from 'fast-check';
import { openEnvelope } from '../../nodes/Aleph/api/dialects/envelope';
import { backoff } from '../../nodes/Aleph/api/backoff';
import { ApiError, type ApiErrorKind } from '../../nodes/Aleph/api/error';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import { checked, notChecked } from '../../nodes/Aleph/batch/events';
import {
	endOf,
	failureOf,
	running,
	taskIdOf,
	type Batch,
	type ItemState,
	type Running,
	type Terms,
} from '../../nodes/Aleph/batch/state';
import { acceptedTask } from '../../nodes/Aleph/task/task';
import { batchOf, states, stored } from '../support/batches';
import { API, CREDITS_PER_TASK, LATENCY, World, type Fate } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE, SECOND } from '../support/fakeClock';
import { sleepingN8n } from '../support/sleepingN8n';

beforeEach(() => {
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => jest.restoreAllMocks());

const all = (count: number) => Array.from({ length: count }, (_, index) => index);

/** From 2 to 6 minutes. */
const uneven = (itemIndex: number): Fate => ({ duration: (2 + ((itemIndex * 7) % 5)) * MINUTE });

const sleeping: Partial<Batch> = { sleeps: true };

/** n8n looks for executions to wake once a minute. */
const onTheMinute = (world: World) => async (batch: Batch, wakeAt: number) =>
	await world.sleepUntil(batch, Math.ceil(wakeAt / MINUTE) * MINUTE);

/** A task that somebody else has started, as Get is given it. */
function batchOfGet(terms: Partial<Terms>): Batch {
	const batch = batchOf(1, terms);
	const [item] = batch.items;
	batch.items = [{ ...item!, ...running('task', 0) }];
	return batch;
}

describe('a batch', () => {
	it('of thousands starts each task once, as fast as the rate allows and no faster', async () => {
		const world = new World({ fate: uneven });
		const batch = await world.run(batchOf(3_000, { pollInterval: MINUTE }));
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.paid()).toEqual(all(3_000));
		expect(world.refusals()).toBe(0);
		expect(world.sentOf('start').at(-1)!.time).toBeLessThan((3_000 / 20) * 11 * SECOND);
	});

	it('keeps to the rate that the user has set', async () => {
		const world = new World({ rate: 3 });
		await world.run(batchOf(30, { rate: 3 }));
		expect(world.refusals()).toBe(0);
		expect(world.paid()).toEqual(all(30));
	});

	it('without waiting ends once all are started, also 10,000 of them', async () => {
		const world = new World();
		const batch = await world.run(batchOf(10_000, { waitFor: 'start' }));
		expect(new Set(states(batch))).toEqual(new Set(['running']));
		expect(world.sent).toHaveLength(10_000);
		expect(world.refusals()).toBe(0);
	});

	it('sends nothing for an item whose input is bad', async () => {
		const batch = batchOf(3);
		const failure = failureOf(new Error('no prompt'));
		batch.items[1] = { ...batch.items[1]!, state: 'failed', failure };
		const world = new World();
		expect(states(await world.run(batch))).toEqual(['success', 'failed', 'success']);
		expect(world.paid()).toEqual([0, 2]);
	});

	it('downloads the files of each video once, and of no other', async () => {
		const world = new World({ fate: (index) => ({ duration: MINUTE, fails: index === 1 }) });
		const video = (index: number) => (index === 2 ? null : 'data');
		await world.run(
			batchOf(3, (index) => ({ downloads: { video: video(index), thumbnail: null } })),
		);
		expect(world.sentOf('download').map(({ itemIndex }) => itemIndex)).toEqual([0]);
	});

	it('downloads a few files at once, so that an execution need not wait for many before it sleeps', async () => {
		const world = new World({ latency: MINUTE, rate: 100, fate: () => ({ duration: 0 }) });
		await world.run(batchOf(20, { rate: 100, downloads: { video: 'data', thumbnail: null } }));
		const times = world.sentOf('download').map(({ time }) => time);
		expect(times).toHaveLength(20);
		for (const time of times) {
			const atOnce = times.filter((other) => other > time - MINUTE && other <= time);
			expect(atOnce.length).toBeLessThanOrEqual(5);
		}
	});

	it('keeps the files that it has uploaded, however often the API refuses their tasks', async () => {
		const world = new World({ slots: 10, fate: uneven });
		const batch = await world.run(batchOf(60, { fileCount: 1 }, sleeping));
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.refusals()).toBeGreaterThan(5);
		expect(world.sentOf('upload')).toHaveLength(60);
	});

	it('too large to be looked at within seconds asks again for a task whose turn came late', async () => {
		const world = new World({ fate: () => ({ duration: 0 }) });
		const limiter = new RateLimiter(2 * MINUTE, () => 1, world.clock);
		const late = new World(world.api, world.clock, { checks: limiter });
		await expect(late.readTask('another')).rejects.toThrow('unknownTask');
		const terms = { waitFor: 'check', timeout: 30 * SECOND, notFoundTimeout: 10 * SECOND } as const;
		const batch = await late.run(batchOfGet(terms));
		expect(states(batch)).toEqual(['failed']);
		const [, first, second] = late.sentOf('check').map(({ time }) => time);
		expect(first).toBe(2 * MINUTE);
		expect(second).toBeGreaterThan(first!);
	});
});

describe('a check', () => {
	it('of a video that is ready does not wait behind those of many that are not', async () => {
		const clock = new FakeClock();
		const checks = new RateLimiter(100, () => 1, clock);
		const fate = (index: number): Fate => ({ duration: (index < 280 ? 12 : 2) * MINUTE });
		const world = new World({ fate, rate: 1_000 }, clock, { checks });
		await world.run(batchOf(300, { rate: 1_000 }));
		const seen = all(20).map((index) => world.sentOf('check', 280 + index).at(-1)!.time);
		expect(Math.max(...seen)).toBeLessThan(3.5 * MINUTE);
	});

	it('keeps to the interval of the user while the task waits in the queue of the provider', async () => {
		const world = new World({ queues: true, slots: 1, fate: () => ({ duration: 10 * MINUTE }) });
		await world.run(batchOf(2, { pollInterval: MINUTE }));
		expect(world.sentOf('check', 1).length).toBeLessThan(25);
	});
});

describe('the time-out', () => {
	it('counts for each task from its acceptance, and ends with a last check', async () => {
		const world = new World({ fate: () => ({ duration: 60 * MINUTE }) });
		const batch = await world.run(batchOf(60, { timeout: 5 * MINUTE }));
		expect(new Set(states(batch))).toEqual(new Set(['timedOut']));
		for (const { time, itemIndex } of world.sentOf('start')) {
			const end = time + LATENCY + 5 * MINUTE;
			expect(world.sentOf('check', itemIndex).at(-1)!.time).toBe(end);
		}
	});

	it('finds a task that ended just before it', async () => {
		const timeout = 10 * MINUTE;
		const world = new World({ fate: () => ({ duration: timeout - SECOND }) });
		expect(states(await world.run(batchOf(1, { timeout }, sleeping)))).toEqual(['success']);
	});

	it('of one task makes no other late', async () => {
		const noticed = async (hanging: boolean) => {
			const duration = (index: number) => (hanging && index % 2 ? 600 : 1 + index / 10) * MINUTE;
			const world = new World({ fate: (index) => ({ duration: duration(index) }) });
			await world.run(batchOf(20));
			return all(20)
				.filter((index) => index % 2 === 0)
				.map((index) => world.sentOf('check', index).at(-1)!.time);
		};
		expect(await noticed(true)).toEqual(await noticed(false));
	});

	it('may differ by item', async () => {
		const world = new World({ fate: () => ({ duration: 8 * MINUTE }) });
		const batch = batchOf(2, (index) => ({ timeout: (index === 0 ? 5 : 10) * MINUTE }));
		expect(states(await world.run(batch))).toEqual(['timedOut', 'success']);
	});

	it('does not count that time either if nobody looked meanwhile', async () => {
		const world = new World({ queues: true, slots: 1, fate: () => ({ duration: 25 * MINUTE }) });
		let isDown = false;
		const batch = await world.run(batchOf(2, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				const goesDown = !isDown && world.clock.now() > 5 * MINUTE;
				isDown ||= goesDown;
				return await world.sleepUntil(resting, goesDown ? 45 * MINUTE : wakeAt);
			},
		});
		expect(states(batch)).toEqual(['success', 'success']);
	});

	it('does not count the time that a task waits in the queue of the provider', async () => {
		const world = new World({ queues: true, slots: 1, fate: () => ({ duration: 40 * MINUTE }) });
		for (const about of [{}, sleeping]) {
			const batch = await world.run(batchOf(2, { timeout: 45 * MINUTE }, about));
			expect(states(batch)).toEqual(['success', 'success']);
		}
	});

	it('does not count it for a task that comes back there, either', () => {
		const batch = batchOfGet({ timeout: 30 * MINUTE });
		Object.assign(batch.items[0]!, running('task', 0));
		const record = { api: API, data: {}, task: acceptedTask('task') };
		const looks: Array<[minute: number, queued?: true]> = [[1, true], [2], [3, true], [33, true]];
		for (const [minute, queued] of looks) {
			checked(batch, 0, { ...record, queued }, minute * MINUTE);
		}
		expect(states(batch)).toEqual(['running']);
	});

	it('counts that time for a day at the most', () => {
		const batch = batchOfGet({ timeout: HOUR });
		const item = { ...batch.items[0]!, ...running('task', 0) };
		expect(endOf(batch, { ...item, queuedAt: 23 * HOUR })).toBe(24 * HOUR);
		expect(endOf(batch, { ...item, queuedAt: 70 * HOUR })).toBe(25 * HOUR);
	});
});

describe('the last look at a task', () => {
	/** n8n is down until long after the time-out. */
	const wokenLate = (world: World) => {
		let isFirst = true;
		return async (batch: Batch, wakeAt: number) => {
			const delay = isFirst ? 2 * HOUR : 0;
			isFirst = false;
			return await world.sleepUntil(batch, wakeAt + delay);
		};
	};

	it('has the time that a request takes', async () => {
		const world = new World({ latency: 25 * SECOND });
		const batch = await world.run(batchOf(1, {}, sleeping), { asleep: wokenLate(world) });
		expect(states(batch)).toEqual(['success']);
	});

	it('is taken again if the API does not tell, for a minute', async () => {
		const readFaults: ApiErrorKind[] = ['server', 'interrupted', 'busy'];
		const world = new World({ fate: () => ({ duration: 3 * MINUTE, readFaults }) });
		const batch = await world.run(batchOf(1, {}, sleeping), { asleep: wokenLate(world) });
		expect(states(batch)).toEqual(['success']);
	});

	it('has that minute anew if the task was seen in the queue of the provider meanwhile', () => {
		const batch = batchOfGet({ timeout: HOUR });
		const lookAt = (time: number) => notChecked(batch, 0, new ApiError('server', 500, ''), time);
		lookAt(HOUR);
		const record = { api: API, data: {}, task: acceptedTask('task'), queued: true as const };
		checked(batch, 0, record, HOUR + SECOND);
		lookAt(3 * HOUR);
		expect(states(batch)).toEqual(['running']);
	});

	it('says why nobody could tell, once that minute is over', async () => {
		const readFaults = Array<ApiErrorKind>(100).fill('server');
		const world = new World({ fate: () => ({ duration: MINUTE, readFaults }) });
		const batch = await world.run(batchOf(1, { timeout: 5 * MINUTE }));
		expect(batch.items[0]).toMatchObject({ state: 'timedOut', failure: { kind: 'server' } });
		expect(world.clock.now()).toBeGreaterThan(6 * MINUTE);
		expect(world.clock.now()).toBeLessThan(6.2 * MINUTE);
	});
});

describe('a record that the API does not know', () => {
	it('is waited for until the time-out, and then names what the API said', async () => {
		const world = new World({ fate: () => ({ duration: 0, unknownFor: Infinity }) });
		const batch = await world.run(batchOf(1, { timeout: 20 * MINUTE }));
		const failure = { kind: 'unknownTask' };
		expect(batch.items[0]).toMatchObject({ state: 'timedOut', taskId: 'task 1', failure });
		expect(world.sentOf('check').at(-1)!.time).toBeGreaterThanOrEqual(LATENCY + 20 * MINUTE);
	});

	it('is found whenever it appears', async () => {
		const world = new World({ fate: () => ({ duration: 0, unknownFor: 19 * MINUTE }) });
		expect(states(await world.run(batchOf(1)))).toEqual(['success']);
	});

	it('is a failure earlier if nobody has told us that it exists', async () => {
		const world = new World();
		const batch = await world.run(batchOfGet({ notFoundTimeout: MINUTE }));
		expect(batch.items[0]).toMatchObject({ state: 'failed', failure: { kind: 'unknownTask' } });
		expect(world.clock.now()).toBeLessThan(1.1 * MINUTE);
	});

	it('is no failure if the API has told of the task before', async () => {
		const readFaults = [undefined, ...Array<ApiErrorKind>(8).fill('unknownTask')];
		const world = new World({ fate: () => ({ duration: 5 * MINUTE, readFaults }) });
		const batch = batchOf(1, { notFoundTimeout: MINUTE });
		expect(states(await world.run(batch))).toEqual(['success']);
	});
});

describe('a check that fails', () => {
	it('is repeated with back-off', async () => {
		const readFaults = Array<ApiErrorKind>(4).fill('server');
		const world = new World({ fate: () => ({ duration: 0, readFaults }) });
		expect(states(await world.run(batchOf(1)))).toEqual(['success']);
		const times = world.sentOf('check').map(({ time }) => time);
		const pauses = times.slice(1).map((time, index) => time - times[index]! - LATENCY);
		expect(pauses).toEqual([1, 2, 3, 4].map((failures) => backoff(failures)));
	});

	it.each([302, 401, 402, 403, 404, 405, 422, 433, 451, 505, 550, 4030])(
		'with %i is no failure of a task whose ID the API gave us',
		async (code) => {
			const fate = (index: number): Fate => ({
				duration: MINUTE,
				readFaults: index === 0 ? [kindOf(code)] : [],
			});
			for (const about of [{ stopsOnError: true }, { ...sleeping, stopsOnError: true }]) {
				const world = new World({ fate });
				const batch = await world.run(batchOf(30, {}, about));
				expect(states(batch)).toEqual(Array(30).fill('success'));
			}
		},
	);

	it('for good ends a task that somebody else has named, but no other', async () => {
		const readFaults: ApiErrorKind[] = ['credential'];
		const fate = (index: number): Fate => ({
			duration: MINUTE,
			readFaults: index === 0 ? readFaults : [],
		});
		const batch = await new World({ fate }).run(batchOf(2, { notFoundTimeout: MINUTE }));
		expect(states(batch)).toEqual(['failed', 'success']);
		expect(batch.items[0]).toMatchObject({ taskId: 'task 1' });
	});
});

/** How an answer with this code is read. */
function kindOf(code: number): ApiErrorKind {
	try {
		openEnvelope({ statusCode: 200, headers: {}, body: { code, msg: 'odd' } });
	} catch (error) {
		return (error as ApiError).kind;
	}
	throw new Error('The answer counted as good');
}

describe('a failure', () => {
	it('of the account is the end of starting, and the rest is waited for', async () => {
		const fate = (index: number): Fate => ({
			duration: 5 * MINUTE,
			answer: index >= 25 ? 'credits' : undefined,
		});
		const world = new World({ fate });
		const batch = await world.run(batchOf(100));
		expect(world.sentOf('start').length).toBeLessThanOrEqual(40);
		expect(states(batch).slice(0, 26)).toEqual([...Array<string>(25).fill('success'), 'failed']);
		expect(states(batch).at(-1)).toBe('pending');
	});

	it('of one item is the end of starting if the node stops on errors', async () => {
		const fate = (index: number): Fate => ({ duration: 2 * MINUTE, fails: index === 0 });
		const world = new World({ fate });
		const batch = await world.run(batchOf(1_000, {}, { stopsOnError: true }));
		const started = world.paid().length;
		expect(started).toBeLessThan(300);
		expect(states(batch).slice(0, started)).toEqual([
			'failed',
			...Array<string>(started - 1).fill('success'),
		]);
		expect(states(batch)[started]).toBe('pending');
	});

	it('of one item is nobody else’s if the node goes on', async () => {
		const fate = (index: number): Fate => ({ duration: MINUTE, fails: index % 3 === 0 });
		const batch = await new World({ fate }).run(batchOf(60));
		expect(states(batch)).toEqual(all(60).map((index) => (index % 3 ? 'success' : 'failed')));
	});

	it.each(['server', 'interrupted', 'busy', 'notTheApi'] as const)(
		'that leaves open whether the task exists is never repeated: %s',
		async (answer) => {
			const world = new World({ fate: () => ({ duration: MINUTE, answer }) });
			const batch = await world.run(batchOf(3));
			expect(states(batch)).toEqual(Array(3).fill('unconfirmed'));
			expect(world.sent).toHaveLength(3);
		},
	);
});

describe('credits that are to be kept', () => {
	const keep = { keepCredits: 500 };

	it('are fallen short of by one task at the most', async () => {
		const world = new World({ credits: 1_003 });
		const batch = await world.run(batchOf(200, keep));
		const paid = world.paid().length;
		expect(1_003 - paid * CREDITS_PER_TASK).toBeLessThan(500);
		expect(1_003 - (paid - 1) * CREDITS_PER_TASK).toBeGreaterThanOrEqual(500);
		expect(states(batch).filter((state) => state === 'success')).toHaveLength(paid);
		const failure = { kind: 'keepCredits', credits: 493 };
		expect(batch.items.at(-1)).toMatchObject({ state: 'failed', failure });
	});

	it('are asked for before each task, when the one before it has been answered', async () => {
		const world = new World({ credits: 10_000 });
		await world.run(batchOf(20, keep));
		const times = world.sentOf('start').map(({ time }) => time);
		expect(times).toEqual(all(20).map((index) => index * LATENCY));
	});

	it('let nothing be started if nobody can tell how many are left', async () => {
		const world = new World();
		const batch = await world.run(batchOf(3, keep));
		expect(world.sent).toEqual([]);
		expect(batch.items[0]).toMatchObject({ failure: { reason: 'no such endpoint' } });
	});

	it('do not concern items that want none kept', async () => {
		const world = new World({ credits: 0 });
		const batch = await world.run(batchOf(4, (index) => (index % 2 ? keep : {})));
		expect(states(batch)).toEqual(['success', 'failed', 'success', 'failed']);
	});
});

describe('the end that n8n sets for the execution', () => {
	it.each([{}, sleeping])('is kept to by each task that is started, with %j', async (about) => {
		const deadline = 40 * MINUTE;
		const world = new World({ fate: () => ({ duration: HOUR }) });
		const batch = await world.run(
			batchOf(400, { rate: 5, pollInterval: MINUTE }, { deadline, ...about }),
			{
				asleep: onTheMinute(world),
			},
		);
		expect(world.clock.now()).toBeLessThan(deadline);
		expect(new Set(states(batch))).toEqual(new Set(['timedOut', 'failed']));
		expect(batch.items.at(-1)).toMatchObject({ failure: { kind: 'deadline' } });
		expect(batch.items[0]).not.toHaveProperty('atDeadline');
		for (const { time } of world.sentOf('start')) expect(time).toBeLessThan(deadline - 30 * MINUTE);
	});

	it('cuts short the time of a task that an earlier execution has started, and that is told', async () => {
		const world = new World({ fate: () => ({ duration: HOUR }) });
		const earlier = await world.run(batchOf(1, { waitFor: 'start' }));
		const { taskId } = earlier.items[0] as ItemState & Running;
		const batch = batchOf(1, {}, { deadline: world.clock.now() + 10 * MINUTE });
		Object.assign(batch.items[0]!, running(taskId, world.clock.now()));
		const [item] = (await world.run(batch)).items;
		expect(item).toMatchObject({ state: 'timedOut', atDeadline: true });
	});

	it.each([0, 20, 40, 58])(
		'leaves time for a last look by a wake that is %i s late',
		async (late) => {
			const deadline = 40 * MINUTE;
			const world = new World({ fate: () => ({ duration: deadline - 80 * SECOND }) });
			const earlier = await world.run(batchOf(1, { waitFor: 'start' }));
			const batch = batchOf(1, { timeout: HOUR }, { ...sleeping, deadline });
			Object.assign(batch.items[0]!, running(taskIdOf(earlier.items[0]!)!, 0));
			const woken = await world.run(batch, {
				asleep: async (resting, wakeAt) => {
					const isLast = wakeAt > deadline - 2 * MINUTE;
					return await world.sleepUntil(resting, wakeAt + (isLast ? late * SECOND : 0));
				},
			});
			expect(states(woken)).toEqual(['success']);
		},
	);

	it('is kept to by a task that had to wait until it was known how many may run', async () => {
		const world = new World({ queues: true });
		jest.spyOn(world, 'getConcurrency').mockImplementation(async () => {
			await world.clock.pause(MINUTE);
			return 2;
		});
		const deadline = 30 * MINUTE + 17 * SECOND;
		const batch = await world.run(batchOf(1, {}, { deadline }));
		expect(states(batch)).toEqual(['failed']);
		expect(world.sent).toEqual([]);
	});

	it('is kept to also if the last check hangs', async () => {
		const deadline = 40 * MINUTE;
		const world = new World({ fate: () => ({ duration: HOUR }) });
		const earlier = await world.run(batchOf(1, { waitFor: 'start' }));
		const batch = batchOf(1, { timeout: HOUR }, { deadline });
		Object.assign(batch.items[0]!, running(taskIdOf(earlier.items[0]!)!, 0));
		const read = world.readTask.bind(world);
		jest.spyOn(world, 'readTask').mockImplementation(async (...about) => {
			if (world.clock.now() > deadline - 20 * SECOND) await world.clock.pause(30 * SECOND);
			return await read(...about);
		});
		expect(states(await world.run(batch))).toEqual(['timedOut']);
		expect(world.clock.now()).toBeLessThan(deadline);
	});

	it('is not slept through, however long the API asks to wait', async () => {
		const deadline = 40 * MINUTE;
		const world = new World({ slots: 0, retryAfter: 5 * HOUR });
		const batch = await world.run(batchOf(1, {}, { ...sleeping, deadline }));
		expect(states(batch)).toEqual(['failed']);
		expect(world.clock.now()).toBeLessThan(deadline);
	});

	it('is kept to also by more tasks than can be looked at in the last moment', async () => {
		const clock = new FakeClock();
		const checks = new RateLimiter(100, () => 1, clock);
		const fate = () => ({ duration: HOUR });
		const world = new World({ fate, rate: 1_000 }, clock, { checks });
		const earlier = await world.run(batchOf(300, { waitFor: 'start', rate: 1_000 }));
		const deadline = clock.now() + 10 * MINUTE;
		const batch = batchOf(300, {}, { deadline });
		batch.items.forEach((item, index) => {
			Object.assign(item, running(taskIdOf(earlier.items[index]!)!, clock.now()));
		});
		await world.run(batch);
		expect(clock.now()).toBeLessThan(deadline);
		expect(new Set(states(batch))).toEqual(new Set(['timedOut']));
		expect(batch.items[299]).toMatchObject({ failure: { kind: 'deadline' } });
	});

	it('leaves those that are only looked up to the ones that can be in time', async () => {
		const clock = new FakeClock();
		const checks = new RateLimiter(SECOND, () => 1, clock);
		const world = new World({ fate: () => ({ duration: HOUR }) }, clock, { checks });
		const earlier = await world.run(batchOf(1, { waitFor: 'start' }));
		const taskId = taskIdOf(earlier.items[0]!)!;
		const deadline = clock.now() + MINUTE;
		const batch = batchOf(100, { waitFor: 'check' }, { deadline });
		for (const item of batch.items) Object.assign(item, running(taskId, clock.now()));
		await world.run(batch);
		expect(clock.now()).toBeLessThan(deadline);
		expect(states(batch)[0]).toBe('processing');
		const failure = { kind: 'deadline', reason: 'check' };
		expect(batch.items[99]).toMatchObject({ state: 'failed', taskId, failure });
	});

	it('lets none be started that would not be told of before it, though nobody waits for their ends', async () => {
		const deadline = 30 * SECOND;
		const world = new World();
		const batch = await world.run(batchOf(100, { waitFor: 'start' }, { deadline }));
		const started = (index: number) => (index < 60 ? 'running' : 'failed');
		expect(states(batch)).toEqual(batch.items.map((_, index) => started(index)));
		expect(batch.items[99]).toMatchObject({ failure: { kind: 'deadline', reason: 'start' } });
		expect(world.clock.now()).toBeLessThan(deadline);
	});

	it('lets nothing be paid for if not even one task can end before it', async () => {
		const world = new World();
		const batch = await world.run(batchOf(3, {}, { deadline: 30 * MINUTE }));
		expect(states(batch)).toEqual(['failed', 'failed', 'failed']);
		expect(world.sent).toEqual([]);
	});

	it('does not concern tasks that are not waited for', async () => {
		const world = new World();
		const batch = await world.run(batchOf(3, { waitFor: 'start' }, { deadline: MINUTE }));
		expect(states(batch)).toEqual(['running', 'running', 'running']);
	});
});

describe('an execution that sleeps', () => {
	it('is woken at the end of its sleep, and asks for the task in the 30 seconds after its end', async () => {
		const world = new World({ fate: () => ({ duration: 3 * MINUTE + 7 * SECOND }) });
		await world.run(batchOf(1, {}, sleeping));
		expect(world.clock.now()).toBeLessThan(4 * MINUTE);
		expect(world.sentOf('check').length).toBeLessThan(6);
	});

	it('has a task for which there was a callback checked at once, and again while the record lags behind', async () => {
		const world = new World({ fate: () => ({ duration: 2 * MINUTE + 7 * SECOND }) });
		const calledAt = 2 * MINUTE + SECOND;
		await world.run(batchOf(1, {}, sleeping), {
			asleep: async (batch, wakeAt) => {
				if (world.clock.now() > calledAt || wakeAt < calledAt) {
					return await world.sleepUntil(batch, wakeAt);
				}
				const woken = await world.sleepUntil(batch, calledAt);
				return { ...woken, sleep: { ...woken.sleep!, callbacks: ['task 1'] } };
			},
		});
		const after = world.sentOf('check').filter(({ time }) => time >= calledAt);
		expect(after.map(({ time }) => Math.round((time - calledAt) / SECOND))).toEqual([0, 3, 6]);
	});

	it.each([
		{ inQueueMode: false, guesses: 1 },
		{ inQueueMode: true, guesses: 2 },
	])('asks for a task with no callback when another has ended: %j', async (mode) => {
		const ends = [60, 100, 110].map((seconds) => seconds * SECOND);
		const world = new World({ fate: (index) => ({ duration: ends[index]! }) });
		const calls = [ends[0]!, ends[2]!].map((end) => end + SECOND);
		await world.run(batchOf(3, {}, sleeping), {
			inQueueMode: mode.inQueueMode,
			asleep: async (batch, wakeAt) => {
				const call = calls.find((time) => time > world.clock.now()) ?? Infinity;
				const woken = await world.sleepUntil(batch, Math.min(wakeAt, call));
				if (world.clock.now() < call) return woken;
				const callbacks = [call === calls[0] ? 'task 1' : 'task 3'];
				return { ...woken, sleep: { ...woken.sleep!, callbacks } };
			},
		});
		const checks = world.sentOf('check', 1).map(({ time }) => time);
		expect(checks.filter((time) => calls.includes(time))).toHaveLength(mode.guesses);
	});

	it('stays awake for half a minute at the most, however many checks are in line', async () => {
		const clock = new FakeClock();
		const world = new World({}, clock, { checks: new RateLimiter(100, () => 1, clock) });
		const batch = batchOf(2_600, {}, sleeping);
		batch.items = batch.items.map((item, index) => ({ ...item, ...running(`t${index}`, 0) }));
		let sleptAfter = Infinity;
		const stop = new AbortController();
		const run = world.run(batch, {
			signal: stop.signal,
			asleep: async (resting, wakeAt) => {
				sleptAfter = Math.min(sleptAfter, clock.now());
				stop.abort(new Error('seen'));
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		await expect(run).rejects.toThrow('seen');
		expect(sleptAfter).toBeLessThan(20 * SECOND);
	});

	it('begins no more uploads than can go up at once, and withdraws those that only wait', async () => {
		const clock = new FakeClock();
		const uploads = new RateLimiter(0, () => 5, clock);
		// Another execution sends large files.
		const others = Array.from({ length: 5 }, async () => {
			const turn = { owner: Symbol(), intervalCap: Infinity };
			await uploads.run(turn, async () => await clock.pause(5 * MINUTE));
		});
		const world = new World({}, clock, { uploads });
		const sleeps: number[] = [];
		const batch = await world.run(batchOf(50, { fileCount: 1 }, sleeping), {
			asleep: async (resting, wakeAt) => {
				sleeps.push(clock.now());
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		await Promise.all(others);
		expect(sleeps[0]).toBeLessThan(20 * SECOND);
		expect(states(batch)).toEqual(Array(50).fill('success'));
		expect(world.paid()).toEqual(all(50));
	});

	it('is woken when all have called that are to call, whatever else runs', async () => {
		const endOf = async (waitFor: 'start' | 'end') => {
			const world = new World({ fate: () => ({ duration: 2.5 * MINUTE + SECOND }) });
			const terms = (index: number) => (index === 0 ? { waitFor } : {});
			const batch = batchOf(4, terms, { ...sleeping, executionId: `callers ${waitFor}` });
			const asleep = sleepingN8n(world, (index) => index === 0 && waitFor === 'start');
			await world.run(batch, { asleep });
			return world.clock.now();
		};
		expect(await endOf('start')).toBeLessThan((await endOf('end')) + SECOND);
	});

	it('goes on if the clock was set back by an hour meanwhile', async () => {
		const endedAfter = async (setBack: number) => {
			const world = new World({ slots: 10, fate: uneven });
			let offset = 0;
			const clock = { now: () => world.clock.now() + offset, pause: world.clock.pause };
			let sleeps = 0;
			const batch = await world.run(batchOf(50, { timeout: 10 * MINUTE }, sleeping), {
				clock,
				asleep: async (resting, wakeAt) => {
					const duration = wakeAt - clock.now();
					if (++sleeps === 4) offset = -setBack;
					return await world.sleepUntil(resting, world.clock.now() + duration);
				},
			});
			expect(states(batch)).toEqual(Array(50).fill('success'));
			return world.clock.now();
		};
		expect(await endedAfter(HOUR)).toBeLessThan((await endedAfter(0)) + 2 * MINUTE);
	});

	it.each([
		['a moment without network', 'unreachable', false],
		['a moment without network', 'unreachable', true],
		['a moment without a readable credential', 'noCredential', false],
		['a moment without a readable credential', 'noCredential', true],
	] as const)(
		'bears %s while the API has only refused it (%s), asleep: %s',
		async (_, kind, sleeps) => {
			const world = new World({ slots: 0 });
			const jobs = world.jobs.bind(world);
			let isAway = false;
			jest.spyOn(world, 'jobs').mockImplementation((batch) =>
				jobs(batch).map((job) => ({
					...job,
					start: async (...given) => {
						if (!isAway) return await job.start!(...given);
						throw new ApiError(kind, null, 'not now');
					},
				})),
			);
			const run = world.run(batchOf(5, {}, { sleeps }));
			await world.clock.pause(10 * MINUTE);
			isAway = true;
			await world.clock.pause(70 * SECOND);
			isAway = false;
			world.api.slots = 100;
			expect(states(await run)).toEqual(Array(5).fill('success'));
		},
	);

	it('starts its tasks once there is a network again', async () => {
		const world = new World({ slots: 5, fate: uneven });
		const batch = await world.run(batchOf(30, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				world.api.isReachable = world.clock.now() < 4 * MINUTE || world.clock.now() > 6 * MINUTE;
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		expect(states(batch)).toEqual(Array(30).fill('success'));
		expect(world.paid()).toEqual(all(30));
	});

	it.each([
		['', {}],
		[', nor told how many tasks it runs at once', { queues: true }],
	])('does not try for long to reach an address that has never answered%s', async (_, api) => {
		const world = new World({ isReachable: false, ...api });
		const batch = await world.run(batchOf(3, {}, sleeping));
		expect(states(batch)).toEqual(['failed', 'failed', 'failed']);
		expect(batch.items[0]).toMatchObject({ failure: { kind: 'unreachable' } });
		expect(world.clock.now()).toBeLessThan(MINUTE);
	});
});

/** Any mixture of what may happen to a batch. */
const anyWorld = fc.record({
	slots: fc.constantFrom(3, 10, 100, Infinity),
	queues: fc.boolean(),
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
				{
					weight: 1,
					arbitrary: fc.constantFrom<ApiErrorKind>('interrupted', 'parameters', 'server'),
				},
			),
			readFaults: fc.array(fc.constantFrom<ApiErrorKind>('server', 'interrupted', 'credential'), {
				maxLength: 3,
			}),
		}),
		{ minLength: 1, maxLength: 60 },
	),
	sleeps: fc.boolean(),
	stopsOnError: fc.boolean(),
	waitFor: fc.constantFrom<Terms['waitFor'][]>('end', 'end', 'start'),
	hasFiles: fc.boolean(),
	keepCredits: fc.constantFrom(undefined, undefined, 100),
	deadline: fc.constantFrom(undefined, undefined, 25 * MINUTE),
});

type Given = typeof anyWorld extends fc.Arbitrary<infer Value> ? Value : never;

const RUNS = { seed: 1, numRuns: 150 };

function worldOf({ fates, rate, waitFor, keepCredits, hasFiles, ...given }: Given) {
	const { sleeps, stopsOnError, deadline, slots, ...api } = given;
	const terms: Partial<Terms> = {
		timeout: 10 * MINUTE,
		rate,
		waitFor,
		keepCredits,
		fileCount: Number(hasFiles),
		downloads: { video: 'data', thumbnail: null },
	};
	const queues = api.queues && slots !== Infinity;
	return {
		world: new World({ ...api, rate, slots, queues, fate: (index) => fates[index]! }),
		batch: batchOf(fates.length, terms, { sleeps, stopsOnError, deadline }),
	};
}

describe('a batch that is stored at every step, and read again', () => {
	/** Awake for a moment only: what is due begins, and the next thing needs another wake. */
	const awakeFor = 1;

	it('sends the same, and ends the same', async () => {
		const property = fc.asyncProperty(anyWorld, async (given) => {
			const whole = worldOf({ ...given, sleeps: true });
			const cut = worldOf({ ...given, sleeps: true });
			const end = await whole.world.run(whole.batch, {
				awakeFor,
				asleep: async (resting, wakeAt) => {
					await whole.world.sleepUntil(resting, wakeAt);
					return resting;
				},
			});
			const endOfCut = await cut.world.run(cut.batch, { awakeFor });
			expect(cut.world.sent).toEqual(whole.world.sent);
			expect(stored(endOfCut)).toEqual(stored(end));
		});
		await fc.assert(property, RUNS);
	});

	it('pays for nothing twice, and ends each item, however late it wakes', async () => {
		const delays = fc.array(fc.nat(40), { maxLength: 20 });
		const durations = fc.constantFrom(awakeFor, SECOND, 15 * SECOND);
		const property = fc.asyncProperty(anyWorld, delays, durations, async (given, late, awake) => {
			const { world, batch } = worldOf(given);
			const end = await world.run(batch, {
				awakeFor: awake,
				asleep: async (resting, wakeAt) =>
					await world.sleepUntil(resting, wakeAt + (late.shift() ?? 0) * SECOND),
			});
			const paid = world.paid();
			expect(new Set(paid).size).toBe(paid.length);
			if (given.waitFor === 'end') expect(states(end)).not.toContain('running');
			if (!given.stopsOnError) expect(states(end)).not.toContain('pending');
			const unpaid = paid.filter((index) => {
				const item = end.items[index]!;
				return item.state === 'pending' || (item.state === 'failed' && !item.taskId);
			});
			expect(unpaid).toEqual([]);
		});
		await fc.assert(property, RUNS);
	});
});
