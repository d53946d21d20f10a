/** What the trigger does with one callback: refuse it, acknowledge it, or start the workflow. */
import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { outputItem } from '../actions/outcome';
import { readDownloads, withFiles } from '../actions/downloads';
import type { Task } from '../task/task';
import { connect, readTask, type Api } from '../api/client';
import { ACKNOWLEDGED, answer, readCallback, type Refusal } from '../api/callback';
import { asFailure } from '../api/failure';
import { pause } from '../api/pause';
import { deliverOnce } from './deliverOnce';

interface Delivery {
	delivered: boolean;
	/** What to answer where nothing is delivered. */
	refusal?: Refusal;
	item?: INodeExecutionData;
}

export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	const api = await connect(this);
	const callback = readCallback(this, api.webhookHmacKey);
	if ('msg' in callback) return answer(this, callback);

	const deliver = async () => await deliveryOf(this, api, callback);
	// Who listens for a test event wants to see one, also for a task that came before.
	const deduplicate = this.getNodeParameter('deduplicate') && this.getMode() !== 'manual';
	const delivery = deduplicate
		? await deliverOnce(this, callback.taskId, deliver)
		: await deliver();
	if (!delivery?.item) return answer(this, delivery?.refusal ?? ACKNOWLEDGED);
	return { webhookResponse: ACKNOWLEDGED, workflowData: [[delivery.item]] };
}

async function deliveryOf(
	functions: IWebhookFunctions,
	api: Api,
	callback: Task,
): Promise<Delivery> {
	const task = functions.getNodeParameter('verifyWithApi')
		? await verified(api, callback.taskId)
		: callback;
	if ('msg' in task) return { delivered: false, refusal: task };
	const events = functions.getNodeParameter('events') as string[];
	const event = task.status === 'success' ? 'completed' : 'failed';
	if (!events.includes(event)) return { delivered: false };
	const simplify = Boolean(functions.getNodeParameter('simplify'));
	const outcome = { task, data: functions.getBodyData(), simplify };
	const downloads = readDownloads(
		functions,
		0,
		functions.getNodeParameter('options', {}) as IDataObject,
	);
	const { json, binary } = outputItem(await withFiles(functions, 0, outcome, downloads), 0);
	return { delivered: true, item: { json, binary } };
}

/** The provider waits 15 s for an answer. */
const VERIFICATION_MS = 10_000;

const AGAIN_MS = 1_000;

/** What the API says of the task, since a callback can be forged; or why it is not believed. */
async function verified(api: Api, taskId: string): Promise<Task | Refusal> {
	const until = Date.now() + VERIFICATION_MS;
	try {
		for (;;) {
			const { task } = await readTask(api, taskId, {
				until,
				unknownUntil: 0,
				pace: api.pace.verify,
			});
			if (task.status !== 'processing') return task;
			if (Date.now() + AGAIN_MS > until) {
				return { code: 503, msg: 'The task is still running, try again' };
			}
			await pause(AGAIN_MS);
		}
	} catch (error) {
		return asFailure(error).kind === 'unknownTask'
			? { code: 403, msg: 'The API does not know this task' }
			: { code: 503, msg: 'The task could not be verified, try again' };
	}
}
