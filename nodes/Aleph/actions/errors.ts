/** What users read when something goes wrong: one message and one piece of advice for each case. */
import { NodeApiError, NodeOperationError, type INode } from 'n8n-workflow';
import type { FailureKind } from '../api/failure';
import type { Failure } from '../batch/state';
import type { Task } from '../task/task';

interface Text {
	message: string;
	description: string;
}

function textOf(failure: Failure): Text {
	return TEXTS[failure.kind](failure);
}

/** The error of any request, in the words for its failure. */
export function requestError(node: INode, itemIndex: number, failure: Failure): NodeApiError {
	return apiError(node, itemIndex, failure.code, textOf(failure));
}

/** The error of an item whose task was not started, as far as is known. */
export function startError(node: INode, itemIndex: number, failure: Failure): NodeApiError {
	const { message, description } = textOf(failure);
	return apiError(node, itemIndex, failure.code, {
		message,
		description: `Nothing was charged for this item. ${description}`,
	});
}

/** The API may have accepted the task, and charged it, without saying so. */
export function unconfirmedError(node: INode, itemIndex: number, failure: Failure): NodeApiError {
	return apiError(node, itemIndex, failure.code, {
		message: 'The API did not confirm the task, so it may exist',
		description: `To avoid paying twice, the node did not repeat the request. Before you run this item again, check your provider account for the task (${failure.reason}).`,
	});
}

/** The error of a finished task whose video could not be downloaded. */
export function downloadError(
	node: INode,
	itemIndex: number,
	failure: Failure,
	{ taskId, videoUrl }: Task,
): NodeApiError {
	return apiError(node, itemIndex, failure.code, {
		message: 'The video is ready, but could not be downloaded',
		description: `The video is not lost: use the "Get" operation with the task ID ${taskId} and the "Download" option, or open ${videoUrl ?? 'your provider account'} within 14 days (${failure.reason}).`,
	});
}

/** The error of a task that the API would not tell about. */
export function readError(
	node: INode,
	itemIndex: number,
	failure: Failure,
	taskId: string,
): NodeApiError {
	const { message, description } = textOf(failure);
	return apiError(node, itemIndex, failure.code, {
		message,
		description: `${description} Task ID: ${taskId}.`,
	});
}

/**
 * The error of a task that the API ended without a video.
 * @param otherApi what the provider also offers, as a thing to try
 */
export function failedTaskError(
	node: INode,
	itemIndex: number,
	{ taskId, errorMessage }: Task,
	otherApi: string,
): NodeApiError {
	const reason = errorMessage ?? 'no reason given';
	return apiError(node, itemIndex, null, {
		...(MODERATION.test(reason)
			? {
					message: `Moderation refused the video: ${reason}`,
					description: `Change the prompt or the source video: the provider does not accept this content. Task ID: ${taskId}.`,
				}
			: {
					message: `The task failed: ${reason}`,
					description: `The API accepted the task, but the task ended without a video. Try again, or change the prompt or the source video.${INTERNAL.test(reason) ? ` If every task ends like this, set "API" in the credential to ${otherApi}.` : ''} Task ID: ${taskId}.`,
				}),
	});
}

const MODERATION = /moderat|content polic|safety|sensitive|nsfw|prohibited|flagged|inappropriate/i;
const INTERNAL = /internal error/i;

/** The error of a task that was still running when the time was up. */
export function timeoutError(
	node: INode,
	itemIndex: number,
	taskId: string,
	minutes: number,
	failure?: Failure,
): NodeOperationError {
	const last = failure && `The last status check said: ${textOf(failure).message}.`;
	return new NodeOperationError(
		node,
		`The task was still running after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`,
		{
			itemIndex,
			description: `The task keeps running, and its video is not lost: fetch it later with the "Get" operation and the task ID ${taskId}. To wait longer, raise "Timeout" in the options.${last ? ` ${last}` : ''}`,
		},
	);
}

/** The error of a parameter that is refused before anything is sent. */
export function inputError(
	node: INode,
	itemIndex: number,
	message: string,
	description: string,
): NodeOperationError {
	return new NodeOperationError(node, message, { itemIndex, description });
}

/** Adds the task that belongs to an item whose parameters can no longer be read. */
export function withTask(error: NodeOperationError, taskId: string): NodeOperationError {
	const { message, description, context } = error;
	return new NodeOperationError(error.node, message, {
		itemIndex: context.itemIndex as number,
		description: `${description ? `${description} ` : ''}This item's task was paid for and is not lost: fetch it with the "Get" operation and the task ID ${taskId}.`,
	});
}

