/** What the trigger does with one callback: refuse it, acknowledge it, or start the workflow. */
import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { outputItem, type Outcome } from '../actions/outcome';
import { downloadFiles, readDownloads, type Downloads } from '../actions/downloads';
import { downloadError } from '../actions/errors';
import type { Task } from '../task/task';
import { readTaskPatiently } from '../api/client';
import { connect, type Api } from '../api/connect';
import { ACKNOWLEDGED, answer, readCallback, type Refusal } from '../api/callback';
import { asFailure } from '../api/failure';
import { pause } from '../api/pause';
import { deliverOnce } from './deliverOnce';

interface Delivery {
	/** Whether the workflow is to start, with `item`. */
	starts: boolean;
	item?: INodeExecutionData;
	/** What to answer where it is not. */
	refusal?: Refusal;
}

/** Where this threw, n8n would start the workflow with an empty item, as a failed execution. */
export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	let api: Api | undefined;
	try {
		api = await connect(this);
		return await received(this, api);
	} catch (error) {
		const { message } = error as Error;
		const reason = api ? api.redact(message) : message;
		this.logger.error(`${this.getNode().name} could not process a callback: ${reason}`);
		const what = api ? 'The callback could not be handled' : 'The credential cannot be read';
		return answer(this, { code: 503, msg: `${what}, try again` });
	}
}

async function received(functions: IWebhookFunctions, api: Api): Promise<IWebhookResponseData> {
	const callback = readCallback(functions, api.webhookHmacKey);
	if ('msg' in callback) return answer(functions, callback);

	const deliver = async () => await deliveryOf(functions, api, callback);
	// Who listens for a test event wants to see one, also for a task that came before.
	const deduplicate = functions.getNodeParameter('deduplicate') && functions.getMode() !== 'manual';
	const delivery = deduplicate
		? await deliverOnce(functions, callback.taskId, deliver)
		: await deliver();
	if (!delivery?.item) return answer(functions, delivery?.refusal ?? ACKNOWLEDGED);
	// n8n answers with this once it has started the workflow, and with 500 where that fails.
	return { webhookResponse: ACKNOWLEDGED, workflowData: [[delivery.item]] };
}

async function deliveryOf(
	functions: IWebhookFunctions,
	api: Api,
	callback: Task,
): Promise<Delivery> {
	const verifies = Boolean(functions.getNodeParameter('verifyWithApi'));
	const task = verifies ? await verified(api, callback.taskId) : callback;
	if ('msg' in task) return { starts: false, refusal: task };
	const events = functions.getNodeParameter('events') as string[];
	const event = task.status === 'success' ? 'completed' : 'failed';
	if (!events.includes(event)) return { starts: false };
	const simplify = Boolean(functions.getNodeParameter('simplify'));
	const outcome = { task, data: functions.getBodyData(), simplify };
	const downloads = verifies ? wantedFiles(functions) : noFiles(functions);
	const { json, binary } = outputItem(await withFiles(api, outcome, downloads), 0);
	return { starts: true, item: { json, binary } };
}

function wantedFiles(functions: IWebhookFunctions): Downloads {
	return readDownloads(functions, 0, functions.getNodeParameter('options', {}) as IDataObject);
}

/** A callback may name any address, one inside the user's network included: nothing is fetched there. */
function noFiles(functions: IWebhookFunctions): Downloads {
	const { video, thumbnail } = wantedFiles(functions);
	if (video !== null || thumbnail !== null) {
		const { name } = functions.getNode();
		functions.logger.warn(`${name} downloads nothing while "Verify with API" is off`);
	}
	return { video: null, thumbnail: null };
}

/** A video that cannot be had is the item's error: its task is told all the same. */
async function withFiles(
	api: Api,
	outcome: Outcome & { task: Task },
	downloads: Downloads,
): Promise<Outcome> {
	const { task } = outcome;
	if (task.status !== 'success') return outcome;
	try {
		return { ...outcome, binary: await downloadFiles(api, task, downloads) };
	} catch (error) {
		const failure = asFailure(error);
		return { ...outcome, error: downloadError(api.functions.getNode(), 0, failure, task) };
	}
}

/** The provider waits 15 s for an answer. */
const VERIFICATION_MS = 10_000;

const AGAIN_MS = 1_000;

/** What the API says of the task, since a callback can be forged; or why it is not believed. */
async function verified(api: Api, taskId: string): Promise<Task | Refusal> {
	const until = Date.now() + VERIFICATION_MS;
	try {
		for (;;) {
			const { task } = await readTaskPatiently(api, taskId, until);
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
