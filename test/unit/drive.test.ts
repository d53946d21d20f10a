/** The driver's requests: which leave the line unsent, whom they ask, and what becomes of them at a stop. */
import type { IBinaryData } from 'n8n-workflow';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import type { Job } from '../../nodes/Aleph/batch/job';
import { uploadAll } from '../../nodes/Aleph/actions/video/generate/uploads';
import { batchOf, states } from '../support/batches';
import { API, LATENCY, World, type Fate } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE, SECOND } from '../support/fakeClock';

/** Changes what the jobs of a world do. */
function change(world: World, how: (job: Job, index: number) => Partial<Job>): void {
	const jobs = world.jobs.bind(world);
	jest
		.spyOn(world, 'jobs')
		.mockImplementation((batch) =>
			jobs(batch).map((job, index) => ({ ...job, ...how(job, index) })),
		);
}

describe('a request that waits in line', () => {
	/** Another execution has taken all but one of the next 10 seconds' requests. */
	async function busy(fate: Fate) {
		const clock = new FakeClock();
		const starts = new RateLimiter(10 * SECOND, undefined, clock);
		const turn = { owner: Symbol('other'), intervalCap: 20 };
		for (let n = 0; n < 19; n++) await starts.run(turn, async () => await Promise.resolve());
		return new World({ fate: () => fate }, clock, { starts });
	}

	it.each([
		['another item has failed and the node stops on errors', 'parameters'],
		['the account is refused', 'credits'],
	] as const)('leaves it if %s', async (_, answer) => {
		const world = await busy({ duration: 0, answer });
		const batch = await world.run(batchOf(3, {}, { stopsOnError: true }));
		expect(states(batch)).toEqual(['failed', 'pending', 'pending']);
		expect(world.sentOf('start')).toHaveLength(1);
		expect(world.clock.now()).toBe(LATENCY);
	});

	it('leaves it if its time could not end any more before n8n stops the execution', async () => {
		const clock = new FakeClock();
		const starts = new RateLimiter(0, () => 1, clock);
		const world = new World({ latency: 10 * SECOND }, clock, { starts });
		const deadline = 30 * MINUTE + 30 * SECOND;
		const batch = await world.run(batchOf(4, {}, { deadline }));
		expect(states(batch)).toEqual(['success', 'success', 'failed', 'failed']);
		expect(world.sentOf('start')).toHaveLength(2);
	});
});

describe('a check', () => {
	it('asks the API that accepted the task, at every wake', async () => {
		const world = new World();
		const readTask = jest.spyOn(world, 'readTask');
		await world.run(batchOf(1, {}, { sleeps: true }));
		expect(readTask.mock.calls.length).toBeGreaterThan(2);
		for (const call of readTask.mock.calls) expect(call).toMatchObject(['task 1', { api: API }]);
	});
});

describe('an execution that the user stops', () => {
	/** Stops a batch of two items after a minute. */
	async function stopped(onStop: 'leave' | 'cancel', latency = 100) {
		const world = new World({ latency, fate: () => ({ duration: HOUR }) });
		const stop = new AbortController();
		const run = world.run(batchOf(2, { onStop }), { signal: stop.signal });
		const ended = expect(run).rejects.toThrow('stopped');
		await world.clock.pause(MINUTE);
		stop.abort(new Error('stopped'));
		await ended;
		return world;
	}

	it('sends nothing more', async () => {
		const world = await stopped('leave');
		const sent = world.sent.length;
		await world.clock.pause(HOUR);
		expect(world.sent).toHaveLength(sent);
		expect(world.sentOf('cancel')).toEqual([]);
	});

	it('cancels its tasks if that is asked for', async () => {
		const world = await stopped('cancel');
		expect(world.sentOf('cancel').map(({ itemIndex }) => itemIndex)).toEqual([0, 1]);
		expect(world.unended()).toEqual([]);
	});

	it('cancels those, too, that are being accepted just then', async () => {
		const world = await stopped('cancel', 90 * SECOND);
		expect(world.sentOf('cancel')).toHaveLength(2);
	});

	it('cancels those that run at once, though another start hangs', async () => {
		const world = new World({ fate: () => ({ duration: HOUR }) });
		change(world, (job, index) => ({
			start: async (...given) => {
				const started = await job.start!(...given);
				if (index === 2) await world.clock.pause(3 * MINUTE);
				return started;
			},
		}));
		const stop = new AbortController();
		jest.spyOn(world, 'cancelTask').mockRejectedValueOnce(new Error('HTTP 500'));
		const run = world.run(batchOf(3, { onStop: 'cancel' }), { signal: stop.signal });
		const ended = expect(run).rejects.toThrow('stopped');
		await world.clock.pause(MINUTE);
		stop.abort(new Error('stopped'));
		await ended;
		const minutes = world.sentOf('cancel').map(({ time }) => Math.floor(time / MINUTE));
		expect(minutes).toEqual([1, 3]);
	});
});

