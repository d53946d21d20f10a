/** A callback as it comes in over HTTP: who may be believed, and how to answer. */
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { asText } from '../task/json';
import type { Task } from '../task/task';
import { DIALECTS } from './dialects';
import type { ApiError } from './error';
import { isSigned } from './signature';

/** Real callbacks have some hundred bytes, and are a few levels deep. */
const LARGEST_BODY = 64 * 1024;
const DEEPEST_BODY = 50;

export interface Rejection {
	/** 400: not a callback. 401: not signed. 403: not a task of ours. 503: try again. */
	code: 400 | 401 | 403 | 503;
	msg: string;
	/** What the API said when it was asked: for the log, not for the answer. */
	cause?: ApiError;
}

export function isRejection(value: object): value is Rejection {
	return 'msg' in value;
}

/**
 * Reads the callback of this request. One that is not signed as it should be is also told to the log: if
 * the key in the credential is wrong, all of them are rejected.
 * @param hmacKey the key that callbacks are signed with; empty if the account has none
 */
export function readCallback(ctx: IWebhookFunctions, hmacKey: string): Task | Rejection {
	const { rawBody } = ctx.getRequestObject();
	if (rawBody?.length > LARGEST_BODY) return { code: 400, msg: 'The body is too large' };
	const headers = ctx.getHeaderData();
	const isJson = /^[^;]*[/+]json\s*(;|$)/i.test(asText(headers['content-type']) ?? '');
	const body: unknown = ctx.getBodyData();
	const task = isJson && !isDeeperThan(body, DEEPEST_BODY) ? taskFromCallback(body) : null;
	if (!task) {
		return { code: 400, msg: 'The body must be a JSON object with a task ID and a code' };
	}
	const signature = {
		taskId: task.taskId,
		timestamp: asText(headers['x-webhook-timestamp']),
		signature: asText(headers['x-webhook-signature']),
	};
	if (hmacKey && !isSigned(signature, hmacKey, Date.now())) {
		const msg = 'The signature is missing, wrong or too old';
		warnOfRejection(ctx, task.taskId, msg);
		return { code: 401, msg };
	}
	return task;
}

/** Tells the log: with a wrong credential, or an API that cannot be reached, all callbacks are rejected. */
export function warnOfRejection(ctx: IWebhookFunctions, taskId: string, reason: string): void {
	ctx.logger.warn(`${ctx.getNode().name} rejected a callback for task ${taskId}: ${reason}`);
}

export const ACKNOWLEDGED = { code: 200, msg: 'success' };

/** Answers without going on with the workflow. */
export function answer(
	ctx: IWebhookFunctions,
	{ code, msg }: Rejection | typeof ACKNOWLEDGED,
): IWebhookResponseData {
	ctx.getResponseObject().status(code).json({ code, msg });
	return { noWebhookResponse: true };
}

/** The task that a callback of any API speaks of; null if the body is no callback. */
function taskFromCallback(body: unknown): Task | null {
	for (const dialect of DIALECTS) {
		const task = dialect.taskFromCallback?.(body);
		if (task) return task;
	}
	return null;
}

/** Goes level by level: a function that calls itself would not get to the bottom. */
function isDeeperThan(value: unknown, limit: number): boolean {
	let level: unknown[] = [value];
	for (let depth = 0; level.length > 0; depth++) {
		if (depth > limit) return true;
		level = level.flatMap((each) =>
			typeof each === 'object' && each !== null ? (Object.values(each) as unknown[]) : [],
		);
	}
	return false;
}
