/** account / getCredits: how many credits are left. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Client } from '../../api/client';
import { requestError } from '../../items/errors';
import { outputItems, type Outcome } from '../../items/output';

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const client = new Client(this);
	const provider = await client.provider(!this.continueOnFail());
	const ref = { node: this.getNode(), itemIndex: 0, provider };
	const outcome = await client.getCredits().then(
		(credits): Outcome => ({ task: null, data: { credits } }),
		(error: Error): Outcome => ({ task: null, error: requestError(ref, error) }),
	);
	return outputItems(
		this,
		this.getInputData().map(() => outcome),
	);
}
