/** What each part of the benchmark is to `bench.ts`: a module that exports a `Part`. */

export interface Part {
	/** The sentences above its table: what stands beside what, and how it is measured. */
	compares: string;
	/** What the table says, in a sentence. */
	inShort: (rows: Row[]) => string;
	run: (options: PartOptions) => Promise<Row[]>;
}

export interface PartOptions {
	/** The packed package, for `startN8n`. */
	packageTarball: string;
	/** Says what is being measured. */
	progress: (text: string) => void;
}

/** A row of the table: cells by the titles of their columns; what is not there stays empty. */
export type Row = Record<string, string>;

/** A cell of the row whose first column has this text. */
export function cell(rows: Row[], first: string, title: string): string {
	const row = rows.find((each) => Object.values(each)[0] === first);
	const text = row?.[title];
	if (text === undefined) throw new Error(`There is no "${title}" of "${first}"`);
	return text;
}

/** A ratio as its cell shows it. */
export function times(ratio: number): string {
	return `${ratio.toFixed(2)} ×`;
}

export function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = (sorted.length - 1) / 2;
	return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

export function mean(values: number[]): number {
	return sum(values) / values.length;
}

export function sum(values: number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
