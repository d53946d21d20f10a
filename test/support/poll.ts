/** Waiting for what is sure to happen, however slow the machine is. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds by the wall. */
export interface Patience {
	timeout?: number;
	/** If not given, it looks the more rarely, the longer it has waited: each look costs n8n time. */
	interval?: number;
}

/** Reads until the value is as wanted, and gives it. In vain, it throws an error that shows the last. */
export async function poll<T>(
	read: () => T | Promise<T>,
	isWanted: (value: T) => boolean = Boolean,
	{ timeout = 180_000, interval }: Patience = {},
): Promise<T> {
	const begin = performance.now();
	for (;;) {
		const value = await read();
		if (isWanted(value)) return value;
		const waited = performance.now() - begin;
		if (waited > timeout) {
			throw new Error(`Waited ${timeout / 1000} s in vain; last seen: ${brief(value)}`);
		}
		await sleep(interval ?? Math.min(Math.max(waited / 10, 100), 2_000));
	}
}

/** Resolves once it holds. */
export async function until(holds: () => boolean, patience: Patience = {}): Promise<void> {
	await poll(holds, Boolean, { interval: 10, ...patience });
}

/** The beginning of a value as JSON, for an error. */
export function brief(value: unknown): string {
	return String(JSON.stringify(value)).slice(0, 1_000);
}
