/** How many tasks the API takes at once: a batch is told, or learns it from refusals. */
import fc from 'fast-check';
import { ApiError, type ApiErrorKind } from '../../nodes/Aleph/api/error';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import { decide } from '../../nodes/Aleph/batch/decide';
import { refused, uploaded } from '../../nodes/Aleph/batch/events';
import type { Batch, Terms, Uploads } from '../../nodes/Aleph/batch/state';
import { batchOf, states } from '../support/batches';
import { LATENCY, World, type Fate } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE, SECOND } from '../support/fakeClock';
import { idealTime } from '../support/ideal';
import { sleepingN8n } from '../support/sleepingN8n';

beforeEach(() => {
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => jest.restoreAllMocks());

const all = (count: number) => Array.from({ length: count }, (_, index) => index);

/** From 2 to 6 minutes. */
const uneven = (itemIndex: number): Fate => ({ duration: (2 + ((itemIndex * 7) % 5)) * MINUTE });

/** The shortest time that so many uneven tasks can take, 100 at once. */
const idealOf = (count: number) =>
	idealTime(
		all(count).map((index) => uneven(index).duration),
		{ slots: 100, rate: 20, window: 10 * SECOND },
	);

const sleeping: Partial<Batch> = { sleeps: true };

const EXPIRED: Uploads = {
	videoUrl: { url: 'https://example.com/a.mp4', expiresAt: '2020-01-01' },
};

describe('a batch larger than the slots of the API', () => {
	it('is refused less than once per task, and leaves no slot empty for long', async () => {
		const world = new World({ slots: 100, fate: uneven });
		const batch = await world.run(batchOf(1_000, { pollInterval: 10 * SECOND }));
		expect(new Set(states(batch))).toEqual(new Set(['success']));
		expect(world.paid()).toEqual(all(1_000));
		expect(world.refusals()).toBeLessThan(1_000);
		expect(world.clock.now()).toBeLessThan(1.05 * idealOf(1_000));
	});

	it('uses them as well if the execution sleeps, with or without callbacks', async () => {
		for (const [lost, longest] of [
			[false, 1.1],
			[true, 1.25],
		] as const) {
			const world = new World({ slots: 100, fate: uneven });
			const batch = batchOf(500, {}, { ...sleeping, executionId: `slots ${lost}` });
			await world.run(batch, { asleep: sleepingN8n(world, () => lost) });
			expect(world.paid()).toEqual(all(500));
			expect(world.refusals()).toBeLessThan(500);
			expect(world.clock.now()).toBeLessThan(longest * idealOf(500));
		}
	});

	it('of tasks of seconds is not much slower asleep', async () => {
		const world = new World({ slots: 100, rate: 200, fate: () => ({ duration: 20 * SECOND }) });
		const batch = batchOf(1_000, { rate: 200 }, { ...sleeping, executionId: 'slots of seconds' });
		await world.run(batch, { asleep: sleepingN8n(world, () => false) });
		expect(world.paid()).toEqual(all(1_000));
		expect(world.sent.length).toBeLessThan(3 * 1_000);
		expect(world.clock.now()).toBeLessThan(1.3 * 10 * 20 * SECOND);
	});

	it('learns from those that have ended when to ask for the others', async () => {
		const world = new World({ slots: 100, fate: uneven });
		await world.run(batchOf(500));
		expect(world.sentOf('check').length).toBeLessThan(30 * 500);
		expect(world.clock.now()).toBeLessThan(1.05 * idealOf(500));
	});
});

describe('a number of slots that was learnt too low', () => {
	/** How many tasks run at the most in the 5 minutes after the API takes 60 instead of `slots`. */
	async function mostRunning(slots: number, durations: number[], sleeps = false) {
		const raisedAt = 3 * MINUTE;
		const duration = (index: number) => durations[index % durations.length]! * SECOND;
		const world = new World({ slots, fate: (index) => ({ duration: duration(index) }) });
		const stop = new AbortController();
		const run = world.run(batchOf(1_000, { rate: 100, pollInterval: 15 * SECOND }, { sleeps }), {
			signal: stop.signal,
		});
		world.api.rate = 100;
		await world.clock.pause(raisedAt);
		world.api.slots = 60;
		let most = 0;
		while (world.clock.now() < raisedAt + 5 * MINUTE) {
			await world.clock.pause(SECOND);
			most = Math.max(most, world.unended().length);
		}
		stop.abort(new Error('seen'));
		await expect(run).rejects.toThrow('seen');
		return most;
	}

	it.each([false, true])(
		'is found out within 5 minutes, in whatever order tasks end, asleep: %s',
		async (sleeps) => {
			const seconds = fc.integer({ min: 20, max: 60 });
			const durations = fc.array(seconds, { minLength: 1, maxLength: 60 });
			const slots = fc.constantFrom(1, 5, 20, 40);
			const property = fc.asyncProperty(slots, durations, async (few, list) => {
				expect(await mostRunning(few, list, sleeps)).toBeGreaterThanOrEqual(58);
			});
			await fc.assert(property, { seed: 1, numRuns: 8 });
		},
	);
});

describe('slots that processes share, in queue mode', () => {
	/** What a batch of tasks of 20 s, which wakes as they end, sends in the 3 s after its second wake. */
	async function afterSecondWake(slots: { before: number; after: number }) {
		const world = new World({ slots: slots.before, fate: () => ({ duration: 20 * SECOND }) });
		const wakes: number[] = [];
		await world.run(batchOf(60, { timeout: 5 * MINUTE }, sleeping), {
			inQueueMode: true,
			asleep: async (resting, wakeAt) => {
				const ends = world.unended().map(({ endsAt }) => endsAt + SECOND);
				const woken = await world.sleepUntil(resting, Math.min(wakeAt, ...ends));
				const ended = [...world.tasks].filter(([, { endsAt }]) => endsAt <= world.clock.now());
				if (wakes.push(world.clock.now()) === 2) world.api.slots = slots.after;
				return { ...woken, sleep: { ...woken.sleep!, callbacks: ended.map(([taskId]) => taskId) } };
			},
		});
		const from = wakes[1]!;
		return world.sentOf('start').filter(({ time }) => time >= from && time < from + 3 * SECOND);
	}

	it('are asked for with two requests at most if they were taken meanwhile', async () => {
		const sent = await afterSecondWake({ before: 20, after: 0 });
		expect([1, 2]).toContain(sent.length);
	});

	it('are taken at a wake as fast as the rate allows', async () => {
		const sent = await afterSecondWake({ before: 5, after: 60 });
		expect(sent.length).toBeGreaterThanOrEqual(15);
	});
});

describe('a refusal for now', () => {
	it('holds for as long as the API asks', async () => {
		const world = new World({ rate: 5, retryAfter: 90 * SECOND });
		await world.run(batchOf(6));
		const [refusedAt, again] = world.sentOf('start').slice(5);
		expect(again!.time - refusedAt!.time).toBeGreaterThanOrEqual(90 * SECOND);
	});

	it('of another execution says only when to try again', async () => {
		const clock = new FakeClock();
		const starts = new RateLimiter(10 * SECOND, undefined, clock);
		await clock.pause(SECOND);
		starts.close(new ApiError('rateLimit', 429, 'wait'));
		const world = new World({ latency: 5 * SECOND }, clock, { starts });
		const batch = await world.run(batchOf(100));
		expect(states(batch)).toEqual(Array(100).fill('success'));
		// 20 in 10 seconds.
		expect(world.sentOf('start').at(-1)!.time).toBeLessThan(2 * MINUTE);
	});

	describe('of a file', () => {
		/** An API to which so many uploads fail. */
		function refusing(count: number, error: ApiError) {
			const world = new World({ fate: () => ({ duration: MINUTE }) });
			const send = world.request.bind(world);
			jest.spyOn(world, 'request').mockImplementation(async (what, ...about) => {
				await send(what, ...about);
				if (what === 'upload' && count-- > 0) throw error;
			});
			return world;
		}

		it('is tried again, and says nothing of the slots', async () => {
			const world = refusing(1, new ApiError('rateLimit', 429, 'wait'));
			const batch = await world.run(batchOf(20, { fileCount: 1 }));
			expect(states(batch)).toEqual(Array(20).fill('success'));
			expect(batch.slots?.learnt).toBeUndefined();
		});

		it('is tried with a pause, and fails in the end', async () => {
			const world = refusing(Infinity, new ApiError('rateLimit', 429, 'wait'));
			const batch = await world.run(batchOf(1, { fileCount: 1, timeout: 5 * MINUTE }));
			expect(states(batch)).toEqual(['failed']);
			expect(world.sentOf('upload').length).toBeLessThan(20);
		});

		it('fails in the end, although no wake is long enough to try for as long as it wants', async () => {
			const world = new World();
			const jobs = world.jobs.bind(world);
			const upload = async (_: Uploads, signal: AbortSignal) =>
				await new Promise<Uploads>((_resolve, reject) => {
					const error = new ApiError('upload', 500, 'HTTP 500');
					signal.addEventListener('abort', () => reject(error));
				});
			jest
				.spyOn(world, 'jobs')
				.mockImplementation((batch) => jobs(batch).map((job) => ({ ...job, upload })));
			const terms = { fileCount: 1, timeout: 10 * MINUTE };
			const batch = await world.run(batchOf(1, terms, sleeping));
			expect(states(batch)).toEqual(['failed']);
			expect(world.clock.now()).toBeLessThan(15 * MINUTE);
		});

		it('soon fails if nobody answers where files go, though tasks can be started', async () => {
			const world = refusing(Infinity, new ApiError('unreachable', null, 'ECONNREFUSED'));
			const batch = await world.run(batchOf(200, (index) => ({ fileCount: Number(index === 1) })));
			expect(states(batch)).toEqual(all(200).map((index) => (index === 1 ? 'failed' : 'success')));
			expect(world.clock.now()).toBeLessThan(3 * MINUTE);
		});

		it.each<[string, ApiErrorKind, Partial<Terms>, Uploads | undefined]>([
			['no credential can be read for', 'noCredential', {}, undefined],
			['its earlier upload has expired', 'rateLimit', { fileCount: 1 }, EXPIRED],
		])('is tried with a pause, also if %s', async (_, kind, terms, uploads) => {
			const world = new World();
			const jobs = world.jobs.bind(world);
			let tries = 0;
			const upload = async () => {
				await world.clock.pause(LATENCY);
				if (++tries > 1_000) throw new Error('It is tried without a pause');
				throw new ApiError(kind, null, 'not now');
			};
			jest
				.spyOn(world, 'jobs')
				.mockImplementation((batch) => jobs(batch).map((job) => ({ ...job, upload })));
			const batch = batchOf(1, { timeout: 5 * MINUTE, ...terms });
			Object.assign(batch.items[0]!, { uploads });
			expect(states(await world.run(batch))).toEqual(['failed']);
			expect(tries).toBeLessThan(30);
		});

		it('keeps no batch waiting in which nothing more is to start', async () => {
			const world = new World();
			const jobs = world.jobs.bind(world);
			jest.spyOn(world, 'jobs').mockImplementation((batch) =>
				jobs(batch).map((job, index) => ({
					...job,
					upload: async (...given) => {
						if (index > 0) return await job.upload!(...given);
						throw new ApiError('rateLimit', 429, 'wait', { retryAfter: HOUR });
					},
					start: () => Promise.reject(new ApiError('credential', 401, 'no such key')),
				})),
			);
			const batch = await world.run(batchOf(2, (index) => ({ fileCount: Number(index === 0) })));
			expect(states(batch)).toEqual(['pending', 'failed']);
			expect(world.clock.now()).toBeLessThan(MINUTE);
		});

		it('holds as long if the item also looks at the credits', () => {
			const batch = batchOf(1, { fileCount: 1, keepCredits: 5 });
			const wait = (kind: ApiErrorKind, retryAfter: number) =>
				new ApiError(kind, 500, 'wait', { shouldRetry: true, retryAfter });
			refused(batch, { itemIndex: 0, error: wait('rateLimit', 1_000), what: 'files' }, 1_000);
			const error = wait('keepCredits', MINUTE);
			refused(batch, { itemIndex: 0, error, what: 'credits' }, 1_000);
			expect(decide(batch, 10_000, new Set()).start).toEqual([]);
			expect(decide(batch, 62_000, new Set()).start).toEqual([0]);
		});

		it('is not forgotten because another item was up before', () => {
			const batch = batchOf(2, { fileCount: 1 });
			Object.assign(batch.items[0]!, { uploads: EXPIRED });
			const error = new ApiError('rateLimit', 429, 'wait');
			refused(batch, { itemIndex: 1, error, what: 'files' }, 1_000);
			uploaded(batch, 0, EXPIRED);
			expect(batch.refused?.files).toMatchObject({ refusals: 1 });
			uploaded(batch, 1, EXPIRED);
			expect(batch.refused?.files).toBeUndefined();
		});

		it('is tried for as long as the item wants if one has gone up before', () => {
			const batch = batchOf(1, { fileCount: 1 });
			Object.assign(batch.items[0]!, { uploads: EXPIRED });
			const error = new ApiError('unreachable', null, 'ECONNREFUSED');
			refused(batch, { itemIndex: 0, error, what: 'files' }, 1_000);
			refused(batch, { itemIndex: 0, error, what: 'files' }, 10_000);
			expect(states(batch)).toEqual(['pending']);
		});

		it('does not hold up those that have none', async () => {
			const world = refusing(Infinity, new ApiError('rateLimit', 429, 'wait'));
			await world.run(batchOf(200, (index) => ({ fileCount: Number(index < 2) })));
			expect(world.sentOf('start').at(-1)!.time).toBeLessThan(2 * MINUTE);
		});
	});

	describe('of a look at the credits', () => {
		/** An API that tells of them once so much time has passed. */
		function tellingAfter(time: number) {
			const world = new World({ credits: 10_000 });
			const jobs = world.jobs.bind(world);
			jest.spyOn(world, 'jobs').mockImplementation((batch) =>
				jobs(batch).map((job, index) => ({
					...job,
					start: async (...about) => {
						const { keepCredits } = batch.items[index]!.terms;
						if (keepCredits === undefined || world.clock.now() >= time)
							return await job.start!(...about);
						throw new ApiError('keepCredits', 500, 'HTTP 500', { shouldRetry: true });
					},
				})),
			);
			return world;
		}

		it('counts for each item by its own time', async () => {
			const minutes = [1, 30, 30];
			const batch = await tellingAfter(3 * MINUTE).run(
				batchOf(3, (index) => ({ keepCredits: 10, timeout: minutes[index]! * MINUTE })),
			);
			expect(states(batch)).toEqual(['failed', 'success', 'success']);
		});

		it('does not hold up those that keep none', async () => {
			const world = tellingAfter(10 * MINUTE);
			await world.run(batchOf(100, (index) => (index === 0 ? { keepCredits: 10 } : {})));
			const times = world.sentOf('start').map(({ time }) => time);
			expect(times[98]).toBeLessThan(MINUTE);
			expect(times[99]).toBeGreaterThan(10 * MINUTE);
		});
	});

	it('that goes on for the whole time-out is the failure of those that wait', async () => {
		const world = new World({ slots: 2, fate: () => ({ duration: HOUR }) });
		const batch = await world.run(batchOf(3, { timeout: 10 * MINUTE }));
		expect(states(batch)).toEqual(['timedOut', 'timedOut', 'failed']);
		expect(batch.items[2]).toMatchObject({ failure: { kind: 'rateLimit', code: 429 } });
		expect(world.refusals()).toBeLessThan(40);
	});

	it('is no failure if slots get free within the time-out', async () => {
		const world = new World({ slots: 1, fate: () => ({ duration: 9 * MINUTE }) });
		const batch = await world.run(batchOf(4, { timeout: 10 * MINUTE }));
		expect(states(batch)).toEqual(Array(4).fill('success'));
	});

	it('counts from the last acceptance on', async () => {
		const world = new World({ slots: 1, retryAfter: 30 * MINUTE });
		const batch = await world.run(batchOf(4, { timeout: 30 * MINUTE }));
		expect(states(batch)).toEqual(Array(4).fill('success'));
		expect(world.refusals()).toBeGreaterThan(1);
	});

	it('counts the pause that the API asks for, also asleep', async () => {
		const world = new World({ slots: 0, retryAfter: 10 * MINUTE });
		const batch = await world.run(batchOf(1, { timeout: 30 * MINUTE }, sleeping));
		expect(states(batch)).toEqual(['failed']);
		expect(world.clock.now()).toBeLessThan(45 * MINUTE);
	});

	it('counts by what was tried: not the time in which n8n was down between two of them', async () => {
		const fate = (index: number): Fate => ({ duration: index === 0 ? HOUR : MINUTE });
		const world = new World({ slots: 1, fate });
		const timeout = (index: number) => (index === 0 ? 2 * HOUR : 30 * MINUTE);
		let sleeps = 0;
		const batch = await world.run(
			batchOf(51, (index) => ({ timeout: timeout(index) }), sleeping),
			{
				asleep: async (resting, wakeAt) => {
					const down = ++sleeps === 2 ? 40 * MINUTE : 0;
					return await world.sleepUntil(resting, wakeAt + down);
				},
			},
		);
		expect(states(batch)).toEqual(Array(51).fill('success'));
	});
});

describe('an API that queues what is over its slots', () => {
	const queueing = { queues: true, slots: 3 };

	/** Notes how many tasks have a slot or wait for one, whenever a request is sent. */
	function watch(world: World): number[] {
		const counts: number[] = [];
		const send = world.request.bind(world);
		jest.spyOn(world, 'request').mockImplementation(async (...request) => {
			counts.push(world.unended().length);
			await send(...request);
		});
		return counts;
	}

	it.each([{}, sleeping])('is given at most twice what it runs at once, with %j', async (about) => {
		const world = new World({ ...queueing, fate: uneven });
		const counts = watch(world);
		const batch = await world.run(batchOf(40, {}, about));
		expect(states(batch)).toEqual(Array(40).fill('success'));
		expect(Math.max(...counts)).toBe(6);
		expect(world.refusals()).toBe(0);
	});

	it('gets all tasks that nobody waits for, as fast as its rate allows', async () => {
		const world = new World({ ...queueing, fate: () => ({ duration: HOUR }) });
		const batch = await world.run(batchOf(60, { waitFor: 'start' }));
		expect(states(batch)).toEqual(Array(60).fill('running'));
		expect(world.clock.now()).toBeLessThan(30 * SECOND);
	});

	it('is given two tasks at most if it does not tell how many it runs', async () => {
		const world = new World({ slots: 5, fate: () => ({ duration: MINUTE }) });
		jest.spyOn(world, 'getConcurrency').mockRejectedValue(new Error('HTTP 500'));
		const counts = watch(world);
		const batch = await world.run(batchOf(6));
		expect(states(batch)).toEqual(Array(6).fill('success'));
		expect(Math.max(...counts)).toBe(2);
	});

	it('is asked again a minute later if it could not tell', async () => {
		const world = new World({ ...queueing, fate: uneven });
		jest.spyOn(world, 'getConcurrency').mockRejectedValueOnce(new Error('HTTP 500'));
		const counts = watch(world);
		await world.run(batchOf(20));
		expect(Math.max(...counts)).toBe(6);
	});

	it('is taken at its word of before if it cannot tell at a wake', async () => {
		const world = new World({ ...queueing, fate: () => ({ duration: 4 * MINUTE }) });
		const counts = watch(world);
		await world.run(batchOf(20, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				jest.spyOn(world, 'getConcurrency').mockRejectedValue(new Error('HTTP 500'));
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		const inTheEnd = counts.slice(counts.length / 2);
		expect(Math.max(...inTheEnd)).toBe(6);
	});

	it('has no slot that stays empty', async () => {
		const world = new World({ ...queueing, fate: () => ({ duration: 4 * MINUTE }) });
		await world.run(batchOf(30));
		expect(world.clock.now()).toBeLessThan(10 * 4 * MINUTE + 30 * SECOND);
	});

	it('has answered by telling them, and is waited for if it cannot be reached then', async () => {
		const world = new World(queueing);
		const run = world.run(batchOf(3));
		await world.clock.pause(0);
		world.api.isReachable = false;
		await world.clock.pause(30 * SECOND);
		world.api.isReachable = true;
		expect(states(await run)).toEqual(Array(3).fill('success'));
	});

	it('gets tasks and is asked for them though it takes long to tell', async () => {
		const world = new World({ queues: true, slots: 2, fate: () => ({ duration: 3 * MINUTE }) });
		jest.spyOn(world, 'getConcurrency').mockImplementation(async () => {
			await world.clock.pause(16 * SECOND);
			throw new ApiError('server', 500, 'HTTP 500');
		});
		let sleeps = 0;
		const batch = await world.run(batchOf(8, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				if (++sleeps > 100) throw new Error('It goes on sleeping');
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		expect(states(batch)).toEqual(Array(8).fill('success'));
		expect(world.clock.now()).toBeLessThan(20 * MINUTE);
	});

	it('may tell nothing, however late it says so', async () => {
		const world = new World({ fate: () => ({ duration: MINUTE }) });
		jest.spyOn(world, 'getConcurrency').mockImplementation(async () => {
			await world.clock.pause(16 * SECOND);
			return null;
		});
		await world.run(batchOf(20));
		expect(world.clock.now()).toBeLessThan(2 * MINUTE);
	});

	it('wakes nobody for a place that there cannot be', async () => {
		const world = new World({ queues: true, slots: 2, fate: () => ({ duration: 5 * MINUTE }) });
		const jobs = world.jobs.bind(world);
		let refusals = 0;
		jest.spyOn(world, 'jobs').mockImplementation((batch) =>
			jobs(batch).map((job) => ({
				...job,
				start: async (...about) => {
					const isRefused = world.clock.now() > 6 * MINUTE && refusals++ === 0;
					if (isRefused) throw new ApiError('dailyLimit', 429, 'Too many');
					return await job.start!(...about);
				},
			})),
		);
		let sleeps = 0;
		const batch = await world.run(batchOf(20, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				sleeps++;
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		expect(states(batch)).toEqual(Array(20).fill('success'));
		expect(sleeps).toBeLessThan(200);
	});

	it('is asked again at each wake, as the account may have grown', async () => {
		const world = new World({ ...queueing, fate: () => ({ duration: 4 * MINUTE }) });
		const counts = watch(world);
		await world.run(batchOf(40, {}, sleeping), {
			asleep: async (resting, wakeAt) => {
				if (world.clock.now() > 5 * MINUTE) world.api.slots = 10;
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		expect(Math.max(...counts)).toBe(20);
	});
});
