/**
 * What uploads and downloads share: a few at once, again after failures that pass, and as long as
 * the line needs, but not when nothing moves any more.
 */
import { ApiFailure } from './failure';
import { Line } from './line';
import { retrying } from './retry';

/** How long nothing may move before a transfer has failed; the answer to an upload gets as much. */
export const IDLE_MS = 120_000;

/** How long to try again, from the first failure on. */
const PATIENCE_MS = 60_000;

/** A few files at once, whoever asks for them. */
export function lineOfFiles(): Line {
	return new Line(0, 5);
}

interface Transfer {
	url: string;
	/** Whose turn it is, as in every line. */
	owner: symbol;
	/** Milliseconds. */
	idle: number;
	line: Line;
	signal?: AbortSignal;
}

/**
 * Moves a file, in its turn. Throws an ApiFailure.
 * @param move one try, which tells the watch of each chunk, and heeds its signal
 */
export async function transfer<T>(
	{ url, owner, idle, line, signal }: Transfer,
	move: (watch: Watch) => Promise<T>,
): Promise<T> {
	const once = async () => {
		const watch = new Watch(idle);
		try {
			return await move(watch);
		} catch (error) {
			throw watch.signal.aborted ? new Stalled(url, idle) : error;
		} finally {
			watch.stop();
		}
	};
	const place = { owner, limit: Infinity, signal };
	let firstFailure: number | undefined;
	return await retrying(async () => await line.send(place, once), {
		until: (failure) => {
			firstFailure ??= Date.now();
			return failure.isPassing ? firstFailure + PATIENCE_MS : 0;
		},
		signal,
	});
}

/** Who waits for two minutes in vain does not want to wait again. */
class Stalled extends ApiFailure {
	constructor(url: string, idle: number) {
		super('cut', null, `nothing moved for ${idle / 1000} seconds at ${new URL(url).origin}`);
	}

	override get isPassing() {
		return false;
	}
}

/** Notices when nothing moves any more. n8n's time-out cannot: it counts until the answer begins. */
export class Watch {
	private readonly controller = new AbortController();
	private lastMove = Date.now();

	constructor(private readonly idle: number) {
		this.look();
	}

	/** Aborts once nothing has moved for too long. */
	get signal(): AbortSignal {
		return this.controller.signal;
	}

	moved(): void {
		this.lastMove = Date.now();
	}

	/** Also ends what still goes on, such as sending a file that has been refused. */
	stop(): void {
		this.controller.abort();
	}

	private look(): void {
		const left = this.lastMove + this.idle - Date.now();
		if (left <= 0) this.stop();
		if (this.signal.aborted) return;
		AbortSignal.timeout(left).addEventListener('abort', () => this.look());
	}
}
