/** How much at once, and how often: numbers that the limiters, the batch and the fields share. */

/** The APIs count new tasks over 10 s; the rest allows for uneven travel times. */
export const START_INTERVAL_MS = 10_500;

/** New tasks in that interval, unless the user says otherwise. */
export const DEFAULT_START_RATE = 20;

export const FILES_AT_ONCE = 5;

/** How long to ask for a task that the API does not know: it may have been started just before. */
export const UNKNOWN_MS = 10_000;
