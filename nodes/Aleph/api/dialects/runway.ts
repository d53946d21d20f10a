/**
 * Runway's own API, with Aleph 2. Errors come as HTTP statuses, there are no callbacks, tasks can be
 * cancelled, and what is over the account's concurrency is queued. As of Runway's SDK 4.20.1.
 */
import {
	asCode,
	asId,
	asList,
	asNumber,
	asObject,
	asText,
	parseList,
	type Json,
} from '../../task/json';
import { acceptedTask, CANCELLED, withReport, type Keyframe, type Report } from '../../task/task';
import { firstUrl } from '../../task/url';
import { ApiError, type ApiErrorKind } from '../error';
import type { ApiCall, Dialect, HttpAnswer } from './dialect';
import { bareWords, errorBody, kindOfStatus, NO_CREDITS, retryAfter, wordsOf } from './errors';

const MODEL = 'aleph2';
const GENERATE = '/v1/video_to_video';
const TASKS = '/v1/tasks/';
const ORGANIZATION: ApiCall = { method: 'GET', path: '/v1/organization' };

/** URLs of results live for 24 to 48 hours from the reading that gave them. */
export const URL_LIFETIME_MS = 24 * 60 * 60_000;

export const runway: Dialect = {
	value: 'runway',
	name: 'Runway API',
	description: "Runway's own API, with Aleph 2",
	headers: { 'X-Runway-Version': '2024-11-06' },
	limits: {
		prompt: 1_000,
		videoByUrl: '2 to 30 seconds, up to 32 MB',
		upload: { megabytes: 200, clip: 'of 2 to 30 seconds' },
	},
	aspectRatios: ['16:9', '4:3', '3:2', '1:1', '2:3', '3:4', '9:16', '21:9'],
	seeds: { min: 0, max: 4_294_967_295 },
	options: ['keyframes', 'outputFormat', 'publicFigures'],
	open,

	start: ({ prompt, videoUrl, seed, aspectRatio, keyframes, outputFormat, publicFigures }) => ({
		method: 'POST',
		path: GENERATE,
		body: {
			model: MODEL,
			videoUri: videoUrl,
			promptText: prompt,
			seed,
			targetAspectRatio: aspectRatio,
			keyframes: keyframes?.map(keyframeBody),
			outputFormat,
			contentModeration: publicFigures && { publicFigureThreshold: publicFigures },
		},
	}),
	startedTaskId: (body) => asId(asObject(body).id),

	read: readTask,

	taskFromRecord(taskId, data) {
		const record = asObject(data);
		// A UUID, which databases and spreadsheets may give in capitals.
		if (asId(record.id)?.toLowerCase() !== taskId.toLowerCase()) return null;
		const task = withReport(acceptedTask(taskId), {
			status: statusOf(record),
			videoUrl: firstUrl(...parseList(record.output)),
			credits: asObject(record.cost).credits,
			expiresAt: Date.now() + URL_LIFETIME_MS,
			errorMessage: reasonOf(record),
		});
		return wordOf(record) === 'THROTTLED' ? { task, queued: true } : { task };
	},
	readInterval: 5_000,

	probe: ORGANIZATION,
	answersProbe(data) {
		const { creditBalance, tier } = asObject(data);
		return asNumber(creditBalance) !== null || asObject(tier) === tier;
	},

	credits: { call: ORGANIZATION, from: (data) => asNumber(asObject(data).creditBalance) },

	ownUrl: /^runway:\/\/[!-~]+$/,

	async upload(file, _uploadUrl, send) {
		const body = { filename: file.name, type: 'ephemeral' };
		const ticket = asObject(await send({ method: 'POST', path: '/v1/uploads', body }));
		return {
			url: asText(ticket.uploadUrl) ?? '',
			fields: Object.fromEntries(
				Object.entries(asObject(ticket.fields)).map(([name, value]) => [name, String(value)]),
			),
			// The storage is not the API's, and needs only what the fields say.
			withKey: false,
			read: ({ statusCode, body }) => {
				if (statusCode >= 200 && statusCode < 300) return { url: ticket.runwayUri };
				const isPassing = statusCode === 429 || statusCode >= 500;
				const kind = isPassing ? 'server' : 'upload';
				const said = [`HTTP ${statusCode} from the storage`, messageIn(body)];
				throw new ApiError(kind, statusCode, said.filter(Boolean).join(': '));
			},
		};
	},

	cancel: (taskId) => ({ method: 'DELETE', path: `${TASKS}${encodeURIComponent(taskId)}` }),

	concurrency: {
		call: ORGANIZATION,
		from: (data) => {
			const { models } = asObject(asObject(data).tier);
			const told = asNumber(asObject(asObject(models)[MODEL]).maxConcurrentGenerations);
			return told !== null && told >= 1 ? told : null;
		},
	},
};

