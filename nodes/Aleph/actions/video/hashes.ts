/** Hashes that tell whether an item is still the same when the node runs again. */
import { createHash } from 'crypto';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { identityOf } from '../../items/binary';

export function hashOf(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * Of an item's parameters as written, and its input. Expressions with the time, a random number or the
 * execution's ID give other values when the node runs again, although the item is the same.
 */
export function inputHashOf(ctx: IExecuteFunctions, itemIndex: number): string {
	const { json, binary = {} } = ctx.getInputData()[itemIndex] ?? {};
	return hashOf([ctx.getNode().parameters, json, filesOf(binary)]);
}

export function filesOf(files: Record<string, IBinaryData>): Array<[string, string]> {
	return Object.entries(files).map(([name, binary]) => [name, identityOf(binary)]);
}