describe('a file that takes long', () => {
	it.each([false, true])(
		'to come down lets the other videos be ready in time (sleeping: %s)',
		async (sleeps) => {
			const slow = { duration: MINUTE, transfer: 12 * MINUTE };
			const fate = (index: number) => (index === 0 ? slow : { duration: 3 * MINUTE });
			const world = new World({ fate });
			const terms = { timeout: 5 * MINUTE, downloads: { video: 'video', thumbnail: null } };
			const batch = await world.run(batchOf(3, terms, { sleeps, deadline: 10 * MINUTE }));
			expect(states(batch)).toEqual(Array(3).fill('success'));
		},
	);
});

describe('files', () => {
	/** The line of the account, in which each file takes its time. */
	const lineOf = (clock: FakeClock) => new RateLimiter(0, () => 1, clock);
	const downloads = { video: 'video', thumbnail: null };

	it('of an item that are up stay so when the execution sleeps before the last of them', async () => {
		const world = new World();
		const line = lineOf(world.clock);
		const uploaded: string[] = [];
		change(world, () => ({
			upload: async (known, signal, keep) => {
				const file = { data: '', mimeType: 'video/mp4' };
				const files = {
					videoUrl: { ...file, id: 'video' },
					referenceImage: { ...file, id: 'image' },
				};
				const upload = async ({ id }: IBinaryData) => {
					const turn = { owner: Symbol('batch'), intervalCap: Infinity, signal };
					return await line.run(turn, async () => {
						uploaded.push(id!);
						await world.clock.pause(20 * SECOND);
						return { url: `https://example.com/${id}`, expiresAt: '2999-01-01T00:00:00Z' };
					});
				};
				return await uploadAll(files, known, upload, keep);
			},
		}));
		const batch = await world.run(batchOf(1, { fileCount: 2 }, { sleeps: true }), {
			asleep: async (resting, wakeAt) => {
				if (uploaded.length > 2) throw new Error('They go up again and again');
				return await world.sleepUntil(resting, wakeAt);
			},
		});
		expect(states(batch)).toEqual(['success']);
		expect(uploaded).toEqual(['video', 'image']);
	});

	it('that wait for other executions to be downloaded do not keep this one awake', async () => {
		const world = new World();
		const line = lineOf(world.clock);
		const turn = { owner: Symbol('other'), intervalCap: Infinity };
		void line.run(turn, async () => await world.clock.pause(20 * MINUTE));
		const own = { owner: Symbol('batch'), intervalCap: Infinity };
		change(world, (job) => ({
			download: async (item, signal) =>
				await line.run({ ...own, signal }, async () => await job.download(item, signal)),
		}));
		const awake: number[] = [];
		let since = 0;
		const batch = await world.run(batchOf(1, { downloads }, { sleeps: true }), {
			asleep: async (resting, wakeAt) => {
				awake.push(world.clock.now() - since);
				const woken = await world.sleepUntil(resting, wakeAt);
				since = world.clock.now();
				return woken;
			},
		});
		expect(world.clock.now()).toBeGreaterThan(20 * MINUTE);
		expect(Math.max(...awake)).toBeLessThan(20 * SECOND);
		expect(batch.items[0]).toMatchObject({ files: { binary: {} } });
	});

	it.each([false, true])(
		'that come too slowly for n8n’s own end leave the items in time, asleep: %s',
		async (sleeps) => {
			const world = new World({
				fate: (index) => ({ duration: index === 0 ? MINUTE : 29.9 * MINUTE }),
			});
			change(world, (job, index) => ({
				download: async (...given) => {
					if (index === 1) await world.clock.pause(5 * MINUTE);
					return await job.download(...given);
				},
			}));
			const deadline = 32 * MINUTE;
			const batch = await world.run(batchOf(2, { downloads }, { sleeps, deadline }));
			expect(world.clock.now()).toBeLessThan(deadline);
			expect(batch.items).toMatchObject([
				{ files: { binary: {} } },
				{ files: { failure: { reason: 'n8n was about to stop the workflow' } } },
			]);
		},
	);

	it.each([false, true])('that go up too slowly for it, too, asleep: %s', async (sleeps) => {
		const world = new World({ fate: () => ({ duration: 2 * MINUTE }) });
		change(world, (job, index) => ({
			upload: async (...given) => {
				if (index === 1) await world.clock.pause(90 * MINUTE);
				return await job.upload!(...given);
			},
		}));
		const deadline = 40 * MINUTE;
		const batch = await world.run(
			batchOf(2, (index) => ({ fileCount: index }), { sleeps, deadline }),
		);
		expect(world.clock.now()).toBeLessThan(deadline);
		expect(states(batch)).toEqual(['success', 'failed']);
		await world.clock.pause(2 * HOUR);
		expect(world.sentOf('start')).toHaveLength(1);
	});
});
