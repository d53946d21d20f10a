/** What the jobs of all operations have in common: how an item begins and is known again, and its downloads. */
import { createHash } from 'crypto';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import type { Client } from '../../api/client';
import type { Job } from '../../batch/job';
import { failureOf, type ItemState } from '../../batch/state';
import { identityOf } from '../../items/binary';
import { downloader } from '../../items/downloads';
import { termsOfBadItem } from './terms';

/** @param read reads the parameters; what it throws is how the item ends */
export async function initialState(
	ctx: IExecuteFunctions,
	itemIndex: number,
	read: () => Promise<ItemState>,
): Promise<ItemState> {
	const inputHash = inputHashOf(ctx, itemIndex);
	try {
		return { ...(await read()), inputHash };
	} catch (error) {
		const terms = termsOfBadItem(ctx, itemIndex);
		return { inputHash, terms, state: 'failed', failure: failureOf(error as Error) };
	}
}

export function downloadWith(ctx: IExecuteFunctions, client: Client): Job['download'] {
	const download = downloader(ctx, client);
	return async ({ record: { task }, api, terms }, signal) => ({
		binary: await download({ task, api: api! }, terms.downloads, signal),
	});
}

export function hashOf(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * Of an item's parameters as written, and its input. Expressions with the time, a random number or the
 * execution's ID give other values when the node runs again, although the item is the same.
 */
function inputHashOf(ctx: IExecuteFunctions, itemIndex: number): string {
	const { json, binary } = ctx.getInputData()[itemIndex] ?? {};
	return hashOf([ctx.getNode().parameters, json, filesOf(binary ?? {})]);
}

export function filesOf(files: Record<string, IBinaryData>): Array<[string, string]> {
	return Object.entries(files).map(([name, binary]) => [name, identityOf(binary)]);
}
