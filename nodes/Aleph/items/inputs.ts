/** Reading what all items ask for, before anything is sent for any of them. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Provider } from '../api/dialects/dialect';
import { requestError } from './errors';

/**
 * What each item asks for, or what is wrong with it. If the node stops on errors and one item is bad, throws
 * its error: what was sent for the others could not be told.
 */
export function readInputs<T>(
	ctx: IExecuteFunctions,
	provider: Provider | undefined,
	read: (itemIndex: number) => T,
): Array<T | Error> {
	return ctx.getInputData().map((_, itemIndex) => {
		try {
			return read(itemIndex);
		} catch (error) {
			if (ctx.continueOnFail()) return error as Error;
			throw requestError({ node: ctx.getNode(), itemIndex, provider }, error as Error);
		}
	});
}
