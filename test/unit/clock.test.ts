import { clock } from '../../nodes/Aleph/api/clock';

const HOUR = 60 * 60_000;

afterEach(() => jest.restoreAllMocks());

/** Sets the clock of the computer. */
function setComputer(offset: number): void {
	const realNow = Date.now;
	jest.spyOn(Date, 'now').mockImplementation(() => realNow() + offset);
}

describe('the clock', () => {
	it('goes on from where it was if that of the computer is set back', () => {
		const before = clock.now();
		setComputer(-HOUR);
		const after = clock.now();
		expect(after).toBeGreaterThanOrEqual(before);
		expect(after).toBeLessThan(before + HOUR);
	});

	it('follows that of the computer if it is set forward', () => {
		const before = clock.now();
		setComputer(HOUR);
		// The two clocks of the computer differ by fractions of a millisecond.
		expect(clock.now()).toBeGreaterThanOrEqual(before + HOUR - 10);
	});
});

describe('a pause', () => {
	// A timer that is no longer needed cannot be cancelled.
	beforeEach(() => jest.useFakeTimers());
	afterEach(() => jest.useRealTimers());

	it('ends as soon as something else has happened', async () => {
		await expect(clock.pause(HOUR, undefined, Promise.resolve())).resolves.toBeUndefined();
	});

	it('ends with the reason of its signal, before it begins and while it goes on', async () => {
		const stop = new AbortController();
		const pause = clock.pause(HOUR, stop.signal);
		stop.abort(new Error('stopped'));
		await expect(pause).rejects.toThrow('stopped');
		await expect(clock.pause(HOUR, stop.signal)).rejects.toThrow('stopped');
	});
});
