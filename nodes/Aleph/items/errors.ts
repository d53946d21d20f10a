/** What users read when something goes wrong: one message and one piece of advice for each case. */
import { NodeApiError, NodeOperationError, type INode, type NodeError } from 'n8n-workflow';
import { PROVIDERS } from '../api/dialects';
import { thoseWhoCancel } from '../api/dialects/names';
import type { Provider } from '../api/dialects/dialect';
import type { ApiErrorKind } from '../api/error';
import {
	failureOf,
	type Failure,
	type ItemFacts,
	type ItemState,
	type Terms,
	type TimedOut,
} from '../batch/state';
import { escaped } from '../n8n';
import { hasExpired, type Task } from '../task/task';

/** Which item an error is about, and whose API it is, if the credential could be read. */
export interface ItemRef {
	node: INode;
	itemIndex: number;
	provider?: Provider;
}

interface Text {
	message: string;
	description: string;
}

/** The error of any request, in the words for its failure. */
export function requestError(ref: ItemRef, error: Error): NodeError {
	const failure = failureOf(error);
	// No video was started.
	if (failure.kind === 'local')
		failure.description ??= 'This error came from n8n, not from the API.';
	return nodeError(ref, failure, textOf(failure, ref.provider));
}

/** The error of an item whose task was not started, as far as is known. */
export function startError(ref: ItemRef, failure: Failure): NodeError {
	const { message, description } = startText(failure, ref.provider);
	const isOurs = failure.kind === 'local' && failure.description !== undefined;
	return nodeError(ref, failure, {
		message,
		description: isOurs ? description : `Nothing was charged for this item. ${description}`,
	});
}

function startText(failure: Failure, provider?: Provider): Text {
	if (failure.kind === 'parameters') {
		return {
			message: `The API refused the parameters: ${failure.reason}`,
			description: `Check the prompt, the options and the file. The API said: "${escaped(failure.reason)}".`,
		};
	}
	if (failure.kind !== 'rateLimit') return textOf(failure, provider);
	return {
		message: 'Rate limit: the API refused new tasks for too long',
		description: `Wait for running tasks to end, lower "Tasks per 10 Seconds" or raise "Timeout" in the options. The API said: "${escaped(failure.reason)}".`,
	};
}

/** The API may have accepted the task, and charged it, without saying so. */
export function unconfirmedError(ref: ItemRef, failure: Failure): NodeError {
	const fact =
		failure.kind === 'interrupted'
			? 'The connection broke while this video was being started'
			: "The API's answer did not say whether it started this video";
	return nodeError(ref, failure, {
		message: 'The API did not confirm the task, so it may exist',
		description: `${fact}, and the node did not send it again. Look for it ${placeOfTasks(ref.provider)}: if it is there, fetch it with "Get"; if it is not, retry the execution (${escaped(failure.reason)}).`,
	});
}

/** The error of a finished task whose video could not be downloaded. */
export function downloadError(ref: ItemRef, failure: Failure, task: Task): NodeError {
	const { taskId, videoUrl, expiresAt } = task;
	const isExpired = hasExpired(expiresAt);
	const until = expiresAt === null ? '' : ` until ${expiresAt}`;
	const elsewhere =
		videoUrl === null || isExpired
			? `look for it ${placeOfTasks(ref.provider)}`
			: `open ${escaped(videoUrl)}${until}`;
	return nodeError(ref, failure, {
		message: 'The video is ready, but could not be downloaded',
		// Whatever else went wrong, such as a disk that is full, is no fault of the URL's age.
		description:
			isExpired && failure.kind === 'noFile'
				? `Its URL stopped working at ${expiresAt}, and the API gave no other one. Look for the video ${placeOfTasks(ref.provider)}. Task ID: ${escaped(taskId)} (${escaped(failure.reason)}).`
				: `The video is not lost: use the "Get" operation with the task ID ${escaped(taskId)} and the "Download" option, or ${elsewhere} (${escaped(failure.reason)}).`,
	});
}

