/** video / cancel: cancels tasks that run or wait, and reports those that have ended as they are. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { Client, type FoundRecord } from '../../api/client';
import { patiently } from '../../api/retry';
import { failureOf } from '../../batch/state';
import { requestError, type ItemRef } from '../../items/errors';
import { readInputs } from '../../items/inputs';
import { untoldOutcome } from '../../items/outcome';
import { outputItems, simplifyField, type Outcome } from '../../items/output';
import { readExecution } from '../../n8n';
import { acceptedTask } from '../../task/task';
import { includeInputFieldsOption, taskIdField } from './fields';
import { readTaskId } from './get';
import { readOutputTerms, termsOfBadItem } from './terms';

export const description: INodeProperties[] = [
	taskIdField,
	simplifyField,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [includeInputFieldsOption],
	},
];

const RERUN = 'Running the node again does no harm: tasks that have ended stay as they are.';

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { node, isTool, signal } = readExecution(this);
	const client = new Client(this);
	const provider = await client.provider(!this.continueOnFail());
	const inputs = readInputs(this, provider, (itemIndex) => readCancel(this, itemIndex));
	const cancelling = inputs.map(async (input, itemIndex) => {
		const ref: ItemRef = { node, itemIndex, provider };
		if (!(input instanceof Error)) return await outcomeOf(client, ref, input, signal);
		const { includeInputFields } = termsOfBadItem(this, itemIndex);
		return { task: null, includeInputFields, error: requestError(ref, input) };
	});
	return outputItems(this, await Promise.all(cancelling), { rerun: RERUN, isTool });
}

/** Throws an InvalidInput. */
function readCancel(ctx: IExecuteFunctions, itemIndex: number) {
	const taskId = readTaskId(ctx, itemIndex);
	const options = ctx.getNodeParameter('options', itemIndex, {});
	return { taskId, output: readOutputTerms(ctx, itemIndex, options) };
}

async function outcomeOf(
	client: Client,
	ref: ItemRef,
	{ taskId, output }: ReturnType<typeof readCancel>,
	signal: AbortSignal | undefined,
): Promise<Outcome> {
	try {
		const { task, data } = await cancelled(client, taskId, signal);
		return { task, data, ...output };
	} catch (error) {
		const failure = failureOf(error as Error);
		// Without a credential, nothing is known of the task, and the item has failed.
		if (failure.kind === 'noCredential') {
			return { task: null, ...output, error: requestError(ref, error as Error) };
		}
		return { ...untoldOutcome(ref, failure, acceptedTask(taskId)), ...output };
	}
}

/** The task's record after it was cancelled, or as it is if it had ended. */
async function cancelled(
	client: Client,
	taskId: string,
	signal: AbortSignal | undefined,
): Promise<FoundRecord> {
	const found = await client.cancelTask(taskId, { signal });
	const { api, data } = found;
	const hadEnded = data !== undefined;
	if (hadEnded) return found;
	// It is cancelled, whatever becomes of reading it: the API may have deleted it.
	return await patiently(async () => await client.readTask(taskId, { api })).catch(() => found);
}
