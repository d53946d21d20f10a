/** What was asked for a moment ago, or is being asked for, serves whoever asks the same. */
import { clock } from './clock';

interface Asked<T> {
	answer: Promise<T>;
	since: number;
}

/**
 * Gives a function that asks, unless the same was asked within the duration. What has failed is forgotten
 * at once.
 * @param duration milliseconds
 * @param isLasting whether an answer may serve others
 */
export function sharing<T>(duration: number, isLasting: (answer: T) => boolean = () => true) {
	const recent = new Map<string, Asked<T>>();
	return async (key: string, ask: () => Promise<T>): Promise<T> => {
		const now = clock.now();
		for (const [other, { since }] of recent) if (now >= since + duration) recent.delete(other);
		const known = recent.get(key);
		if (known) return await known.answer;
		const own = { answer: ask(), since: now };
		recent.set(key, own);
		const forget = () => {
			if (recent.get(key) === own) recent.delete(key);
		};
		own.answer.then((answer) => {
			if (!isLasting(answer)) forget();
		}, forget);
		return await own.answer;
	};
}