/** The error of a task that the API would not tell about. */
export function readError(ref: ItemRef, failure: Failure, taskId: string): NodeError {
	const { message, description } = textOf(failure, ref.provider);
	return nodeError(ref, failure, {
		message,
		description: `${description} Task ID: ${escaped(taskId)}.`,
	});
}

/** The error of a task that the API ended without a video. */
export function failedTaskError(ref: ItemRef, { taskId, errorMessage, credits }: Task): NodeError {
	const reason = errorMessage ?? 'no reason given';
	const charged = credits === null ? '' : ` Credits charged: ${credits}.`;
	const facts = `${charged} Task ID: ${escaped(taskId)}.`;
	if (isOfModeration(reason)) {
		return apiError(ref, null, {
			message: `Moderation refused the video: ${reason}`,
			description: `Change the prompt or the source video: the provider does not accept this content.${facts}`,
		});
	}
	const all = INTERNAL.test(reason)
		? `If every video ends like this, ${otherWays(ref.provider)}. `
		: '';
	return apiError(ref, null, {
		message: `The task failed: ${reason}`,
		description: `${all}The API accepted the task, but the task ended without a video. Try again, or change the prompt or the source video.${facts}`,
	});
}

/** A code of Runway's at the end tells it; else the words do, but those of a URL. */
function isOfModeration(reason: string): boolean {
	const [, code] =
		/\(((?:SAFETY|INTERNAL|INPUT_PREPROCESSING|ASSET)\.[\w.]+)\)$/.exec(reason) ?? [];
	if (code) return code.includes('SAFETY');
	return MODERATION.test(reason.replace(/\bhttps?:\/\/\S+/gi, ''));
}

const MODERATION =
	/moderat|content polic|safety|(?<!case |[\w-])sensitive|nsfw|prohibited|flagged|inappropriate/i;
const INTERNAL = /internal error/i;

/** The error of a task that had not ended when the time was up, as far as is known. */
export function timeoutError(ref: ItemRef, item: ItemFacts & TimedOut): NodeError {
	const { taskId, failure, atDeadline, terms } = item;
	const minutes = Math.round(terms.timeout / 600) / 100;
	const time = atDeadline
		? 'the time that n8n gives this workflow'
		: `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
	const more = atDeadline
		? 'raise "Timeout Workflow" in the workflow settings'
		: 'raise "Timeout" in the options';
	const later = `fetch it later with the "Get" operation and the task ID ${escaped(taskId)}. To wait longer, ${more}.`;
	const text = failure
		? {
				message: `The API could not say what became of the task within ${time}`,
				description: `${lastWords(ref, failure)} The video may be ready: ${later}`,
			}
		: {
				message: `The task was still running after ${time}`,
				description: `The task keeps running, and its video is not lost: ${later}`,
			};
	return operationError(ref, text);
}

/** What the last check of a task said, and what to do if waiting longer would not help. */
function lastWords({ provider }: ItemRef, failure: Failure): string {
	if (failure.kind === 'deadline') return 'There was no time left to ask again.';
	const { message, description } = textOf(failure, provider);
	const isOfCredential = ['credential', 'noCredential', 'otherProvider'].includes(failure.kind);
	const words = `The last status check said: ${escaped(message)}.`;
	return isOfCredential ? `${words} ${description}` : words;
}

/** The error of an item whose input is bad, with the task that an earlier run paid for, if there was one. */
export function badInputError(ref: ItemRef, item: ItemState & { state: 'failed' }): NodeError {
	const { taskId = '', failure } = item;
	const { message, description } = textOf(failure, ref.provider);
	const paid = `This item's task was paid for and is not lost: fetch it with the "Get" operation and the task ID ${escaped(taskId)}.`;
	return operationError(ref, {
		message,
		description: taskId ? `${description} ${paid}` : description,
	});
}

function textOf(failure: Failure, provider?: Provider): Text {
	if (failure.kind === 'deadline') return DEADLINES[failure.reason];
	if (failure.kind === 'local') {
		const {
			reason,
			description = 'This error came from n8n, not from the API. A video that was started is not lost: retry the execution.',
		} = failure;
		return { message: reason, description };
	}
	const { kind, code, reason, credits } = failure;
	return TEXTS[kind]({ reason: escaped(reason), plain: reason, code, credits, provider });
}

