/** account / getCredits: how many credits are left. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { getCredits } from '../../api/client';
import { connect } from '../../api/connect';
import { asFailure } from '../../api/failure';
import { outputItems, type Outcome } from '../outcome';
import { requestError } from '../errors';

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const outcome = await getCredits(api).then(
		(credits): Outcome => ({ task: null, data: { credits } }),
		(error: unknown): Outcome => ({
			task: null,
			error: requestError(this.getNode(), 0, asFailure(error)),
		}),
	);
	return outputItems(
		this,
		this.getInputData().map(() => outcome),
	);
}
