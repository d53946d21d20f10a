/** Runway's own API: its requests and tasks, and its errors, which are HTTP statuses. */
import type RunwayML from '@runwayml/sdk';
import { ApiError } from '../errors';
import { freshUrl, resultUrls } from '../results';
import type { Settings } from '../settings';
import { costOf, shareDone, stateOf, type Task, type TaskRequest } from '../tasks';
import type { Dialect, SentRequest } from './index';

type Body = RunwayML.VideoToVideoCreateParams.Variant0;

export const runway: Dialect = {
	create: '/v1/video_to_video',
	read: '/v1/tasks/:taskId',
	reads: ['runway'],
	queues: true,
	schema: 'VideoToVideoRequest',
	requestIn,
	bodyOf,
	created: ({ taskId, price }): RunwayML.VideoToVideoCreateResponse => ({
		id: taskId,
		estimatedCost: { credits: price },
	}),
	record,
	modelGone: () => new ApiError(403),
	unknownTask: () => {
		throw new ApiError(404, 'The task was not found, or was deleted.');
	},
	error,
};

const DAY_MS = 24 * 60 * 60 * 1000;

function requestIn(body: unknown): SentRequest {
	const { promptText, videoUri, targetAspectRatio, contentModeration, ...rest } = {
		...(body as Partial<Body> | null),
	};
	const { seed, keyframes, outputFormat } = rest;
	const request = {
		prompt: promptText ?? '',
		videoUrl: videoUri,
		aspectRatio: targetAspectRatio,
		seed,
		keyframes,
		outputFormat,
		publicFigures: contentModeration?.publicFigureThreshold,
	};
	const given = Object.entries(request).filter(([, value]) => value !== undefined);
	return Object.fromEntries(given);
}

function bodyOf({ prompt, videoUrl, publicFigures, ...request }: TaskRequest): object {
	const { aspectRatio, seed, keyframes, outputFormat } = request;
	return {
		model: 'aleph2',
		videoUri: videoUrl,
		...(prompt !== '' && { promptText: prompt }),
		targetAspectRatio: aspectRatio,
		seed,
		keyframes,
		outputFormat,
		...(publicFigures && { contentModeration: { publicFigureThreshold: publicFigures } }),
	};
}

/** Each success comes with a fresh URL. */
function record(task: Task, settings: Settings, base: string): RunwayML.TaskRetrieveResponse {
	const { taskId: id, failure, price } = task;
	const known = { id, createdAt: new Date(task.createdAt).toISOString() };
	const estimated = { ...known, estimatedCost: { credits: price } };
	const final = { ...known, cost: { credits: costOf(task) } };
	const progress = shareDone(task);
	switch (stateOf(task)) {
		case 'waiting':
			return { ...estimated, status: 'THROTTLED' };
		case 'running':
			return progress < 0.1
				? { ...estimated, status: 'PENDING' }
				: { ...estimated, status: 'RUNNING', progress };
		case 'failed': {
			const { message = '', failureCode } = failure ?? {};
			return { ...final, status: 'FAILED', failure: message, ...(failureCode && { failureCode }) };
		}
		case 'cancelled':
			return { ...final, status: 'CANCELLED' };
		case 'succeeded': {
			const { video } = resultUrls(task, settings, base);
			const lifetime = settings.resultExpires === null ? DAY_MS : settings.resultExpires * 1000;
			const output = video === null ? [] : [freshUrl(video, ++task.links, lifetime)];
			return { ...final, status: 'SUCCEEDED', output };
		}
	}
}

/** kie.ai's codes as HTTP statuses; all others are the same. */
const STATUSES: Record<number, number> = {
	402: 400,
	408: 503,
	422: 400,
	430: 429,
	451: 400,
	455: 503,
	501: 500,
	505: 403,
	550: 403,
};

const REASONS: Record<number, string> = {
	400: 'Validation of body failed',
	401: 'The API key is not valid, or was disabled.',
	402: 'You do not have enough credits to run this task.',
	403: 'This model is not available to your account.',
	404: 'Not found',
	429: 'You have reached the daily limit of generations of your tier.',
	500: 'An unexpected error has occurred.',
};

function error({ code, message, issues }: ApiError) {
	const status = STATUSES[code] ?? (code < 600 ? code : 403);
	const reason = REASONS[code] ?? REASONS[status] ?? 'The API is overloaded, please try again.';
	return {
		status,
		body:
			issues.length > 0
				? { error: 'Validation of body failed', issues, docUrl: DOCS }
				: { error: message || reason },
	};
}

const DOCS = 'https://docs.dev.runwayml.com/api';
