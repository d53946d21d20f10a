/** Moments in their order. Each question forgets those that are past, so that it stays cheap. */

export class Moments {
	private readonly times: number[] = [];

	/** @param time epoch milliseconds; later than most, so that its place is found from the end */
	add(time: number): void {
		let place = this.times.length;
		while (place > 0 && (this.times[place - 1] ?? 0) > time) place--;
		this.times.splice(place, 0, time);
	}

	/** How many are later than this. It must not go back: the others are gone. */
	countAfter(time: number): number {
		const first = this.times.findIndex((each) => each > time);
		this.times.splice(0, first === -1 ? this.times.length : first);
		return this.times.length;
	}
}
