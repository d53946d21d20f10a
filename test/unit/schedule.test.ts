import { backoff } from '../../nodes/Aleph/api/backoff';
import { untilNextTrial } from '../../nodes/Aleph/batch/refusals';
import { BEAT, whileAsleep, whileAwake } from '../../nodes/Aleph/batch/schedule';

const MINUTE = 60_000;
const middle = () => 0.5;

/** The ages at which a task is checked, up to the first that is past `end`. */
function ages(next: (age: number) => number, end: number): number[] {
	const found: number[] = [];
	for (let age = 0; age <= end;) {
		age = next(age);
		found.push(age);
	}
	return found;
}

const awake = (end: number, interval: number | null = null) =>
	ages((age) => age + whileAwake(age, interval, [], middle), end);

const asleep = (end: number, startedAt = 0, shift = 0) =>
	ages((age) => whileAsleep(age, startedAt + age, shift) - startedAt, end);

describe('the checks of a task by an execution that stays awake', () => {
	it('begin early, then come every 3 seconds', () => {
		expect(awake(12_000)).toEqual([2_000, 5_000, 8_000, 11_000, 14_000]);
	});

	it('come less often as the task gets older, but at least every 15 seconds', () => {
		expect(whileAwake(3 * MINUTE, null, [], middle)).toBe(6_000);
		expect(whileAwake(5 * MINUTE, null, [], middle)).toBe(10_000);
		expect(whileAwake(20 * MINUTE, null, [], middle)).toBe(15_000);
	});

	it('are about 40 in 2 minutes and 65 in 5', () => {
		expect(awake(2 * MINUTE).length).toBeGreaterThan(35);
		expect(awake(2 * MINUTE).length).toBeLessThan(45);
		expect(awake(5 * MINUTE).length).toBeGreaterThan(60);
		expect(awake(5 * MINUTE).length).toBeLessThan(70);
	});

	it('are spread by up to a tenth either way', () => {
		expect(whileAwake(10_000, null, [], () => 0)).toBe(2_700);
		expect(whileAwake(10_000, null, [], () => 1)).toBe(3_300);
	});

	it('keep the interval that the user has set, after an early first one', () => {
		expect(awake(60_000, 20_000)).toEqual([2_000, 22_000, 42_000, 62_000]);
		expect(whileAwake(0, 1_000, [], middle)).toBe(1_000);
	});
});

describe('the checks of a task, once 16 others have shown how long they take,', () => {
	/** From 2 to 6 minutes, evenly. */
	const durations = Array.from({ length: 16 }, (_, n) => (2 + (n * 4) / 15) * MINUTE);
	const learnt = (age: number, known = durations) => whileAwake(age, null, known, middle);

	it('begin as early as ever, and then shortly before the first may end', () => {
		expect(learnt(0)).toBe(2_000);
		expect(2_000 + learnt(2_000)).toBe(0.9 * 2 * MINUTE);
	});

	it('come more often the less time is left', () => {
		const pauses = [2, 3, 4, 5, 5.5].map((age) => learnt(age * MINUTE));
		expect(pauses).toEqual([...pauses].sort((a, b) => b - a));
		expect(pauses[0]).toBeLessThan(20_000);
		expect(pauses.at(-1)).toBeGreaterThanOrEqual(5_000);
	});

	it('are fewer than half as many', () => {
		const count = (known: number[]) =>
			ages((age) => age + whileAwake(age, null, known, middle), 5 * MINUTE).length;
		expect(count(durations)).toBeLessThan(count([]) / 2);
	});

	it('are as before if it is older than any of them, or only a few are known', () => {
		expect(learnt(7 * MINUTE)).toBe(learnt(7 * MINUTE, []));
		expect(learnt(MINUTE, durations.slice(1))).toBe(learnt(MINUTE, []));
	});

	it('keep the interval that the user has set', () => {
		expect(whileAwake(MINUTE, 20_000, durations, middle)).toBe(20_000);
	});
});

describe('the checks of a task by an execution that sleeps', () => {
	it('come after half a minute, then every minute', () => {
		expect(asleep(3 * MINUTE)).toEqual([0.5, 1.5, 2.5, 3.5].map((minutes) => minutes * MINUTE));
	});

	it('come every minute and a half from the 20th minute on', () => {
		expect(whileAsleep(20 * MINUTE, 20 * MINUTE)).toBe(21.5 * MINUTE);
	});

	it.each([0, 7_919])(
		'fall together for tasks that were started at different times, shifted by %i ms',
		(shift) => {
			const beats = [0, 7_000, 14_000, 29_000].flatMap((startedAt) =>
				asleep(5 * MINUTE, startedAt, shift).map((age) => (startedAt + age) % BEAT),
			);
			expect(new Set(beats)).toEqual(new Set([shift]));
		},
	);

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
	it('doubles from 20 seconds up to a minute', () => {
		expect([1, 2, 3, 20].map(untilNextTrial)).toEqual([20_000, 40_000, 60_000, 60_000]);
	});
});
