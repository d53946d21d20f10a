/** What the API says of the task of a callback, since that can be forged. */
import type { Rejection } from '../api/callback';
import type { Client, FoundRecord } from '../api/client';
import { clock } from '../api/clock';
import { ApiError } from '../api/error';
import { sharing } from '../api/recent';
import { retrying } from '../api/retry';
import { untilAborted } from '../api/signals';

/** The provider waits 15 s for an answer. */
export const VERIFICATION_MS = 10_000;

/** If it has hung up already, nobody waits, and this may be its last try. */
export const UNHEARD_VERIFICATION_MS = 60_000;

const AGAIN_MS = 1_000;

/** How long the record of an ended task serves the next callback for it. */
const RECENT_MS = 60_000;

/** By account and task. */
const shared = sharing<FoundRecord>(RECENT_MS, ({ task }) => task.status !== 'processing');

/**
 * The record; or why the callback is not believed.
 * @param patience milliseconds
 */
export async function verified(
	client: Client,
	taskId: string,
	patience: number,
): Promise<FoundRecord | Rejection> {
	const until = clock.now() + patience;
	const signal = AbortSignal.timeout(patience);
	const read = async () => await untilAborted(readOnce(client, taskId, signal), signal);
	let unverified: Rejection = { code: 503, msg: 'The task could not be verified, try again' };
	try {
		for (;;) {
			const found = await retrying(read, () => until);
			if (found.task.status !== 'processing') return found;
			// What the API has told holds, also if the time is up before it tells again.
			unverified = { code: 503, msg: 'The task is still running, try again' };
			if (clock.now() + AGAIN_MS > until) return unverified;
			await clock.pause(AGAIN_MS);
		}
	} catch (error) {
		// Else the time is up.
		const cause = error instanceof ApiError ? error : undefined;
		return cause?.kind === 'unknownTask'
			? { code: 403, msg: 'The API does not know this task', cause }
			: { ...unverified, cause };
	}
}

/**
 * Reads the task, unless another callback for it has done so a moment ago, or is about to. What is on its way
 * to the API when the time is over goes on, for the next try.
 * @param signal takes the request back while it waits for its turn
 */
async function readOnce(client: Client, taskId: string, signal: AbortSignal): Promise<FoundRecord> {
	const { account } = await client.connected();
	const read = async () => await client.readTask(taskId, { checks: 'callbacks', signal });
	return await shared(`${account} ${taskId}`, read).catch((error: unknown) => {
		// The time of another callback may be over before that of this one.
		throw error instanceof ApiError ? error : new ApiError('busy', null, 'Not asked in time');
	});
}
