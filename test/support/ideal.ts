/** The shortest time that a batch can take, whoever runs it. */

interface Limits {
	/** New tasks that the API accepts within the window. */
	rate: number;
	window: number;
	/** How many run at once. */
	slots: number;
}

/** Until the last has ended, if each task starts as soon as both limits allow. In the unit of the durations. */
export function idealTime(durations: number[], { rate, window, slots }: Limits): number {
	const starts: number[] = [];
	const ends: number[] = [];
	for (const duration of durations) {
		const byRate = (starts[starts.length - rate] ?? -Infinity) + window;
		const free = ends.length < slots ? 0 : ends.sort((a, b) => a - b).shift()!;
		const start = Math.max(0, byRate, free);
		starts.push(start);
		ends.push(start + duration);
	}
	return Math.max(...ends);
}
