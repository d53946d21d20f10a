/**
 * What is wrong with the trigger is told when the workflow is published, and not by losing callbacks.
 * Nothing is registered at the provider: each generate request names the URL that it wants to be called.
 */
import { NodeOperationError, type IHookFunctions } from 'n8n-workflow';
import { readConnection } from '../api/connection';
import type { InvalidInput } from '../items/parameters';
import { readTriggerParameters } from './parameters';

export const checkAtPublishing = {
	default: {
		checkExists: async () => await Promise.resolve(false),
		create: check,
		delete: async () => await Promise.resolve(true),
	},
};

async function check(this: IHookFunctions): Promise<boolean> {
	const { dialect, provider } = await readConnection(this);
	if (!dialect.taskFromCallback) {
		throw new NodeOperationError(
			this.getNode(),
			`${provider.label} sends no callbacks, so this trigger would never start`,
			{
				description:
					'Use a Runway Aleph node with "Wait for Completion" instead: it goes on when the video is ready.',
			},
		);
	}
	try {
		readTriggerParameters(this);
		return true;
	} catch (error) {
		const { message, description } = error as InvalidInput;
		throw new NodeOperationError(this.getNode(), message, { description });
	}
}
