/** What the trigger does with one callback: reject it, acknowledge it, or start the workflow. */
import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { ACKNOWLEDGED, answer, isRejection, readCallback, type Rejection } from '../api/callback';
import { Client, type FoundRecord } from '../api/client';
import { clock } from '../api/clock';
import { ApiError } from '../api/error';
import { retrying } from '../api/retry';
import { limited } from '../api/signals';
import { failureOf } from '../batch/events';
import { downloadFiles } from '../items/downloads';
import { downloadError } from '../items/errors';
import { outputItem, type Outcome } from '../items/output';
import type { Task } from '../task/task';
import { deliverOnce } from './deliverOnce';
import { readTriggerParameters, type TriggerParameters } from './parameters';

interface Delivery {
	/** Whether the workflow is to start, with `item`. */
	starts: boolean;
	item?: INodeExecutionData;
	/** What to answer otherwise. */
	rejection?: Rejection;
}

/** If this threw, n8n would start the workflow with an empty item, as a failed execution. */
export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	const client = new Client(this, 'callbacks');
	try {
		return await received(this, client);
	} catch (error) {
		const { message } = error as Error;
		const reason = await client.redact(message).catch(() => message);
		this.logger.error(`${this.getNode().name} could not process a callback: ${reason}`);
		return answer(this, { code: 503, msg: 'The callback could not be handled, try again' });
	}
}

async function received(ctx: IWebhookFunctions, client: Client): Promise<IWebhookResponseData> {
	const { hmacKey } = await client.connection();
	const callback = readCallback(ctx, hmacKey);
	if (isRejection(callback)) return answer(ctx, callback);
	const parameters = readTriggerParameters(ctx);
	const deliver = async () => await deliveryOf(ctx, client, callback, parameters);
	// Who listens for a test event wants to see one, also for a task that came before.
	const deduplicate = parameters.deduplicate && ctx.getMode() !== 'manual';
	const delivery = deduplicate ? await deliverOnce(ctx, callback.taskId, deliver) : await deliver();
	if (delivery === 'underway') return answer(ctx, UNDERWAY);
	if (delivery === 'delivered') return answer(ctx, ACKNOWLEDGED);
	if (!delivery.item) return answer(ctx, delivery.rejection ?? ACKNOWLEDGED);
	// n8n answers with this once it has started the workflow, and with 500 if that fails.
	return { webhookResponse: ACKNOWLEDGED, workflowData: [[delivery.item]] };
}

const UNDERWAY: Rejection = { code: 503, msg: 'Another callback for this task is being handled' };

async function deliveryOf(
	ctx: IWebhookFunctions,
	client: Client,
	callback: Task,
	{ events, verifyWithApi, simplify, downloads }: TriggerParameters,
): Promise<Delivery> {
	// A task that still runs is no event, and not worth asking the API for.
	if (callback.status === 'processing') return { starts: false };
	const found = verifyWithApi ? await verified(client, callback.taskId) : { task: callback };
	if ('msg' in found) return { starts: false, rejection: found };
	const { task } = found;
	if (!events.includes(task.status === 'success' ? 'completed' : 'failed'))
		return { starts: false };
	const outcome: Outcome = { task, data: ctx.getBodyData(), simplify };
	if (!verifyWithApi && (downloads.video !== null || downloads.thumbnail !== null)) {
		ctx.logger.warn(`${ctx.getNode().name} downloads nothing while "Verify with API" is off`);
	}
	const complete =
		'api' in found ? await withFiles(ctx, client, { ...found, outcome, downloads }) : outcome;
	const { json, binary } = outputItem(complete, 0);
	return { starts: true, item: { json, binary } };
}

interface Finished extends Pick<TriggerParameters, 'downloads'> {
	task: Task;
	api: FoundRecord['api'];
	outcome: Outcome;
}

/**
 * A callback alone may name any address, one inside the user's network included: so only what the API has
 * named is downloaded. A video that cannot be had is the item's error: its task is told all the same.
 */
async function withFiles(
	ctx: IWebhookFunctions,
	client: Client,
	{ task, api, outcome, downloads }: Finished,
): Promise<Outcome> {
	if (task.status !== 'success') return outcome;
	try {
		return { ...outcome, binary: await downloadFiles(ctx, client, { task, api }, downloads) };
	} catch (error) {
		const { provider } = await client.connected();
		const ref = { node: ctx.getNode(), itemIndex: 0, provider };
		return { ...outcome, error: downloadError(ref, failureOf(error as Error), task) };
	}
}

/** The provider waits 15 s for an answer. */
const VERIFICATION_MS = 10_000;

const AGAIN_MS = 1_000;

/** What the API says of the task, since a callback can be forged; or why it is not believed. */
async function verified(client: Client, taskId: string): Promise<FoundRecord | Rejection> {
	const until = clock.now() + VERIFICATION_MS;
	const limit = limited([], VERIFICATION_MS);
	const read = async () =>
		await client.readTask(taskId, {
			signal: limit.signal,
			timeout: Math.max(1, until - clock.now()),
		});
	try {
		for (;;) {
			const found = await retrying(read, ({ isTransient }) => (isTransient ? until : 0));
			if (found.task.status !== 'processing') return found;
			if (clock.now() + AGAIN_MS > until) {
				return { code: 503, msg: 'The task is still running, try again' };
			}
			await clock.pause(AGAIN_MS);
		}
	} catch (error) {
		return error instanceof ApiError && error.kind === 'unknownTask'
			? { code: 403, msg: 'The API does not know this task' }
			: { code: 503, msg: 'The task could not be verified, try again' };
	} finally {
		limit.release();
	}
}
