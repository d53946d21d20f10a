/**
 * What is wrong with the trigger is told when the workflow is published, and not by losing callbacks.
 * Nothing is registered at the provider: each generate request names the URL that it wants to be called.
 */
import { NodeOperationError, type IHookFunctions } from 'n8n-workflow';
import { connectionOf } from '../api/connection';
import { InvalidInput } from '../items/parameters';
import { readTriggerParameters } from './parameters';

export const checkAtPublishing = {
	default: {
		checkExists: async () => await Promise.resolve(false),
		create: check,
		delete: async () => await Promise.resolve(true),
	},
};

async function check(this: IHookFunctions): Promise<boolean> {
	const connection = connectionOf(await this.getCredentials('alephApi'));
	if (connection && !connection.dialect.taskFromCallback) {
		throw new NodeOperationError(
			this.getNode(),
			`${connection.provider.label} sends no callbacks, so this trigger would never start`,
			{
				description:
					'Use a Runway Aleph node with "Wait for Completion" instead: it goes on when the video is ready.',
			},
		);
	}
	const problem = parameterProblem(this);
	if (!problem) return true;
	const { message, description } = problem;
	throw new NodeOperationError(this.getNode(), message, { description });
}

function parameterProblem(ctx: IHookFunctions): InvalidInput | null {
	try {
		readTriggerParameters(ctx);
		return null;
	} catch (error) {
		return error as InvalidInput;
	}
}