const TEXTS: Record<FailureKind, (failure: Failure) => Text> = {
	credential: ({ reason }) => ({
		message: 'The API key was refused',
		description: `Check the API key and the base URL in the credential. The API said: "${reason}".`,
	}),
	credits: ({ reason, credits }) => ({
		message: 'Not enough credits',
		description: `${credits === undefined ? '' : `Credits left: ${credits}. `}Top up the account, then run the node again. The API said: "${reason}".`,
	}),
	quota: ({ reason }) => ({
		message: 'The API key has reached its own limit',
		description: `Raise this key's limit in your provider account, or use another key. The API said: "${reason}".`,
	}),
	keepCredits: ({ reason, credits }) =>
		credits === undefined
			? {
					message: 'The credits could not be checked',
					description: `"Keep Credits" is set, so the node started no more videos. Try again later, or remove the option: not every provider reports credits (${reason}).`,
				}
			: {
					message: `Only ${credits} ${credits === 1 ? 'credit is' : 'credits are'} left`,
					description:
						'This is below "Keep Credits", so the node started no more videos. Top up the account, or lower the option.',
				},
	notFound: ({ reason }) => ({
		message: 'The server has no such endpoint',
		description: `Check the base URL in the credential. It must be the API's address without a path, such as https://api.kie.ai. Not every provider supports uploads and checking credits. The server said: "${reason}".`,
	}),
	parameters: ({ reason }) => ({
		message: `The API refused the parameters: ${reason}`,
		description: 'Correct the parameter named in the message, then run the node again.',
	}),
	unknownTask: () => ({
		message: 'The API does not know this task',
		description:
			'Check the task ID. Also check the credential: it must belong to the account that started the task, and "API" must be set to the API that started it. Each API only knows its own tasks.',
	}),
	rateLimit: ({ reason }) => ({
		message: 'Rate limit: the API refused new tasks for too long',
		description: `The API accepts 20 new tasks in 10 seconds and runs about 100 at once. Wait for running tasks to end, lower "Tasks per 10 Seconds" or raise "Timeout" in the options. The API said: "${reason}".`,
	}),
	media: ({ reason }) => ({
		message: 'The API could not fetch the video or the reference image',
		description: `The URL must be public. To check, open it in a private browser window. The API said: "${reason}".`,
	}),
	maintenance: ({ reason }) => ({
		message: 'The API is under maintenance',
		description: `Try again later. The API said: "${reason}".`,
	}),
	busy: ({ reason }) => ({
		message: 'The API is too busy to answer',
		description: `Try again later. The API said: "${reason}".`,
	}),
	switchedOff: ({ reason }) => ({
		message: 'The provider has switched this feature off',
		description: `Set "API" in the credential to the other API, which the provider may still offer. The API said: "${reason}".`,
	}),
	denied: ({ reason }) => ({
		message: `The API denied the connection: ${reason}`,
		description: 'Check your account at the provider, or contact its support.',
	}),
	server: ({ reason }) => ({
		message: 'The API had an internal error',
		description: `Retrying did not help. Try again later. The API said: "${reason}".`,
	}),
	firewall: ({ reason }) => ({
		message: 'A firewall in front of the provider refused the request',
		description: `The API key was not checked. Try again later, or from another network (${reason}).`,
	}),
	unreachable: ({ reason }) => ({
		message: 'The API could not be reached',
		description: `Check the base URL in the credential, and check that n8n can connect to it (${reason}).`,
	}),
	cut: ({ reason }) => ({
		message: 'The connection to the API was lost',
		description: `Retrying did not help. Try again later (${reason}).`,
	}),
	notTheApi: ({ reason }) => ({
		message: 'The response did not come from the API',
		description: `Check the base URL in the credential. It must be the API's address without a path, such as https://api.kie.ai (${reason}).`,
	}),
	upload: ({ reason }) => ({
		message: 'The file could not be uploaded',
		description: `Try again later, or host the file at a public URL and use that instead (${reason}).`,
	}),
	noUpload: () => ({
		message: 'The credential has no Upload URL',
		description:
			'Host the file at a public URL and use that instead, or set "Upload URL" in the credential if your provider has one.',
	}),
	local: ({ reason }) => ({
		message: reason,
		description: 'This error came from n8n, not from the API.',
	}),
};

function apiError(
	node: INode,
	itemIndex: number,
	code: number | null,
	{ message, description }: Text,
): NodeApiError {
	const httpCode = code === null ? undefined : String(code);
	return new NodeApiError(node, { message }, { message, description, httpCode, itemIndex });
}
