/**
 * Lets time pass faster for all that runs in the process of a test, as soon as it is imported: the
 * nodes, n8n's engine and the simulator. What is shipped, and how long it waits, stays the same. The
 * limits of requests (AbortSignal.timeout) go by the wall, and HTTP takes as long as ever: tests must not
 * depend on the factor.
 */
const FACTOR = 8;

const began = Date.now();
let skipped = 0;
const realNow = Date.now;
const now = () => Math.round(began + (realNow() - began) * FACTOR + skipped);

globalThis.Date = new Proxy(Date, {
	get: (target, name, receiver) =>
		name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown),
	construct: (target, args, newTarget) =>
		Reflect.construct(target, args.length > 0 ? args : [now()], newTarget) as Date,
});

type Timer = typeof setTimeout | typeof setInterval;

const faster = <T extends Timer>(timer: T): T =>
	Object.assign(
		(handler: () => void, duration = 0, ...args: []) =>
			timer(handler, Math.ceil(duration / FACTOR), ...args),
		timer,
	);

globalThis.setTimeout = faster(setTimeout);
globalThis.setInterval = faster(setInterval);

/** It is later, in milliseconds, though no timer has come nearer. */
export function skip(duration: number): void {
	skipped += duration;
}
