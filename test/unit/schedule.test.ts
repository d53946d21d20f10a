import { backoff, untilNextTry, whileAsleep, whileAwake } from '../../nodes/Aleph/task/schedule';
import type { Schedule } from '../../nodes/Aleph/task/schedule';

const MINUTE = 60_000;
const middle = () => 0.5;

/** The ages at which a task is checked, up to the first that is past `end`. */
function checks(schedule: Schedule, end: number, accepted = 0): number[] {
	const ages = [];
	for (let age = 0; age <= end;) {
		age = schedule(age, accepted + age) - accepted;
		ages.push(age);
	}
	return ages;
}

describe('the checks of a task by an execution that stays awake', () => {
	const schedule = whileAwake(undefined, middle);
	const pauseAt = (age: number) => schedule(age, age) - age;

	it('begin early, then come every 3 seconds', () => {
		expect(checks(schedule, 12_000)).toEqual([2_000, 5_000, 8_000, 11_000, 14_000]);
	});

	it('come less often as the task gets older, but at least every 15 seconds', () => {
		expect(pauseAt(3 * MINUTE)).toBe(6_000);
		expect(pauseAt(5 * MINUTE)).toBe(10_000);
		expect(pauseAt(20 * MINUTE)).toBe(15_000);
	});

	it('are about 40 in 2 minutes and 65 in 5', () => {
		expect(checks(schedule, 2 * MINUTE).length).toBeGreaterThan(35);
		expect(checks(schedule, 2 * MINUTE).length).toBeLessThan(45);
		expect(checks(schedule, 5 * MINUTE).length).toBeGreaterThan(60);
		expect(checks(schedule, 5 * MINUTE).length).toBeLessThan(70);
	});

	it('are spread by up to a tenth either way', () => {
		expect(whileAwake(undefined, () => 0)(10_000, 0)).toBe(2_700);
		expect(whileAwake(undefined, () => 1)(10_000, 0)).toBe(3_300);
	});

	it('keep the interval that the user has set, after an early first one', () => {
		const everyTwenty = whileAwake(20_000, middle);
		expect(checks(everyTwenty, 60_000)).toEqual([2_000, 22_000, 42_000, 62_000]);
		expect(whileAwake(1_000, middle)(0, 0)).toBe(1_000);
	});
});

describe('the checks of a task by an execution that sleeps', () => {
	it('come after half a minute, then every minute', () => {
		expect(checks(whileAsleep, 3 * MINUTE)).toEqual(
			[0.5, 1.5, 2.5, 3.5].map((minutes) => minutes * MINUTE),
		);
	});

	it('come every minute and a half from the 20th minute on', () => {
		expect(whileAsleep(20 * MINUTE, 20 * MINUTE)).toBe(21.5 * MINUTE);
	});

	it('fall together for tasks that were started at different times', () => {
		const beats = [0, 7_000, 14_000, 29_000].flatMap((accepted) =>
			checks(whileAsleep, 5 * MINUTE, accepted).map((age) => (accepted + age) % (MINUTE / 2)),
		);
		expect(new Set(beats)).toEqual(new Set([0]));
	});

	it('are always ahead', () => {
		for (let time = 0; time < 30 * MINUTE; time += 777) {
			expect(whileAsleep(time, time)).toBeGreaterThan(time);
		}
	});
});

describe('the back-off from an API that struggles', () => {
	it('doubles from 1 second up to 30', () => {
		const delays = [1, 2, 3, 4, 5, 6, 20].map((failures) => backoff(failures, middle));
		expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
	});
});

describe('the pause after a refusal while tasks run', () => {
	it('doubles from 12 seconds up to a minute', () => {
		expect([1, 2, 3, 4, 20].map(untilNextTry)).toEqual([12_000, 24_000, 48_000, 60_000, 60_000]);
	});
});
