/** The two limits of an account: generate requests per 10 seconds, and tasks running at once. */

const WINDOW_MS = 10_000;

export class Limits {
	/** For each key, when its last requests were let through. */
	private readonly admitted = new Map<string, number[]>();
	/** For each key, when its running tasks end. */
	private readonly ends = new Map<string, number[]>();

	/** Lets a request through, or not if the last 10 seconds have had their share. */
	admit(key: string, rateLimit: number): boolean {
		const now = Date.now();
		const recent = (this.admitted.get(key) ?? []).filter((time) => time > now - WINDOW_MS);
		const fits = recent.length < rateLimit;
		this.admitted.set(key, fits ? [...recent, now] : recent);
		return fits;
	}

	started(key: string, endsAt: number): void {
		this.ends.set(key, [...this.endsOf(key), endsAt]);
	}

	/** Tasks running now, of one key or of all. */
	running(key?: string): number {
		const keys = key === undefined ? [...this.ends.keys()] : [key];
		return keys.reduce((sum, each) => sum + this.endsOf(each).length, 0);
	}

	private endsOf(key: string): number[] {
		const now = Date.now();
		return (this.ends.get(key) ?? []).filter((time) => time > now);
	}
}
