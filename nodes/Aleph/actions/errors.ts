/** What users read when something goes wrong: one message and one piece of advice for each case. */
import { NodeApiError, NodeOperationError, type INode } from 'n8n-workflow';
import type { Task } from '../task/task';
import type { ApiFailure, FailureKind } from '../api/failure';

interface Text {
	message: string;
	description: string;
}

/** The error of any request, in the words for its failure. */
export function requestError(node: INode, itemIndex: number, failure: ApiFailure): NodeApiError {
	return apiError(node, itemIndex, failure.code, TEXTS[failure.kind](failure));
}

/**
 * The error of a generate request: no task ID came back.
 * @param creditsLeft where they are too few, and could be asked for
 */
export function generateError(
	node: INode,
	itemIndex: number,
	failure: ApiFailure,
	creditsLeft?: number,
): NodeApiError {
	if (failure.leavesOpen) return apiError(node, itemIndex, failure.code, mayExist(failure));
	const { message, description } = TEXTS[failure.kind](failure);
	const credits = creditsLeft === undefined ? '' : ` Credits left: ${creditsLeft}.`;
	return apiError(node, itemIndex, failure.code, {
		message,
		description: `Nothing was charged.${credits} ${description}`,
	});
}

/** The error of a file that did not get to the provider. */
export function uploadError(node: INode, itemIndex: number, failure: ApiFailure): NodeApiError {
	if (failure.kind === 'credential') return requestError(node, itemIndex, failure);
	return apiError(node, itemIndex, failure.code, {
		message: 'The file could not be uploaded',
		description: `Try again later, or put the file at a public URL of your own and use that instead (${failure.reason}).`,
	});
}

/** The error of a provider without an upload: the credential names none. */
export function noUploadError(node: INode, itemIndex: number): NodeOperationError {
	return inputError(
		node,
		itemIndex,
		'The credential names no upload',
		'Put the file at a public URL of your own and use that instead, or set "Upload URL" in the credential if your provider has an upload.',
	);
}

/** The error of a finished task whose file could not be downloaded. */
export function downloadError(
	node: INode,
	itemIndex: number,
	failure: ApiFailure,
	{ taskId, videoUrl }: Task,
): NodeApiError {
	return apiError(node, itemIndex, failure.code, {
		message: 'The video is ready, but a file of it could not be downloaded',
		description: `The video is not lost: use the operation "Get" with the task ID ${taskId} and the option "Download", or open ${videoUrl ?? 'the account at the provider'}, within 14 days (${failure.reason}).`,
	});
}

/** The error of a task that the API would not tell about. */
export function readError(
	node: INode,
	itemIndex: number,
	failure: ApiFailure,
	taskId: string,
): NodeApiError {
	const { message, description } = TEXTS[failure.kind](failure);
	return apiError(node, itemIndex, failure.code, {
		message,
		description: `${description} Task ID: ${taskId}.`,
	});
}

/** The error of a task that the API ended without a video. */
export function failedTaskError(
	node: INode,
	itemIndex: number,
	{ taskId, errorCode, errorMessage }: Task,
): NodeApiError {
	const reason = errorMessage ?? 'no reason given';
	const text = MODERATION.test(reason)
		? {
				message: `Moderation refused the video: ${reason}`,
				description: `Change the prompt or the source video: the provider does not accept this content. Task ID: ${taskId}.`,
			}
		: {
				message: `The task failed: ${reason}`,
				description: `The API accepted the task and ended it without a video. Try again, or change the prompt or the source video. Task ID: ${taskId}.`,
			};
	return apiError(node, itemIndex, errorCode, text);
}

/** The error of a task that was still running when the time was up. */
export function timeoutError(
	node: INode,
	itemIndex: number,
	taskId: string,
	minutes: number,
): NodeOperationError {
	return new NodeOperationError(
		node,
		`The task was still running after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`,
		{
			itemIndex,
			description: `The task goes on, and its video is not lost: use the operation "Get" with the task ID ${taskId}. To wait longer, raise "Timeout" in the options.`,
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

const MODERATION = /moderat|content polic|safety|sensitive|nsfw|prohibited|flagged|inappropriate/i;

const TEXTS: Record<FailureKind, (failure: ApiFailure) => Text> = {
	credential: ({ reason }) => ({
		message: 'The API key was refused',
		description: `Check the API key and the base URL in the credential. The API said: "${reason}".`,
	}),
	credits: ({ reason }) => ({
		message: 'The account has not enough credits for this video',
		description: `Top up the account, then run the node again. The API said: "${reason}".`,
	}),
	notFound: ({ reason }) => ({
		message: 'The server has no such endpoint',
		description: `Check the base URL in the credential: it is the address of the API without a path, such as https://api.kie.ai. Not every provider has the upload and the credits. The server said: "${reason}".`,
	}),
	parameters: ({ reason }) => ({
		message: `The API refused the parameters: ${reason}`,
		description: 'Change what it names, and run the node again.',
	}),
	unknownTask: () => ({
		message: 'The API does not know this task',
		description:
			'Check the task ID, and that the credential belongs to the account that started the task.',
	}),
	rateLimit: ({ reason }) => ({
		message: 'The API refused new requests for too long: rate limit',
		description: `It takes 20 new tasks in 10 seconds and runs about 100 at once. Wait for running tasks to end, lower "Generate Rate" or raise "Timeout" in the options. The API said: "${reason}".`,
	}),
	media: ({ reason }) => ({
		message: 'The API could not fetch the video or the reference image',
		description: `The URL must be public: it has to open in a private browser window. The API said: "${reason}".`,
	}),
	maintenance: ({ reason }) => ({
		message: 'The API is under maintenance',
		description: `Try again later. The API said: "${reason}".`,
	}),
	server: ({ reason }) => ({
		message: 'The API failed to answer: internal error',
		description: `Asking again did not help. Try again later. The API said: "${reason}".`,
	}),
	unreachable: ({ reason }) => ({
		message: 'The API could not be reached',
		description: `Check the base URL in the credential, and that n8n may connect to it (${reason}).`,
	}),
	cut: ({ reason }) => ({
		message: 'The connection to the API broke',
		description: `Asking again did not help. Try again later (${reason}).`,
	}),
	notTheApi: ({ reason }) => ({
		message: 'The answer did not come from the Aleph API',
		description: `Check the base URL in the credential: it is the address of the API without a path, such as https://api.kie.ai (${reason}).`,
	}),
};

/** The API may have accepted the task, and charged it, without saying so. */
function mayExist({ reason }: ApiFailure): Text {
	return {
		message: 'The API did not confirm the task, so it may exist',
		description: `To avoid paying twice the request was not repeated. Look in your account at the provider whether the task is there before you run this item again (${reason}).`,
	};
}

function apiError(
	node: INode,
	itemIndex: number,
	code: number | null,
	{ message, description }: Text,
): NodeApiError {
	const httpCode = code === null ? undefined : String(code);
	return new NodeApiError(
		node,
		{ message },
		{
			message,
			description,
			httpCode,
			itemIndex,
		},
	);
}
