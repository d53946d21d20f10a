/** What a sleeping execution does with a callback: note it, or wake. It never fails, nor wakes without cause. */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { ACKNOWLEDGED, answer, isRejection, readCallback, type Rejection } from '../api/callback';
import { clock } from '../api/clock';
import { readRecentConnection } from '../api/connection';
import { isRunning, taskIdOf, type Batch } from '../batch/state';
import { dropSpentEntry, storedContextOfSleeper } from '../n8n';
import { decideCallback } from './callbacks';

const NOT_OURS: Rejection = { code: 403, msg: 'This execution is not waiting for this task' };
const AGAIN: Rejection = { code: 503, msg: 'The execution is not ready for callbacks, try again' };

const yes = async () => await Promise.resolve(true);

/** Nothing happens at the provider when a workflow is published: each generate request names its callback URL. */
export const nothingToRegister = { default: { checkExists: yes, create: yes, delete: yes } };

export async function wake(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const { hmacKey } = await readRecentConnection(this);
		const callback = readCallback(this, hmacKey);
		if (isRejection(callback)) return answer(this, callback);
		return resumeFor(this, callback.taskId);
	} catch (error) {
		// n8n would resume the execution without its data if this threw.
		this.logger.warn(`Runway Aleph could not process a callback: ${(error as Error).message}`);
		return answer(this, AGAIN);
	}
}

function resumeFor(ctx: IWebhookFunctions, taskId: string): IWebhookResponseData {
	const batch = storedContextOfSleeper(ctx).batch as Batch | undefined;
	const item = batch?.items.find((each) => taskIdOf(each) === taskId);
	if (!batch?.sleep || !item) return answer(ctx, NOT_OURS);
	if (!isRunning(item)) return answer(ctx, ACKNOWLEDGED);
	const verdict = decideCallback(batch, taskId, clock.now());
	if (verdict === 'again') return answer(ctx, AGAIN);
	const workflowData = verdict === 'wake' ? dropSpentEntry(ctx) : null;
	return workflowData ? { webhookResponse: ACKNOWLEDGED, workflowData } : answer(ctx, ACKNOWLEDGED);
}
