/** What a sleeping execution does with a callback: note it, or wake. It never fails, nor wakes without cause. */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { connect } from '../api/connect';
import { ACKNOWLEDGED, answer, readCallback, type Refusal } from '../api/callback';
import { arrived, arrivedFirst, BEFORE_ALL, type Verdict } from './callers';
import { convertEarlier, earlierSleep } from './earlier';
import { sleeperOf } from './sleep';
import { isRunning, type Batch } from './state';

const NOT_OURS: Refusal = { code: 403, msg: 'This execution is not waiting for this task' };
const AGAIN: Refusal = { code: 503, msg: 'The execution is not ready for callbacks, try again' };

export async function wake(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	try {
		const { webhookHmacKey } = await connect(this);
		const callback = readCallback(this, webhookHmacKey);
		if ('msg' in callback) return answer(this, callback);
		return resumeFor(this, callback.taskId);
	} catch (error) {
		// n8n would resume the execution without its data if this threw.
		this.logger.warn(`Runway Aleph could not process a callback: ${(error as Error).message}`);
		return answer(this, AGAIN);
	}
}

function resumeFor(functions: IWebhookFunctions, taskId: string): IWebhookResponseData {
	const { context } = sleeperOf(functions);
	const batch = context.batch as Batch | undefined;
	if (!batch?.sleep) return resumeEarlier(functions, taskId);
	const item = batch.items.find((each) => 'taskId' in each && each.taskId === taskId);
	if (!item) return answer(functions, NOT_OURS);
	if (!isRunning(item)) return answer(functions, ACKNOWLEDGED);
	const verdict = arrived(functions.getExecutionId(), batch, taskId, Date.now());
	return verdict === 'wake'
		? { webhookResponse: ACKNOWLEDGED, workflowData: [] }
		: answer(functions, ANSWERS[verdict]);
}

const ANSWERS: Record<Exclude<Verdict, 'wake'>, Refusal | typeof ACKNOWLEDGED> = {
	noted: ACKNOWLEDGED,
	again: AGAIN,
};

/** Wakes an execution that fell asleep under version 0.1.0: it goes on as one of today. */
function resumeEarlier(functions: IWebhookFunctions, taskId: string): IWebhookResponseData {
	const { context, executeData } = sleeperOf(functions);
	const asleep = earlierSleep(context, taskId);
	const batch = asleep && convertEarlier(context);
	if (!batch || !executeData) return answer(functions, NOT_OURS);
	const executionId = functions.getExecutionId();
	if (!arrivedFirst(executionId, Date.now())) return answer(functions, AGAIN);
	batch.sleep = { since: BEFORE_ALL, until: asleep.until, waker: null, called: [taskId] };
	batch.executionId = executionId;
	context.batch = batch;
	// That version left no spent entry: n8n has disabled the node itself.
	executeData.node.disabled = false;
	return { webhookResponse: ACKNOWLEDGED, workflowData: [asleep.input] };
}
