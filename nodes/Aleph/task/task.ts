/**
 * What a task is, whichever way word of it came: one type with the states of the API,
 * and the functions that read it from the API's answers.
 */
import { asNumber, asObject, asText, parseObject } from './json';

export type TaskStatus = 'processing' | 'success' | 'failed' | 'timeout';

/** One generation. Times are ISO 8601 in UTC; what is not known is null. */
export interface Task {
	taskId: string;
	status: TaskStatus;
	videoUrl: string | null;
	imageUrl: string | null;
	prompt: string | null;
	sourceVideoUrl: string | null;
	createTime: string | null;
	completeTime: string | null;
	durationSeconds: number | null;
	expiresAt: string | null;
	errorCode: number | null;
	errorMessage: string | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The provider keeps result files for 14 days after completion. */
const RESULT_LIFETIME_MS = 14 * DAY_MS;

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
		createTime: null,
		completeTime: null,
		durationSeconds: null,
		expiresAt: null,
		errorCode: null,
		errorMessage: null,
	};
}

/** Reads the `data` of record-info. Never throws: what is missing or odd becomes null. */
export function taskFromRecord(taskId: string, data: unknown): Task {
	const record = asObject(data);
	const response = asObject(record.response);
	const status = recordStatus(record);
	const created = asTime(record.createTime);
	const completed = status === 'processing' ? null : asTime(record.completeTime);
	return {
		...acceptedTask(taskId, parseObject(record.paramJson)),
		status,
		videoUrl: asText(response.resultVideoUrl),
		imageUrl: asText(response.resultImageUrl),
		createTime: isoTime(created),
		completeTime: isoTime(completed),
		durationSeconds:
			created === null || completed === null ? null : Math.round((completed - created) / 1000),
		expiresAt:
			status === 'success' && completed !== null ? isoTime(completed + RESULT_LIFETIME_MS) : null,
		errorCode: asNumber(record.errorCode) || null,
		errorMessage: asText(record.errorMessage),
	};
}

/**
 * `successFlag` is 1 when done and 0 otherwise, so that only an error tells a failed task
 * from a running one; sister APIs of the provider use 2 and 3 for failed.
 */
function recordStatus(record: ReturnType<typeof asObject>): TaskStatus {
	const flag = asNumber(record.successFlag);
	if (flag === 1) return 'success';
	const failed = flag === 2 || flag === 3;
	const complaint = asText(record.errorMessage) !== null || Boolean(asNumber(record.errorCode));
	return failed || complaint ? 'failed' : 'processing';
}

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
