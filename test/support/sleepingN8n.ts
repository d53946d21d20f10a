/**
 * What n8n does with an execution that sleeps, on a fake clock: it looks once a minute for those that are
 * due, and hands callbacks to the node. The callbacks that come while the execution is awake are refused.
 */
import { decideCallback, markAsleep, markAwake } from '../../nodes/Aleph/execution/callbacks';
import type { Batch } from '../../nodes/Aleph/batch/state';
import { stored } from './batches';
import type { World } from './batchWorld';
import { MINUTE, SECOND } from './fakeClock';

/** What a callback costs n8n, one after the other. */
const CALLBACK_MS = 110;

/** How often the provider calls again, and after how long. */
const RETRIES = 3;
const RETRY_DELAY_MS = SECOND;

interface Call {
	taskId: string;
	time: number;
	/** How often it has come before. */
	retries: number;
}

/** @param isLost whether the callback of an item's task never comes */
export function sleepingN8n(world: World, isLost: (itemIndex: number) => boolean) {
	const { clock } = world;
	const called = new Set<string>();
	const calls: Call[] = [];

	/** Those that have come or will, the next one first. */
	function upcoming(): Call[] {
		for (const [taskId, { endsAt, itemIndex }] of world.tasks) {
			if (called.has(taskId)) continue;
			called.add(taskId);
			if (!isLost(itemIndex)) calls.push({ taskId, time: endsAt, retries: 0 });
		}
		return calls.sort((a, b) => a.time - b.time);
	}

	/** The provider comes again, if it does. */
	function again({ taskId, time, retries }: Call): void {
		if (retries < RETRIES) {
			calls.push({ taskId, time: time + RETRY_DELAY_MS, retries: retries + 1 });
		}
	}

	return async function asleep(resting: Batch, wakeAt: number): Promise<Batch> {
		const batch = stored(resting);
		const { executionId } = batch;
		const sleep = batch.sleep!;
		markAsleep(executionId, sleep);
		const wokenAt = Math.max(wakeAt, Math.ceil(sleep.since / MINUTE) * MINUTE);
		for (;;) {
			const [call] = upcoming();
			if (!call || call.time >= wokenAt) break;
			calls.shift();
			if (call.time < sleep.since) {
				again(call);
				continue;
			}
			await clock.pause(Math.max(0, call.time - clock.now()) + CALLBACK_MS);
			const verdict = decideCallback(batch, call.taskId, clock.now());
			if (verdict === 'again') again(call);
			if (verdict === 'wake') return woken(batch);
		}
		await clock.pause(Math.max(0, wokenAt - clock.now()));
		return woken(batch);
	};

	function woken(batch: Batch): Batch {
		const { taskIds } = markAwake(batch.executionId, batch.sleep!, clock.now());
		return { ...batch, sleep: { ...batch.sleep!, callbacks: [...taskIds] } };
	}
}
