/** What a task is, whichever API tells about it, and whichever way the news came. Pure: no n8n, no I/O. */
import { asCode, asNumber, asText, type Json } from './json';
import { firstUrl } from './url';

export type TaskStatus = 'processing' | 'success' | 'failed' | 'timeout';

/** One generation, as users see it. Times are ISO 8601 in UTC; what is not known is null. */
export interface Task {
	taskId: string;
	status: TaskStatus;
	videoUrl: string | null;
	imageUrl: string | null;
	prompt: string | null;
	sourceVideoUrl: string | null;
	/** What the task has cost. */
	credits: number | null;
	completedAt: string | null;
	/** When the URLs stop working. */
	expiresAt: string | null;
	errorMessage: string | null;
}

/** One answer of the API about a task. */
export interface TaskRecord {
	task: Task;
	/** The task waits in the provider's own queue for a free slot. */
	queued?: true;
	/** The answer as it came, if that is asked for. */
	data?: Json;
}

/** An image of how the video is to look at a moment, or in a range, of the source video. */
export type Keyframe = {
	/** URL. */
	image: string;
	/** The moment, in seconds or as a share of the video's length, 0 to 1. */
	seconds?: number;
	position?: number;
	/** The range, in seconds. */
	start?: number;
	end?: number;
};

/** What a task is asked for. The dialects say which of it they can do, and how it is written. */
export interface VideoRequest {
	prompt: string;
	videoUrl: string;
	aspectRatio?: string;
	seed?: number;
	referenceImage?: string;
	waterMark?: string;
	uploadCn?: boolean;
	callBackUrl?: string;
	keyframes?: Keyframe[];
	outputFormat?: string;
	publicFigures?: string;
}

/** What is known of a task from its request alone. */
export type Requested = Pick<Task, 'prompt' | 'sourceVideoUrl'>;

/** A task of which only the request is known: it has just been accepted. */
export function acceptedTask(
	taskId: string,
	{ prompt, videoUrl }: { prompt?: unknown; videoUrl?: unknown } = {},
): Task {
	return {
		taskId,
		status: 'processing',
		videoUrl: null,
		imageUrl: null,
		prompt: asText(prompt),
		sourceVideoUrl: asText(videoUrl),
		credits: null,
		completedAt: null,
		expiresAt: null,
		errorMessage: null,
	};
}

/** What a record or a callback reports. Each value may be anything; times are ISO text, or epoch milliseconds or seconds. */
export interface Report {
	/** Null for a word, or a flag, that is not known: then what there is of a result tells. */
	status: 'processing' | 'success' | 'failed' | null;
	videoUrl?: unknown;
	imageUrl?: unknown;
	credits?: unknown;
	completedAt?: unknown;
	expiresAt?: unknown;
	errorMessage?: unknown;
	/** Tells why a task has failed if there is no message. */
	errorCode?: unknown;
}

/** The task with what is reported of it. Never throws: what is missing or odd becomes null. */
export function withReport(known: Task, report: Report): Task {
	const videoUrl = firstUrl(report.videoUrl);
	const reason = asText(report.errorMessage) ?? codeOfError(report.errorCode);
	const status = report.status ?? (videoUrl ? 'success' : reason ? 'failed' : 'processing');
	if (status === 'processing') return known;
	const ended = {
		...known,
		credits: asNumber(report.credits),
		completedAt: isoTime(asTime(report.completedAt)),
		errorMessage: asText(report.errorMessage),
	};
	if (status === 'failed') return { ...ended, status: 'failed', errorMessage: reason };
	if (videoUrl === null) return { ...ended, status: 'failed', errorMessage: NO_VIDEO };
	return {
		...ended,
		status: 'success',
		videoUrl,
		imageUrl: firstUrl(report.imageUrl),
		expiresAt: isoTime(asTime(report.expiresAt)),
	};
}

/** Null for none, and for the code of an answer that is good. */
export function codeOfError(code: unknown): string | null {
	const text = asCode(code);
	return text === '200' ? null : text;
}

/** The task as it is known once the API has taken its cancelling: it need not tell of it any more. */
export function cancelledTask(task: Task): Task {
	return { ...task, status: 'failed', errorMessage: CANCELLED };
}

/** The APIs do not say it in words. */
export const CANCELLED = 'The task was cancelled';

const NO_VIDEO = 'The provider reported success without a video URL';

/** From this number on, a time since 1970 is in milliseconds: as seconds it would be after the year 5000. */
const LEAST_MILLISECONDS = 1e11;

/** From this number on, it is in microseconds, or no time at all. */
const MOST_MILLISECONDS = 1e14;

/** Milliseconds since 1970 of an ISO text (UTC if it names no zone), or of epoch milliseconds or seconds. */
export function asTime(value: unknown): number | null {
	const number = asNumber(value);
	if (number !== null) return timeOf(number);
	const text = asText(value)
		?.trim()
		.replace(/ ?(UTC|GMT)$/i, 'Z');
	if (text === undefined) return null;
	// A zone may be given by its hours alone, which JavaScript does not understand.
	const zoned = text.replace(/(:\d\d(?:\.\d+)? ?[+-]\d\d)$/, '$1:00');
	const isZoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(zoned);
	const time = Date.parse(isZoned ? zoned : `${text.replace(' ', 'T')}Z`);
	return Number.isNaN(time) ? null : time;
}

function timeOf(number: number): number | null {
	const time = number < LEAST_MILLISECONDS ? number * 1000 : number;
	return time > 0 && time < MOST_MILLISECONDS ? time : null;
}

/** Whether URLs that work until then have stopped. */
export function hasExpired(expiresAt: string | null): boolean {
	return expiresAt !== null && Date.parse(expiresAt) <= Date.now();
}

export function isoTime(time: number | null): string | null {
	if (time === null) return null;
	const date = new Date(time);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
