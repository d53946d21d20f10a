/** The two limits of an account: new tasks asked for in 10 seconds, and tasks running at once. */
import { Moments } from './moments';

const WINDOW_MS = 10_000;

export class Limits {
	/** For each key, when its last requests were let through. */
	private readonly admitted = new PerKey();
	/** For each key, when its running tasks end. */
	private readonly ends = new PerKey();

	/** Lets a request through, or not if the last 10 seconds have had their share. */
	admit(key: string, rateLimit: number): boolean {
		const now = Date.now();
		const recent = this.admitted.of(key);
		const fits = recent.countAfter(now - WINDOW_MS) < rateLimit;
		if (fits) recent.add(now);
		return fits;
	}

	started(key: string, endsAt: number): void {
		this.ends.of(key).add(endsAt);
	}

	/** Tasks running now, of one key or of all. */
	running(key?: string): number {
		const now = Date.now();
		const all = key === undefined ? this.ends.all() : [this.ends.of(key)];
		return all.reduce((sum, ends) => sum + ends.countAfter(now), 0);
	}
}

class PerKey {
	private readonly moments = new Map<string, Moments>();

	of(key: string): Moments {
		const moments = this.moments.get(key) ?? new Moments();
		this.moments.set(key, moments);
		return moments;
	}

	all(): Moments[] {
		return [...this.moments.values()];
	}
}
