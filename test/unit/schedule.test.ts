import { backoff, untilNextLook } from '../../nodes/Aleph/task/schedule';

const MINUTE = 60_000;
const middle = () => 0.5;

/** The ages at which a task is looked at, up to `end`. */
function looks(end: number, interval?: number): number[] {
	const ages = [];
	for (let age = 0; age <= end;) {
		age += untilNextLook(age, interval, middle);
		ages.push(age);
	}
	return ages;
}

describe('the schedule of looks at a task', () => {
	it('looks early, then every 3 seconds', () => {
		expect(looks(12_000)).toEqual([2_000, 5_000, 8_000, 11_000, 14_000]);
	});

	it('looks less often as the task gets older, but at least every 15 seconds', () => {
		expect(untilNextLook(3 * MINUTE, undefined, middle)).toBe(6_000);
		expect(untilNextLook(5 * MINUTE, undefined, middle)).toBe(10_000);
		expect(untilNextLook(20 * MINUTE, undefined, middle)).toBe(15_000);
	});

	it('takes about 40 requests for 2 minutes and 65 for 5', () => {
		expect(looks(2 * MINUTE).length).toBeGreaterThan(35);
		expect(looks(2 * MINUTE).length).toBeLessThan(45);
		expect(looks(5 * MINUTE).length).toBeGreaterThan(60);
		expect(looks(5 * MINUTE).length).toBeLessThan(70);
	});

	it('spreads the looks by up to a tenth either way', () => {
		expect(untilNextLook(10_000, undefined, () => 0)).toBeCloseTo(2_700);
		expect(untilNextLook(10_000, undefined, () => 1)).toBeCloseTo(3_300);
	});

	it('keeps the interval that the user has set, after an early first look', () => {
		expect(looks(60_000, 20_000)).toEqual([2_000, 22_000, 42_000, 62_000]);
		expect(untilNextLook(0, 1_000, middle)).toBe(1_000);
	});
});

describe('the back-off from an API that struggles', () => {
	it('doubles from 1 second up to 30', () => {
		const delays = [1, 2, 3, 4, 5, 6, 20].map((failures) => backoff(failures, middle));
		expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
	});
});