function readTask(taskId: string): ApiCall {
	return { method: 'GET', path: `${TASKS}${encodeURIComponent(taskId)}` };
}

function keyframeBody({ image, seconds, position, start, end }: Keyframe) {
	const moment = position === undefined ? { seconds } : { at: position };
	const range = start === undefined ? {} : { range: { start_seconds: start, end_seconds: end } };
	return { uri: image, ...moment, ...range };
}

const STATES: Record<string, Report['status']> = {
	PENDING: 'processing',
	THROTTLED: 'processing',
	RUNNING: 'processing',
	SUCCEEDED: 'success',
	FAILED: 'failed',
	CANCELLED: 'failed',
};

function statusOf(record: Json): Report['status'] {
	const word = wordOf(record) ?? '';
	return Object.hasOwn(STATES, word) ? STATES[word]! : null;
}

/** The status as the docs write it: in capitals, and CANCELLED with two L. */
function wordOf({ status }: Json): string | undefined {
	return asText(status)
		?.trim()
		.toUpperCase()
		.replace(/^CANCELED$/, 'CANCELLED');
}

function reasonOf(record: Json): string | null {
	if (wordOf(record) === 'CANCELLED') return CANCELLED;
	const code = asCode(record.failureCode);
	const reason = asText(record.failure);
	return reason && code ? `${reason} (${code})` : (reason ?? code);
}

function open(answer: HttpAnswer, call: Pick<ApiCall, 'method' | 'path'>): unknown {
	const { statusCode, headers, body } = answer;
	if (statusCode >= 200 && statusCode < 300) return contentOf(body, call);
	const error = errorBody(answer);
	const said = wordsOf(error);
	const issues = issuesOf(error);
	const reason = [said ?? bareWords(answer, error), ...issues].join('; ');
	const kind =
		statusCode === 400 ? inputKind(said ?? '', issues) : errorKind(statusCode, call.path, body);
	throw new ApiError(kind, statusCode, reason, retryAfter(headers));
}

/** The answer to a cancel is empty; any other is an object, and a task has its ID. */
function contentOf(body: unknown, { method, path }: Pick<ApiCall, 'method' | 'path'>): unknown {
	if (!body && method === 'DELETE') return body;
	const content = asObject(body);
	if (content !== body) throw new ApiError('notTheApi', 200, 'The response is not JSON');
	if (method === 'GET' && path.startsWith(TASKS) && asId(content.id) === null) {
		throw new ApiError('notTheApi', 200, 'The response has no task ID');
	}
	return content;
}

/** What a storage such as S3 says, in XML. */
function messageIn(body: unknown): string | undefined {
	return /<Message>([^<]{1,300})<\/Message>/.exec(asText(body) ?? '')?.[1];
}

/** Which fields are wrong, and why: `{ path, message }` for each. */
function issuesOf({ issues }: Json): string[] {
	return asList(issues)
		.map(asObject)
		.map(({ path, message }) => {
			const field = Array.isArray(path) ? path.join('.') : asText(path);
			return [field, asText(message)].filter(Boolean).join(': ');
		})
		.filter(Boolean);
}

const MEDIA = /fetch|content-type|content-length|redirect|only https/i;

/** What is wrong with the inputs. A prompt that an issue quotes, and the name of a file, can have any word. */
function inputKind(said: string, issues: string[]): ApiErrorKind {
	const ofOthers = issues.filter((issue) => !issue.startsWith('promptText'));
	if ([said, ...ofOthers].some((text) => MEDIA.test(text))) return 'media';
	return NO_CREDITS.test(said) ? 'credits' : 'parameters';
}

function isPage(body: unknown): boolean {
	return asText(body)?.trim().startsWith('<') ?? false;
}

function errorKind(status: number, path: string, body: unknown): ApiErrorKind {
	if (status === 403) return 'noModel';
	if (status === 404 && path.startsWith(TASKS) && !isPage(body)) return 'unknownTask';
	if (status !== 429) return kindOfStatus(status);
	return path === GENERATE ? 'dailyLimit' : 'rateLimit';
}
