import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { Line } from '../../nodes/Aleph/api/line';

const refusal = (retryAfter: number | null = null) =>
	new ApiFailure('rateLimit', 429, 'Too many requests', retryAfter);

beforeEach(() => {
	jest.useFakeTimers({ now: 0 });
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
});

afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

interface Sent {
	who: string;
	time: number;
}

/** Lets executions send requests, and notes when each went out. */
function sender(line: Line) {
	const sent: Sent[] = [];
	const send = (
		who: string,
		{ limit = 20, owner = Symbol(who), signal }: Partial<Parameters<Line['send']>[0]> = {},
		request = async () => await Promise.resolve(),
	) =>
		line.send({ owner, limit, signal }, async () => {
			sent.push({ who, time: Date.now() });
			return await request();
		});
	const sendMany = (who: string, count: number, limit = 20) => {
		const owner = Symbol(who);
		for (let n = 0; n < count; n++) send(who, { limit, owner }).catch(() => {});
	};
	return { sent, send, sendMany, times: () => sent.map(({ time }) => time) };
}

const pass = async (duration: number) => await jest.advanceTimersByTimeAsync(duration);

describe('a line', () => {
	it('lets requests go at once as far as the limit goes, the rest when the window has passed', async () => {
		const { sendMany, sent } = sender(new Line(10_000));
		sendMany('batch', 50);
		await pass(9_999);
		expect(sent).toHaveLength(20);
		await pass(1);
		expect(sent).toHaveLength(40);
		await pass(10_000);
		expect(sent).toHaveLength(50);
	});

	it('never lets more than the limit go in any window', async () => {
		const { sendMany, times } = sender(new Line(1_000));
		for (let n = 0; n < 20; n++) {
			sendMany(`batch ${n}`, 3, 10);
			await pass(n * 37);
		}
		await pass(10_000);
		expect(times()).toHaveLength(60);
		for (const time of times()) {
			const inWindow = times().filter((other) => other >= time && other < time + 1_000);
			expect(inWindow.length).toBeLessThanOrEqual(10);
		}
	});

	it('lets executions take turns, however many requests each of them has', async () => {
		const { sendMany, sent } = sender(new Line(1_000));
		sendMany('large', 100, 4);
		await pass(0);
		sendMany('small', 2, 4);
		sendMany('other', 2, 4);
		await pass(2_000);
		const after = sent.slice(4).map(({ who }) => who);
		expect(after).toEqual([
			...['large', 'small', 'other', 'large', 'small', 'other', 'large', 'large'],
		]);
	});

	it('does not slow one execution by the low limit of another', async () => {
		const { sendMany, sent } = sender(new Line(10_000));
		sendMany('slow', 3, 1);
		sendMany('fast', 15, 20);
		await pass(0);
		expect(sent.filter(({ who }) => who === 'fast')).toHaveLength(15);
	});

	it('lets only so many be on their way at once', async () => {
		const { send, sent } = sender(new Line(1_000, 3));
		const ends: Array<() => void> = [];
		const onItsWay = () => new Promise<void>((end) => ends.push(end));
		for (let n = 0; n < 5; n++) void send(`${n}`, {}, onItsWay);
		await pass(60_000);
		expect(sent).toHaveLength(3);
		ends[0]!();
		await pass(0);
		expect(sent).toHaveLength(4);
	});

	it('goes on where a timer rings a moment before its time', async () => {
		const { sendMany, sent } = sender(new Line(10_000));
		sendMany('batch', 25);
		await pass(0);
		jest.setSystemTime(-2);
		await pass(10_000);
		expect(sent).toHaveLength(20);
		await pass(2);
		expect(sent).toHaveLength(25);
	});

	it('goes on after a request that failed', async () => {
		const { send } = sender(new Line(1_000, 1));
		const failing = async () => await Promise.reject(new Error('in vain'));
		await expect(send('one', {}, failing)).rejects.toThrow('in vain');
		await expect(send('other')).resolves.toBeUndefined();
	});
});

describe('an execution that is stopped', () => {
	it('leaves the line at once, wherever it stands', async () => {
		const { send, sendMany, sent } = sender(new Line(10_000));
		sendMany('before', 20);
		const stop = new AbortController();
		const stopped = [1, 2, 3].map(() => send('stopped', { signal: stop.signal }));
		sendMany('after', 1);
		const ended = Promise.all(stopped.map((each) => expect(each).rejects.toThrow('aborted')));
		await pass(100);
		stop.abort();
		await ended;
		expect(Date.now()).toBe(100);
		await pass(10_000);
		expect(sent.at(-1)).toEqual({ who: 'after', time: 10_000 });
		expect(sent).toHaveLength(21);
	});

	it('does not get into the line any more', async () => {
		const { send, sent } = sender(new Line(10_000));
		await expect(send('stopped', { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
		expect(sent).toEqual([]);
	});
});

describe('a refusal', () => {
	it('turns all away that wait, with the time until the line opens', async () => {
		const line = new Line(10_000);
		const { send, sendMany, sent } = sender(line);
		sendMany('before', 20);
		const waiting = [send('one'), send('other')];
		const turnedAway = Promise.all(
			waiting.map((each) => expect(each).rejects.toMatchObject({ kind: 'rateLimit', code: 429 })),
		);
		await pass(0);
		line.refused(refusal(7_000));
		await turnedAway;
		await pass(3_000);
		await expect(send('late')).rejects.toMatchObject({ isRefusedForNow: true, retryAfter: 4_000 });
		await pass(7_000);
		await expect(send('later')).resolves.toBeUndefined();
		expect(sent).toHaveLength(21);
	});

	it.each([
		[1, 1_000],
		[2, 2_000],
		[3, 4_000],
	])('number %i in a row closes the line for %i ms', async (count, duration) => {
		const line = new Line(10_000);
		const { send } = sender(line);
		for (let n = 1; n < count; n++) {
			line.refused(refusal());
			await pass(30_000);
		}
		line.refused(refusal());
		await expect(send('early')).rejects.toMatchObject({ retryAfter: duration });
	});

	it('after an acceptance is the first again', async () => {
		const line = new Line(10_000);
		line.refused(refusal());
		await pass(30_000);
		line.accepted();
		line.refused(refusal());
		await expect(sender(line).send('early')).rejects.toMatchObject({ retryAfter: 1_000 });
	});

	it('counts once for all that were on their way', async () => {
		const line = new Line(10_000);
		for (let n = 0; n < 19; n++) line.refused(refusal());
		await expect(sender(line).send('early')).rejects.toMatchObject({ retryAfter: 1_000 });
	});

	it('is not held against those that come long after', async () => {
		const line = new Line(10_000);
		line.refused(refusal());
		await pass(3_600_000);
		await expect(sender(line).send('late')).resolves.toBeUndefined();
	});
});
