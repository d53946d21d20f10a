/** What a task is, whichever API and whichever way word of it came. Pure: no n8n, no I/O. */
import { asNumber, asText } from './json';

export type TaskStatus = 'processing' | 'success' | 'failed' | 'timeout';

/** One generation, as users see it. Times are ISO 8601 in UTC; what is not known is null. */
export interface Task {
	taskId: string;
	status: TaskStatus;
	videoUrl: string | null;
	imageUrl: string | null;
	prompt: string | null;
	sourceVideoUrl: string | null;
	completeTime: string | null;
	durationSeconds: number | null;
	expiresAt: string | null;
	errorMessage: string | null;
}

/** One answer of the API about a task: what it means, and as it came, where that is asked for. */
export interface TaskRecord {
	task: Task;
	data?: Record<string, unknown>;
}

/** What a task is asked for. The dialects say how it is written. */
export interface VideoRequest {
	prompt: string;
	videoUrl: string;
	callBackUrl?: string;
	waterMark?: string;
	uploadCn?: boolean;
	aspectRatio?: AspectRatio;
	seed?: number;
	referenceImage?: string;
}

export const ASPECT_RATIOS = ['16:9', '9:16', '4:3', '3:4', '1:1', '21:9'] as const;

export type AspectRatio = (typeof ASPECT_RATIOS)[number];

/** A task of which only the request is known: it has just been accepted. */
export function acceptedTask(
	taskId: string,
	request: { prompt?: unknown; videoUrl?: unknown } = {},
): Task {
	return {
		taskId,
		status: 'processing',
		videoUrl: null,
		imageUrl: null,
		prompt: asText(request.prompt),
		sourceVideoUrl: asText(request.videoUrl),
		completeTime: null,
		durationSeconds: null,
		expiresAt: null,
		errorMessage: null,
	};
}

/** What a record or a callback tells. Times may be ISO text or epoch milliseconds. */
export interface Told {
	status: 'processing' | 'success' | 'failed';
	videoUrl?: unknown;
	imageUrl?: unknown;
	createTime?: unknown;
	completeTime?: unknown;
	errorMessage?: unknown;
}

/** The provider keeps result files for 14 days after completion. */
const RESULT_LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;

/** The task with what is told of it. Never throws: what is missing or odd becomes null. */
export function toldTask(known: Task, told: Told): Task {
	if (told.status === 'processing') return known;
	const videoUrl = asText(told.videoUrl);
	const completed = asTime(told.completeTime);
	const created = asTime(told.createTime);
	const ended = {
		...known,
		completeTime: isoTime(completed),
		durationSeconds:
			created === null || completed === null ? null : Math.round((completed - created) / 1000),
		errorMessage: asText(told.errorMessage),
	};
	if (told.status === 'failed') return { ...ended, status: 'failed' };
	if (videoUrl === null) return { ...ended, status: 'failed', errorMessage: NO_VIDEO };
	return {
		...ended,
		status: 'success',
		videoUrl,
		imageUrl: asText(told.imageUrl),
		expiresAt: completed === null ? null : isoTime(completed + RESULT_LIFETIME_MS),
	};
}

const NO_VIDEO = 'The provider reported success without a video URL';

/** Milliseconds since 1970 of an ISO text (UTC where it names no zone) or of epoch milliseconds. */
export function asTime(value: unknown): number | null {
	const number = asNumber(value);
	if (number !== null) return number > 0 && isoTime(number) !== null ? number : null;
	const text = asText(value);
	if (text === null) return null;
	const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text.trim().replace(' ', 'T')}Z`;
	const time = Date.parse(zoned);
	return Number.isNaN(time) ? null : time;
}

export function isoTime(time: number | null): string | null {
	if (time === null) return null;
	const date = new Date(time);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
