/**
 * When to look at a task again, and how long to stay away from a service that struggles.
 *
 * Aleph takes 2 to 15 minutes, but a task that moderation refuses ends within a second or two.
 * So the first look comes early; then a task is looked at every 3 seconds, and from its 90th
 * second on every thirtieth part of its age, up to 15 seconds. A result is thus noticed within
 * a few hundredths of the time it took, for about 40 requests in 2 minutes and 65 in 5.
 */

const FIRST_LOOK_MS = 2_000;
const SHORTEST_MS = 3_000;
const LONGEST_MS = 15_000;
const SHARE_OF_AGE = 1 / 30;

/** Spreads looks by up to a tenth either way, so that tasks of one batch do not march in step. */
const JITTER = 0.1;

/**
 * Milliseconds until the next look at a task.
 * @param age milliseconds since the wait for it began
 * @param interval the user's own interval in milliseconds, if set
 */
export function untilNextLook(age: number, interval?: number, random = Math.random): number {
	const steady = interval ?? Math.min(LONGEST_MS, Math.max(SHORTEST_MS, age * SHARE_OF_AGE));
	return Math.min(age === 0 ? FIRST_LOOK_MS : Infinity, jittered(steady, random));
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

/** Milliseconds to stay away after the nth failure in a row (n = 1, 2, ...). */
export function backoff(failures: number, random = Math.random): number {
	return jittered(Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1)), random);
}

function jittered(duration: number, random: () => number): number {
	return duration * (1 - JITTER + 2 * JITTER * random());
}
