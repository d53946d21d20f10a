/** When to check a task again. All durations are milliseconds. */
import { jittered } from '../api/backoff';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/**
 * For an execution that stays awake: how long to wait. Aleph takes 2 to 15 minutes, but a task that
 * moderation refuses ends within a second or two. So the first check comes early; then a task is checked
 * every 3 seconds, and from its 90th second on every thirtieth part of its age, up to 15 seconds. Once
 * enough tasks have ended, how long they took says more.
 * @param interval the user's own, if set
 * @param durations of tasks that have ended
 */
export function whileAwake(
	age: number,
	interval: number | null,
	durations: number[] = [],
	random = Math.random,
): number {
	const usual = Math.min(15 * SECOND, Math.max(3 * SECOND, age / 30));
	const steady = interval ?? (durations.length < ENOUGH ? usual : expected(age, usual, durations));
	const pause = Math.round(jittered(steady, random));
	return age === 0 ? Math.min(2 * SECOND, pause) : pause;
}

/** From so many durations on they are representative; and the last so many are kept. */
const ENOUGH = 16;
export const KEPT = 32;

/** Which wait for the result a check is worth: a higher one gives fewer checks, and later ones. */
const CHECK_COST_MS = 1_600;

const LONGEST_INTERVAL_MS = 45 * SECOND;

/**
 * Nothing until shortly before the youngest age at which one has ended; then the rarer, the longer the
 * others of this age still took.
 */
function expected(age: number, usual: number, durations: number[]): number {
	const untilFirst = 0.9 * Math.min(...durations) - age;
	const left = durations.filter((duration) => duration > age).map((duration) => duration - age);
	if (left.length === 0) return usual;
	const mean = left.reduce((sum, each) => sum + each, 0) / left.length;
	const pause = Math.sqrt(mean * CHECK_COST_MS);
	return Math.max(untilFirst, usual / 2, Math.min(LONGEST_INTERVAL_MS, pause));
}

/**
 * For an execution that sleeps: the time of the next check. After half a minute, then every minute, and
 * from the 20th minute on every minute and a half. All tasks of an execution are checked on the same
 * beats of 30 seconds, so that one wake does for many.
 * @param shift of the beats, so that executions do not wake all at once
 */
export function whileAsleep(age: number, now: number, shift = 0): number {
	const pause = age < MINUTE / 2 ? MINUTE / 2 : age < 20 * MINUTE ? MINUTE : 1.5 * MINUTE;
	return Math.round((now + pause - shift) / BEAT) * BEAT + shift;
}

export const BEAT = 30 * SECOND;
