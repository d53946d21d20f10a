/** What the trigger does with one callback: reject it, acknowledge it, or start the workflow. */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import {
	ACKNOWLEDGED,
	answer,
	isRejection,
	readCallback,
	warnOfRejection,
	type Rejection,
} from '../api/callback';
import { Client, type FoundRecord } from '../api/client';
import { readRecentConnection } from '../api/connection';
import { failureOf } from '../batch/state';
import { downloader } from '../items/downloads';
import { downloadError, requestError } from '../items/errors';
import { outputItem, type Outcome } from '../items/output';
import { hasHungUp } from '../n8n';
import type { Task } from '../task/task';
import { deliverEach, deliverOnce, type Delivery } from './deliverOnce';
import { readTriggerParameters, type TriggerParameters } from './parameters';
import { UNHEARD_VERIFICATION_MS, VERIFICATION_MS, verified } from './verify';

/** If this threw, n8n would start the workflow with an empty item, as a failed execution. */
export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	const client = new Client(this, readRecentConnection);
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
	const isTest = ctx.getMode() === 'manual';
	const delivery = await (isTest
		? deliver()
		: parameters.deduplicate
			? deliverOnce(ctx, callback.taskId, deliver)
			: deliverEach(ctx, deliver));
	if (!delivery.item) return answer(ctx, delivery.rejection ?? ACKNOWLEDGED);
	// n8n answers with this once it has started the workflow, and with 500 if that fails.
	return { webhookResponse: ACKNOWLEDGED, workflowData: [[delivery.item]] };
}

async function deliveryOf(
	ctx: IWebhookFunctions,
	client: Client,
	callback: Task,
	{ events, verifyWithApi, simplify, downloads }: TriggerParameters,
): Promise<Delivery> {
	// A task that still runs is no event, and not worth asking the API for.
	if (callback.status === 'processing') return {};
	const patience = hasHungUp(ctx) ? UNHEARD_VERIFICATION_MS : VERIFICATION_MS;
	const found = verifyWithApi
		? await verified(client, callback.taskId, patience)
		: { task: callback };
	if (isRejection(found)) {
		warnOfRejection(ctx, callback.taskId, await reasonOf(ctx, client, found));
		return { rejection: found };
	}
	const { task } = found;
	if (!events.includes(task.status === 'success' ? 'completed' : 'failed')) return {};
	if (!verifyWithApi && (downloads.video !== null || downloads.thumbnail !== null)) {
		ctx.logger.warn(`${ctx.getNode().name} downloads nothing while "Verify with API" is off`);
	}
	const files = 'api' in found ? await filesOf(ctx, client, found, downloads) : {};
	const { json, binary } = outputItem({ task, data: ctx.getBodyData(), simplify, ...files }, 0);
	return { item: { json, binary } };
}

/** In the words of the node's errors, if the API has said why. */
async function reasonOf(
	ctx: IWebhookFunctions,
	client: Client,
	{ msg, cause }: Rejection,
): Promise<string> {
	if (!cause) return msg;
	const ref = { node: ctx.getNode(), itemIndex: 0, provider: await client.provider(false) };
	const { message, description } = requestError(ref, cause);
	return `${message}. ${description}`;
}

/**
 * A callback alone may name any address, one inside the user's network included: so only what the API has
 * named is downloaded. A video that cannot be had is the item's error: its task is told all the same.
 */
async function filesOf(
	ctx: IWebhookFunctions,
	client: Client,
	{ task, api }: FoundRecord,
	downloads: TriggerParameters['downloads'],
): Promise<Pick<Outcome, 'binary' | 'error'>> {
	if (task.status !== 'success') return {};
	try {
		return { binary: await downloader(ctx, client)({ task, api }, downloads) };
	} catch (error) {
		const { provider } = await client.connected();
		const ref = { node: ctx.getNode(), itemIndex: 0, provider };
		return { error: downloadError(ref, failureOf(error as Error), task) };
	}
}
