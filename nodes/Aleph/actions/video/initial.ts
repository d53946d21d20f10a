/** How an item begins, whatever the operation. */
import type { IExecuteFunctions } from 'n8n-workflow';
import { failureOf } from '../../batch/events';
import type { ItemState, Stage, Terms } from '../../batch/state';
import { inputHashOf } from './hashes';
import { termsOfBadItem } from './terms';

export interface Beginning {
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
