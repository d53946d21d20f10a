/**
 * What uploads and downloads share: a few at once, again after errors that pass, and as long as the
 * connection needs, but not if it has as good as stopped.
 */
import { ApiError } from '../error';
import type { RateLimiter } from '../rateLimiter';
import { patiently } from '../retry';
import { limited } from '../signals';

/** How long nothing may move before a transfer has failed; the answer to an upload gets as much. */
const IDLE_MS = 120_000;

/** What crawls below this would block the others for ever. */
const SLOWEST_BYTES_PER_SECOND = 500;

/** How long to try again, from the first failure on. */
const PATIENCE_MS = 60_000;

export interface Transfer {
	url: string;
	/** Whose turn it is. */
	owner: symbol;
	limiter: RateLimiter;
	signal?: AbortSignal;
	/** Withdraws the transfer between two attempts, or while it waits for its turn. */
	withdrawal?: AbortSignal;
	/** Withdraws it only while it waits for its first turn. */
	firstTurn?: AbortSignal;
	/** Milliseconds in which next to nothing moves, after which the transfer has failed. */
	idle?: number;
}

/**
 * Moves a file, in its turn. Throws an ApiError; anything else that `move` throws is not retried.
 * @param move one attempt, which tells the timer of each chunk, and heeds its signal
 */
export async function transfer<T>(
	transferring: Transfer,
	move: (timer: IdleTimer) => Promise<T>,
): Promise<T> {
	const { url, owner, limiter, signal, withdrawal = signal, idle = IDLE_MS } = transferring;
	let { firstTurn: turn = withdrawal } = transferring;
	const attempt = async () => {
		turn = withdrawal;
		const timer = new IdleTimer(idle, signal);
		const moved = move(timer).catch((error: unknown) => {
			throw timer.isOver ? stalled(url, idle) : error;
		});
		return await moved.finally(() => timer.stop());
	};
	const run = async () => await limiter.run({ owner, signal: turn }, attempt);
	return await patiently(run, withdrawal, PATIENCE_MS);
}

/** A stalled transfer isn't retried: that would mean another two minutes. */
function stalled(url: string, idle: number): ApiError {
	const reason = `nothing moved for ${idle / 1000} seconds at ${new URL(url).origin}`;
	return new ApiError('interrupted', null, reason, { shouldRetry: false });
}

/**
 * The chunks of a stream. Tells of each, and of what goes wrong with the stream itself rather than with
 * who reads it.
 */
export async function* watched(
	source: AsyncIterable<Uint8Array>,
	onChunk: (chunk: Uint8Array) => void,
	onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
	const chunks = source[Symbol.asyncIterator]();
	try {
		for (;;) {
			const next = await chunks.next().catch((error: unknown) => {
				onError(error);
				throw error;
			});
			if (next.done) return;
			onChunk(next.value);
			yield next.value;
		}
	} finally {
		await chunks.return?.();
	}
}

/** Notices when nothing moves any more. n8n's time-out cannot: it counts until the answer begins. */
export class IdleTimer {
	/** Aborts once next to nothing has moved for too long, the execution is stopped, or the transfer is over. */
	readonly signal: AbortSignal;

	isOver = false;

	private readonly end = new AbortController();

	private readonly limit;

	private bytes = 0;

	constructor(
		private readonly idle: number,
		signal?: AbortSignal,
	) {
		this.limit = limited([this.end.signal, signal]);
		this.signal = this.limit.signal;
		this.look();
	}

	moved(bytes: number): void {
		this.bytes += bytes;
	}

	/** Also ends what still goes on, such as sending a file that has been refused. */
	stop(): void {
		this.end.abort();
		this.limit.release();
	}

	private look(): void {
		AbortSignal.timeout(this.idle).addEventListener('abort', () => {
			if (this.signal.aborted) return;
			this.isOver = this.bytes < (SLOWEST_BYTES_PER_SECOND * this.idle) / 1000;
			if (this.isOver) return this.stop();
			this.bytes = 0;
			this.look();
		});
	}
}
