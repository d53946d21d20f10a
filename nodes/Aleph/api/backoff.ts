/** How long to stay away from a service that struggles. Durations are milliseconds. */

/** After the nth failure in a row (n = 1, 2, ...): 1 s, 2 s, 4 s, and so on, up to half a minute. */
export function backoff(failures: number, random = Math.random): number {
	return jittered(Math.min(30_000, 1_000 * 2 ** (failures - 1)), random);
}

/** Spreads requests by up to a tenth either way, so that tasks of one batch do not march in step. */
export function jittered(duration: number, random: () => number): number {
	return duration * (0.9 + 0.2 * random());
}
