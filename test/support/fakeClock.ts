/**
 * A clock whose time passes as fast as the processor allows: once nothing more can happen at a moment, it
 * is the moment at which the next pause ends. No timer of the computer is involved.
 */
import type { Clock } from '../../nodes/Aleph/api/clock';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

interface Alarm {
	time: number;
	ring: () => void;
}

export class FakeClock implements Clock {
	/** In the order in which they ring. */
	private readonly alarms: Alarm[] = [];

	private isAdvancing = false;

	constructor(private time = 0) {}

	readonly now = () => this.time;

	readonly pause = async (duration: number, signal?: AbortSignal, sooner?: Promise<void>) => {
		signal?.throwIfAborted();
		await new Promise<void>((resolve, reject) => {
			const alarm = { time: this.time + Math.max(0, Math.ceil(duration)), ring: () => end() };
			const end = (reason?: Error) => {
				this.remove(alarm);
				signal?.removeEventListener('abort', onAbort);
				if (reason) reject(reason);
				else resolve();
			};
			const onAbort = () => end(signal?.reason as Error);
			signal?.addEventListener('abort', onAbort);
			void sooner?.then(() => end());
			this.set(alarm);
		});
	};

	private set(alarm: Alarm): void {
		this.alarms.push(alarm);
		this.alarms.sort((a, b) => a.time - b.time);
		this.advance();
	}

	private remove(alarm: Alarm): void {
		const index = this.alarms.indexOf(alarm);
		if (index !== -1) this.alarms.splice(index, 1);
	}

	/** The next moment comes when all promises of this one have settled. */
	private advance(): void {
		if (this.isAdvancing) return;
		this.isAdvancing = true;
		setImmediate(() => {
			this.isAdvancing = false;
			const [next] = this.alarms;
			if (!next) return;
			this.time = next.time;
			const due = this.alarms.filter(({ time }) => time === next.time);
			for (const { ring } of due) ring();
			this.advance();
		});
	}
}
