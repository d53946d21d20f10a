/** What the jobs of all operations have in common: how an item begins, and how its files are downloaded. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Client } from '../../api/client';
import type { Job } from '../../batch/job';
import { failureOf, type ItemState, type Stage, type Terms } from '../../batch/state';
import { downloader } from '../../items/downloads';
import { inputHashOf } from './hashes';
import { termsOfBadItem } from './terms';

interface Beginning {
	requestHash: string;
	terms: Terms;
	stage: Stage;
}

/** @param read reads the parameters; what it throws is how the item ends */
export async function initialState(
	ctx: IExecuteFunctions,
	itemIndex: number,
	read: () => Promise<Beginning>,
): Promise<ItemState> {
	const inputHash = inputHashOf(ctx, itemIndex);
	try {
		const { stage, ...facts } = await read();
		return { ...facts, inputHash, ...stage };
	} catch (error) {
		const terms = termsOfBadItem(ctx, itemIndex);
		return { inputHash, terms, state: 'failed', failure: failureOf(error as Error) };
	}
}

export function downloadWith(ctx: IExecuteFunctions, client: Client): Job['download'] {
	const download = downloader(ctx, client);
	return async ({ record: { task }, api, terms }) => ({
		binary: await download({ task, api: api! }, terms.downloads),
	});
}
