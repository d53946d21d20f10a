/**
 * When to check a task again, and how long to stay away from a service that struggles.
 * All durations are milliseconds.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Gives the time of the next check of a task, from its age and the time now (epoch milliseconds). */
export type Schedule = (age: number, now: number) => number;

/**
 * For an execution that stays awake. Aleph takes 2 to 15 minutes, but a task that moderation refuses
 * ends within a second or two. So the first check comes early; then a task is checked every 3
 * seconds, and from its 90th second on every thirtieth part of its age, up to 15 seconds. A result
 * is thus noticed within a few hundredths of the time it took, for about 40 requests in 2 minutes
 * and 65 in 5.
 * @param interval the user's own, if set
 */
export function whileAwake(interval?: number, random = Math.random): Schedule {
	return (age, now) => {
		const steady = interval ?? Math.min(15 * SECOND, Math.max(3 * SECOND, age / 30));
		const pause = Math.round(jittered(steady, random));
		return now + (age === 0 ? Math.min(2 * SECOND, pause) : pause);
	};
}

/**
 * For an execution that sleeps: after half a minute, then every minute, and from the 20th minute on
 * every minute and a half. All tasks are checked on the same beats of 30 seconds, so that one wake does
 * for many.
 */
export const whileAsleep: Schedule = (age, now) => {
	const pause = age < MINUTE / 2 ? MINUTE / 2 : age < 20 * MINUTE ? MINUTE : 1.5 * MINUTE;
	return Math.round((now + pause) / BEAT) * BEAT;
};

const BEAT = 30 * SECOND;

/** How long to stay away after the nth failure in a row (n = 1, 2, ...). */
export function backoff(failures: number, random = Math.random): number {
	return jittered(Math.min(30 * SECOND, SECOND * 2 ** (failures - 1)), random);
}

/**
 * How long to start nothing after the nth refusal in a row, while tasks of ours run: a place gets free when
 * one of them ends, and then there is no need to wait. Longer than the 10 seconds over which the API
 * counts.
 */
export function untilNextTry(refusals: number): number {
	return Math.min(MINUTE, 12 * SECOND * 2 ** (refusals - 1));
}

/** Spreads requests by up to a tenth either way, so that tasks of one batch do not march in step. */
function jittered(duration: number, random: () => number): number {
	return duration * (0.9 + 0.2 * random());
}