const FEWER_ITEMS =
	'Raise "Timeout Workflow" in the workflow settings, or process fewer items at a time.';

/** What n8n's own end came too early for. */
const DEADLINES: Record<Terms['waitFor'], Text> = {
	start: {
		message: 'n8n would stop this workflow before the video could be started',
		description: FEWER_ITEMS,
	},
	check: {
		message: 'n8n would stop this workflow before the task could be looked up',
		description: FEWER_ITEMS,
	},
	end: {
		message: 'n8n would stop this workflow before the video could be ready',
		description:
			'The time that the workflow has left is shorter than "Timeout". Raise "Timeout Workflow" in the workflow settings, lower "Timeout" in the options, or process fewer items at a time. A batch needs at least (videos ÷ videos at once) × (minutes for one video + 1) + "Timeout" + 2 minutes.',
	},
};

interface Facts {
	/** What the API said, for a description, which the editor shows as HTML ... */
	reason: string;
	/** ... and as it came, for a message. */
	plain: string;
	code: number | null;
	credits?: number;
	provider?: Provider;
}

const TEXTS: Record<ApiErrorKind, (facts: Facts) => Text> = {
	credential: ({ reason, provider }) => ({
		message: 'The API key was refused',
		description: `Check the API key and the provider in the credential, and, if your key has an IP whitelist, that it has the address of your n8n.${provider?.keyPage ? ` Keys are at ${provider.keyPage}.` : ''} The API said: "${reason}".`,
	}),
	noCredential: ({ reason }) => ({
		message: 'n8n could not read the credential',
		description: `Open the credential, check it, and save it again (${reason}).`,
	}),
	otherProvider: ({ reason }) => ({
		message: 'The credential now belongs to another provider',
		description: `The task was started at ${reason}. Set the credential back to that provider: its tasks are not lost.`,
	}),
	credits: ({ reason, credits }) => ({
		message: 'Not enough credits',
		description: `${credits === undefined ? '' : `Credits left: ${credits}. `}Top up the account, then retry this execution in the executions list: that pays only for what was not started. The API said: "${reason}".`,
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
	quota: ({ reason }) => ({
		message: 'The API key has reached its own limit',
		description: `Raise this key's limit in your provider account, or use another key. The API said: "${reason}".`,
	}),
	notFound: ({ reason }) => ({
		message: 'This server does not know the request',
		description: `Check the provider and, with the provider "Other", the URLs in the credential. Not every provider supports uploads and checking credits. The server said: "${reason}".`,
	}),
	parameters: ({ reason, plain }) => ({
		message: `The API refused the request: ${plain}`,
		description: `With a task ID, check that it is complete. The API said: "${reason}".`,
	}),
	unknownTask: () => ({
		message: 'The API does not know this task',
		description:
			'Check the task ID. Also check that the credential belongs to the account that started the task: each provider only knows its own tasks.',
	}),
	rateLimit: ({ reason }) => ({
		message: 'Rate limit: the API refuses requests for now',
		description: `Try again in a few minutes. The API said: "${reason}".`,
	}),
	dailyLimit: ({ reason }) => ({
		message: 'The account has reached its limit of videos for today',
		description: `Retry this execution tomorrow, or raise the limit of your account at the provider. The API said: "${reason}".`,
	}),
	media: ({ reason }) => ({
		message: 'The API could not fetch the video or an image',
		description: `A link must lead straight to the file. Links from Google Drive, Dropbox or YouTube lead to a page: read the file with the node for that service, and use the file instead of the link. A file must be a video, or an image, of a usual type. The API said: "${reason}".`,
	}),
	maintenance: ({ reason }) => ({
		message: 'The API is under maintenance',
		description: `Try again later. The API said: "${reason}".`,
	}),
	busy: ({ reason }) => ({
		message: 'The API is too busy to answer',
		description: `Try again later. The API said: "${reason}".`,
	}),
	switchedOff: ({ reason, provider }) => ({
		message: 'The provider has switched this feature off',
		description: `To go on, ${otherWays(provider)}. The API said: "${reason}".`,
	}),
	noModel: ({ reason, provider }) => ({
		message: 'The provider does not offer Aleph to this account',
		description: `To go on, ${otherWays(provider)}. The API said: "${reason}".`,
	}),
	region: ({ reason, provider }) => ({
		message: 'The provider does not serve this region',
		description: `Run n8n in another region, or ${otherWays(provider)}. The API said: "${reason}".`,
	}),
	denied: ({ plain }) => ({
		message: `The API denied the connection: ${plain}`,
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
		description: `n8n's server has no connection to it: check its internet access, its firewall, and, with the provider "Other", the URLs in the credential (${reason}).`,
	}),
	interrupted: ({ reason }) => ({
		message: 'The connection to the API was lost',
		description: `Retrying did not help. Try again later (${reason}).`,
	}),
	notTheApi: ({ reason }) => ({
		message: 'The response did not come from the API',
		description: `A login page or a company proxy may have answered. With the provider "Other", also check the base URL in the credential: it must be the API's address without a path (${reason}).`,
	}),
	upload: ({ reason, code }) => ({
		message: 'The file could not be uploaded',
		description: `${isOfTheFile(code) ? "Check the file's size and type" : 'Try again later'}, or host the file at a public URL and use that instead (${reason}).`,
	}),
	noUpload: () => ({
		message: 'The credential has no Upload URL',
		description: NO_UPLOAD_ADVICE,
	}),
	noFile: ({ reason }) => ({
		message: 'The file could not be downloaded',
		description: `Open the URL in a browser to see what its host says (${reason}).`,
	}),
	noCancel: ({ provider }) => ({
		message: `${provider?.label ?? 'The provider'} cannot cancel tasks`,
		description: `A task that was started runs to its end. Providers that can cancel: ${thoseWhoCancel()}.`,
	}),
};

/** For a file, if the provider takes none. */
export const NO_UPLOAD_ADVICE =
	'Host the file at a public URL and use that instead, or set "Upload URL" in the credential if your provider has one.';

/** Whether a file was refused for what it is. */
function isOfTheFile(code: number | null): boolean {
	return code !== null && code >= 400 && code < 500 && ![408, 429, 430, 455].includes(code);
}

/** Where a person can look for tasks. */
function placeOfTasks(provider?: Provider): string {
	return provider?.taskPage ? `at ${provider.taskPage}` : 'in your provider account';
}

/** What else a user can do if a provider does not offer Aleph by this API. */
function otherWays(provider?: Provider): string {
	const others = PROVIDERS.filter(({ value }) => value !== provider?.value);
	const places = others.map(({ label, keyPage }) => `${label} (${keyPage})`);
	const oneOfThem = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(places);
	const hasTwoApis = (provider?.dialects.length ?? 0) > 1;
	const otherApi = hasTwoApis ? 'set "API" in the credential to the other API, or ' : '';
	return `${otherApi}use a key and a credential of another provider: ${oneOfThem}`;
}

/** An error of n8n's own, or of the API. */
function nodeError(ref: ItemRef, failure: Failure, text: Text): NodeError {
	const isLocal = failure.kind === 'local' || failure.kind === 'deadline';
	return isLocal ? operationError(ref, text) : apiError(ref, failure.code, text);
}

function apiError({ node, itemIndex }: ItemRef, code: number | null, text: Text): NodeApiError {
	const httpCode = code === null ? undefined : String(code);
	const error = new NodeApiError(node, { message: '' }, { ...text, httpCode, itemIndex });
	return withText(error, text);
}

function operationError({ node, itemIndex }: ItemRef, text: Text): NodeOperationError {
	const { message, description } = text;
	return withText(new NodeOperationError(node, message, { description, itemIndex }), text);
}

/**
 * n8n replaces a message that has the name of a network error anywhere, such as "FileNotFoundError" has,
 * but only when it makes the error. And it takes an error that says "canceled" for the user's own stop.
 */
function withText<T extends NodeError>(error: T, { message, description }: Text): T {
	const safe = message.replace(/(cance)(l)(ed)/gi, '$1$2$2$3');
	return Object.assign(error, { message: safe, description, messages: [] });
}
