/** video / cancel: cancels tasks that run or wait, and reports those that have ended as they are. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { Client, type FoundRecord } from '../../api/client';
import { patiently } from '../../api/retry';
import { requestError, type ItemRef } from '../../items/errors';
import { outputItems, providerOf, simplifyField, type Outcome } from '../../items/output';
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

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const client = new Client(this);
	const provider = await providerOf(client, !this.continueOnFail());
	const outcomes = this.getInputData().map(
		async (_, itemIndex) =>
			await outcomeOf(this, client, { node: this.getNode(), itemIndex, provider }),
	);
	return outputItems(this, await Promise.all(outcomes));
}

async function outcomeOf(ctx: IExecuteFunctions, client: Client, ref: ItemRef): Promise<Outcome> {
	const { itemIndex } = ref;
	let taskId: string | undefined;
	try {
		// Without a credential, nothing is known of the task, and the item has failed.
		await client.connected();
		taskId = readTaskId(ctx, itemIndex);
		const output = readOutputTerms(ctx, itemIndex, ctx.getNodeParameter('options', itemIndex, {}));
		const { task, data } = await cancelled(client, taskId);
		return { task, data: data as Outcome['data'], ...output };
	} catch (error) {
		const { includeInputFields } = termsOfBadItem(ctx, itemIndex);
		return {
			task: taskId === undefined ? null : acceptedTask(taskId),
			includeInputFields,
			error: requestError(ref, error as Error),
		};
	}
}

/** The task's record after it was cancelled, or as it is if it had ended. */
async function cancelled(client: Client, taskId: string): Promise<FoundRecord> {
	const found = await client.cancelTask(taskId);
	if (found.task.status !== 'processing') return found;
	return await patiently(async () => await client.readTask(taskId, { api: found.api }));
}
