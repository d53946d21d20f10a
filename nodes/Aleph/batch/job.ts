/** What one input item asks for in this run of the node. It is never stored: its state is. */
import type { Client, StartedTask } from '../api/client';
import type { Requested } from '../task/task';
import type { Completed, Files, ItemFacts, ItemState, Uploads } from './state';

export interface Job {
	/** How the item begins. Reads its parameters; if they are bad, that is how it ends. */
	initial: (now: number) => Promise<ItemState>;
	/**
	 * Absent if the task has been started already: then there is nothing to upload and to start.
	 *
	 * Uploads the files that are not in `known`, or would not last, and gives all of them. Throws an
	 * ApiError, n8n's error if a file cannot be read, or the signal's reason while it waits for its turn.
	 * @param keep is told of what is up as soon as it is
	 */
	upload?: (
		known: Uploads,
		signal: AbortSignal,
		keep: (uploads: Uploads) => void,
	) => Promise<Uploads>;
	/**
	 * Starts the task. Throws an ApiError, n8n's error, or the signal's reason while it waits for its turn.
	 * @param calls whether it is to call the execution when it ends, if it can
	 */
	start?: (uploads: Uploads, signal: AbortSignal, calls: boolean) => Promise<Started>;
	/**
	 * Downloads what the item wants of a finished task. Throws an ApiError, n8n's error, or the signal's reason
	 * while it waits for its first turn.
	 */
	download: (item: ItemFacts & Completed, signal: AbortSignal) => Promise<Files>;
}

export interface Started extends StartedTask {
	requested: Requested;
	/** Whether its callback comes to this execution. */
	calls?: true;
}

/** What the driver asks of the API, whichever item it is for. */
export type Tasks = Pick<Client, 'readTask' | 'renewed' | 'cancelTask' | 'getConcurrency'>;
