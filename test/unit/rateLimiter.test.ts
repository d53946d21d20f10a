import { ApiError } from '../../nodes/Aleph/api/error';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';
import { FakeClock } from '../support/fakeClock';

beforeEach(() => {
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => jest.restoreAllMocks());

const refusal = (retryAfter?: number) =>
	new ApiError('rateLimit', 429, 'Too many requests', { retryAfter });

interface Sent {
	who: string;
	time: number;
}

/** A limiter on a clock of its own, and executions that send requests by it: each is noted when it goes out. */
function limiterOf(interval: number, concurrency?: (intervalCap: number) => number) {
	const clock = new FakeClock();
	const limiter = new RateLimiter(interval, concurrency, clock);
	const sent: Sent[] = [];
	const send = (
		who: string,
		{
			intervalCap = 20,
			owner = Symbol(who),
			signal,
		}: Partial<Parameters<RateLimiter['run']>[0]> = {},
		request = async () => await Promise.resolve(),
	) =>
		limiter.run({ owner, intervalCap, signal }, async () => {
			sent.push({ who, time: clock.now() });
			return await request();
		});
	const sendMany = (who: string, count: number, intervalCap = 20) => {
		const owner = Symbol(who);
		for (let n = 0; n < count; n++) send(who, { intervalCap, owner }).catch(() => {});
	};
	const pass = async (duration: number) => await clock.pause(duration);
	return { clock, limiter, sent, send, sendMany, pass, times: () => sent.map(({ time }) => time) };
}

describe('a limiter', () => {
	it('lets requests go at once up to the cap, the rest when the interval has passed', async () => {
		const { sendMany, times, pass } = limiterOf(10_000);
		sendMany('batch', 50);
		await pass(60_000);
		const at = (time: number, count: number) => Array<number>(count).fill(time);
		expect(times()).toEqual([...at(0, 20), ...at(10_000, 20), ...at(20_000, 10)]);
	});

	it('never lets more than the cap go in any interval', async () => {
		const { sendMany, times, pass } = limiterOf(1_000);
		for (let n = 0; n < 20; n++) {
			sendMany(`batch ${n}`, 3, 10);
			await pass(n * 37);
		}
		await pass(10_000);
		expect(times()).toHaveLength(60);
		for (const time of times()) {
			const within = times().filter((other) => other >= time && other < time + 1_000);
			expect(within.length).toBeLessThanOrEqual(10);
		}
	});

	it('lets executions take turns, however many requests each of them has', async () => {
		const { sendMany, sent, pass } = limiterOf(1_000);
		sendMany('large', 100, 4);
		await pass(1);
		sendMany('small', 2, 4);
		sendMany('other', 2, 4);
		await pass(2_500);
		const after = sent.slice(4).map(({ who }) => who);
		expect(after).toEqual([
			...['large', 'small', 'other', 'large', 'small', 'other', 'large', 'large'],
		]);
	});

	it('does not slow one execution by the low cap of another', async () => {
		const { sendMany, sent, pass } = limiterOf(10_000);
		sendMany('slow', 3, 1);
		sendMany('fast', 15, 20);
		await pass(1);
		expect(sent.filter(({ who }) => who === 'fast')).toHaveLength(15);
	});

	it('lets only so many be on their way at once', async () => {
		const { send, sent, pass } = limiterOf(1_000, () => 3);
		const ends: Array<() => void> = [];
		const onItsWay = () => new Promise<void>((end) => ends.push(end));
		for (let n = 0; n < 5; n++) void send(`${n}`, {}, onItsWay);
		await pass(60_000);
		expect(sent).toHaveLength(3);
		ends[0]!();
		await pass(1);
		expect(sent).toHaveLength(4);
	});

	it('goes on if a timer rings a moment before its time', async () => {
		const { clock, sendMany, times, pass } = limiterOf(10_000);
		const { pause } = clock;
		jest.spyOn(clock, 'pause').mockImplementationOnce(async (time) => await pause(time - 2));
		sendMany('batch', 25);
		await pass(20_000);
		expect(times().slice(20)).toEqual(Array(5).fill(10_000));
	});

	it('goes on after a request that failed', async () => {
		const { send } = limiterOf(1_000, () => 1);
		const failing = async () => await Promise.reject(new Error('in vain'));
		await expect(send('one', {}, failing)).rejects.toThrow('in vain');
		await expect(send('other')).resolves.toBeUndefined();
	});
});

describe('an execution that is stopped', () => {
	it('leaves the line at once, wherever it stands', async () => {
		const { clock, send, sendMany, sent, pass } = limiterOf(10_000);
		sendMany('before', 20);
		const stop = new AbortController();
		const stopped = [1, 2, 3].map(() => send('stopped', { signal: stop.signal }));
		sendMany('after', 1);
		const ended = Promise.all(stopped.map((each) => expect(each).rejects.toThrow('aborted')));
		await pass(100);
		stop.abort();
		await ended;
		expect(clock.now()).toBe(100);
		await pass(20_000);
		expect(sent.at(-1)).toEqual({ who: 'after', time: 10_000 });
		expect(sent).toHaveLength(21);
	});

	it('does not get into the line any more', async () => {
		const { send, sent } = limiterOf(10_000);
		await expect(send('stopped', { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
		expect(sent).toEqual([]);
	});
});

describe('a refusal', () => {
	it('rejects all that wait, with the time until the limiter opens', async () => {
		const { limiter, send, sendMany, sent, pass } = limiterOf(10_000);
		sendMany('before', 20);
		const waiting = [send('one'), send('other')];
		const rejected = Promise.all(
			waiting.map((each) => expect(each).rejects.toMatchObject({ kind: 'rateLimit', code: 429 })),
		);
		await pass(1);
		limiter.close(refusal(7_000));
		await rejected;
		await pass(3_000);
		await expect(send('late')).rejects.toMatchObject({ isThrottled: true, retryAfter: 4_000 });
		await pass(7_000);
		await expect(send('later')).resolves.toBeUndefined();
		expect(sent).toHaveLength(21);
	});

	it.each([
		[1, 1_000],
		[2, 2_000],
		[3, 4_000],
	])('number %i in a row closes the limiter for %i ms', async (count, duration) => {
		const { limiter, send, pass } = limiterOf(10_000);
		for (let n = 1; n < count; n++) {
			limiter.close(refusal());
			await pass(30_000);
		}
		limiter.close(refusal());
		await expect(send('early')).rejects.toMatchObject({ retryAfter: duration });
	});

	it('after an acceptance is the first again', async () => {
		const { limiter, send, pass } = limiterOf(10_000);
		limiter.close(refusal());
		await pass(30_000);
		limiter.accepted();
		limiter.close(refusal());
		await expect(send('early')).rejects.toMatchObject({ retryAfter: 1_000 });
	});

	it('counts once for all that were on their way', async () => {
		const { limiter, send } = limiterOf(10_000);
		for (let n = 0; n < 19; n++) limiter.close(refusal());
		await expect(send('early')).rejects.toMatchObject({ retryAfter: 1_000 });
	});

	it('is not held against those that come long after', async () => {
		const { limiter, send, pass } = limiterOf(10_000);
		limiter.close(refusal());
		await pass(3_600_000);
		await expect(send('late')).resolves.toBeUndefined();
	});
});
