/** A callback as it comes in over HTTP: who may be believed, and how to answer. */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { asText } from '../task/json';
import { isSigned } from '../task/signature';
import type { Task } from '../task/task';
import { aleph } from './aleph';
import { jobs } from './jobs';

/** Real callbacks have some hundred bytes. */
const LARGEST_BODY = 64 * 1024;

export interface Refusal {
	/** 400: not a callback. 401: not signed. 403: not a task of ours. 503: try again. */
	code: 400 | 401 | 403 | 503;
	msg: string;
}

/**
 * Reads the callback of this request.
 * @param hmacKey the key that callbacks are signed with, if the account has one
 */
export function readCallback(functions: IWebhookFunctions, hmacKey?: string): Task | Refusal {
	const { rawBody } = functions.getRequestObject();
	if (rawBody?.length > LARGEST_BODY) return { code: 400, msg: 'The body is too large' };
	const task = taskFromCallback(functions.getBodyData());
	if (!task) {
		return { code: 400, msg: 'The body must be a JSON object with a task ID and a code' };
	}
	const headers = functions.getHeaderData();
	const signature = {
		taskId: task.taskId,
		timestamp: asText(headers['x-webhook-timestamp']) ?? undefined,
		signature: asText(headers['x-webhook-signature']) ?? undefined,
	};
	if (hmacKey && !isSigned(signature, hmacKey, Date.now())) {
		return { code: 401, msg: 'The signature is missing, wrong or too old' };
	}
	return task;
}

export const ACKNOWLEDGED = { code: 200, msg: 'success' };

/** Answers without going on with the workflow. */
export function answer(
	functions: IWebhookFunctions,
	body: Refusal | typeof ACKNOWLEDGED,
): IWebhookResponseData {
	functions.getResponseObject().status(body.code).json(body);
	return { noWebhookResponse: true };
}

/** What n8n does when a workflow is published. Each generate request names the URL it wants called. */
export const nothingToRegister = {
	default: {
		checkExists: async () => await Promise.resolve(true),
		create: async () => await Promise.resolve(true),
		delete: async () => await Promise.resolve(true),
	},
};

/** The task that a callback of either API speaks of; null where the body is no callback. */
export function taskFromCallback(body: unknown): Task | null {
	return jobs.taskFromCallback(body) ?? aleph.taskFromCallback(body);
}
