import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { Pace } from '../../nodes/Aleph/api/pace';

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

/** The times at which `count` turns were given. */
function turnsOf(pace: Pace, count: number, limit: number): number[] {
	const times: number[] = [];
	for (let turn = 0; turn < count; turn++) {
		void pace.turn({ limit }).then(() => times.push(Date.now()));
	}
	return times;
}

describe('the pace of an account', () => {
	it('lets a batch start at once as far as the limit goes, the rest when the window has passed', async () => {
		const times = turnsOf(new Pace(10_000), 50, 20);
		await jest.advanceTimersByTimeAsync(9_999);
		expect(times).toHaveLength(20);
		await jest.advanceTimersByTimeAsync(1);
		expect(times).toHaveLength(40);
		await jest.advanceTimersByTimeAsync(10_000);
		expect(times).toHaveLength(50);
	});

	it('never lets more than the limit start in any window', async () => {
		const pace = new Pace(1_000);
		const times = turnsOf(pace, 15, 10);
		await jest.advanceTimersByTimeAsync(700);
		times.push(...turnsOf(pace, 15, 10));
		await jest.advanceTimersByTimeAsync(10_000);
		for (const time of times) {
			const inWindow = times.filter((other) => other >= time && other < time + 1_000);
			expect(inWindow.length).toBeLessThanOrEqual(10);
		}
	});

	it('passes over requests that are no longer wanted, without a turn for each', async () => {
		const pace = new Pace(10_000);
		const first = turnsOf(pace, 1, 1);
		const unwanted = Array.from({ length: 50 }, () => pace.turn({ limit: 1, wanted: () => false }));
		const last = turnsOf(pace, 1, 1);
		await jest.advanceTimersByTimeAsync(10_000);
		expect(await Promise.all(unwanted)).toEqual(Array(50).fill(false));
		expect([...first, ...last]).toEqual([0, 10_000]);
	});

	it('holds everyone back after a refusal, longer with each in a row', async () => {
		const pace = new Pace(10_000);
		pace.refused(refusal());
		const first = turnsOf(pace, 1, 20);
		await jest.advanceTimersByTimeAsync(1_000);
		expect(first).toEqual([1_000]);
		pace.refused(refusal());
		const second = turnsOf(pace, 1, 20);
		await jest.advanceTimersByTimeAsync(2_000);
		expect(second).toEqual([3_000]);
	});

	it('stays away for as long as the API asks', async () => {
		const pace = new Pace(10_000);
		pace.refused(refusal(7_000));
		const times = turnsOf(pace, 1, 20);
		await jest.advanceTimersByTimeAsync(8_000);
		expect(times).toEqual([7_000]);
	});

	it('counts the refusals of one burst as one', async () => {
		const pace = new Pace(10_000);
		for (let n = 0; n < 19; n++) pace.refused(refusal());
		const times = turnsOf(pace, 1, 20);
		await jest.advanceTimersByTimeAsync(5_000);
		expect(times).toEqual([1_000]);
	});

	it('gives up once nothing has been accepted for the patience of the caller', async () => {
		const pace = new Pace(10_000);
		const place = { limit: 20, patience: 60_000, since: 0 };
		const refusedUntilGivenUp = async () => {
			for (;;) {
				await pace.turn(place);
				pace.refused(refusal());
			}
		};
		const given = refusedUntilGivenUp().catch((error: unknown) => [Date.now(), error]);
		await jest.advanceTimersByTimeAsync(120_000);
		const [time, error] = (await given) as [number, unknown];
		expect(error).toBeInstanceOf(ApiFailure);
		expect(time).toBeGreaterThan(30_000);
		expect(time).toBeLessThanOrEqual(60_000);
	});

	it('does not hold it against a caller that others were refused long before', async () => {
		const pace = new Pace(10_000);
		pace.refused(refusal());
		await jest.advanceTimersByTimeAsync(3_600_000);
		await expect(pace.turn({ limit: 20, patience: 60_000, since: Date.now() })).resolves.toBe(true);
	});

	it('gives no turn to an execution that was stopped while others were before it', async () => {
		const pace = new Pace(10_000);
		pace.refused(refusal());
		turnsOf(pace, 1, 20);
		const stop = new AbortController();
		const ended = expect(pace.turn({ limit: 20, signal: stop.signal })).rejects.toThrow('aborted');
		stop.abort();
		await jest.advanceTimersByTimeAsync(2_000);
		await ended;
	});

	it('ends at once when the execution is stopped', async () => {
		const pace = new Pace(10_000);
		turnsOf(pace, 20, 20);
		const stop = new AbortController();
		const turn = pace.turn({ limit: 20, signal: stop.signal });
		const ended = expect(turn).rejects.toThrow('aborted');
		await jest.advanceTimersByTimeAsync(100);
		stop.abort();
		await ended;
		expect(Date.now()).toBe(100);
	});
});
