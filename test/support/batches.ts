/** Batches for tests: how they begin, how n8n stores them, and where their items stand. */
import { newBatch, type Batch, type ItemState, type Terms } from '../../nodes/Aleph/batch/state';
import { MINUTE } from './fakeClock';

const TERMS: Terms = {
	waitFor: 'end',
	sleeps: false,
	timeout: 30 * MINUTE,
	notFoundTimeout: null,
	pollInterval: null,
	rate: 20,
	onTimeout: 'error',
	onStop: 'leave',
	simplify: true,
	includeInputFields: false,
	downloads: { video: null, thumbnail: null },
	fileCount: 0,
};

/** A batch of so many items that are to be started, with terms that hold for each of them or differ by item. */
export function batchOf(
	count: number,
	terms: Partial<Terms> | ((itemIndex: number) => Partial<Terms>) = {},
	about: Partial<Batch> = {},
): Batch {
	const items = Array.from({ length: count }, (_, itemIndex): ItemState => ({
		requestHash: `request ${itemIndex}`,
		inputHash: `input ${itemIndex}`,
		terms: { ...TERMS, ...(typeof terms === 'function' ? terms(itemIndex) : terms) },
		state: 'pending',
	}));
	const run = { executionId: '7', runIndex: 0, sleeps: false, stopsOnError: false, items };
	return { ...newBatch(run), ...about };
}

/** The batch as n8n stores it, and reads it again. */
export function stored(batch: Batch): Batch {
	return JSON.parse(JSON.stringify(batch)) as Batch;
}

/** Where each item stands, in a word. */
export function states({ items }: Batch): string[] {
	return items.map((item) => (item.state === 'completed' ? item.record.task.status : item.state));
}
