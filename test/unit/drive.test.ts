/** The driver's requests: which leave the line unsent, whom they ask, and what becomes of them at a stop. */
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import { batchOf, states } from '../support/batches';
import { API, LATENCY, World, type Fate } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE, SECOND } from '../support/fakeClock';

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
});
