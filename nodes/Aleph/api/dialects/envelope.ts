/**
 * What the two APIs of kie.ai and Apikley share: the envelope `{ code, msg, data }`, uploads, credits and
 * fresh URLs. The HTTP status is often 200 although `code` is not, and sometimes equals it, so both are
 * read.
 */
import { randomUUID } from 'crypto';
import { asId, asNumber, asObject, asText, parseObject, type Json } from '../../task/json';
import type { Report } from '../../task/task';
import { ApiError, type ApiErrorKind } from '../error';
import type { Dialect, HttpAnswer } from './dialect';
import { bareWords, errorBody, kindOfStatus, NO_CREDITS, retryAfter, wordsOf } from './errors';

/** What both APIs have in common. */
export const envelopeDialect = {
	limits: {
		prompt: 2_048,
		videoByUrl: 'up to 10 MB, of which the first 5 seconds are used',
		upload: { megabytes: 10, clip: 'of which the first 5 seconds are used' },
	},
	aspectRatios: ['16:9', '9:16', '4:3', '3:4', '1:1', '21:9'],
	options: ['referenceImage', 'waterMark', 'uploadCn', 'callBackUrl'],
	open: openEnvelope,
	// The probe is for a task that nobody has: its data is empty, or an object.
	answersProbe: (data) => recordIn(data || {}) !== null,
	startedTaskId: (body) => taskIdIn(asObject(body).data) ?? taskIdIn(body),
	readInterval: 0,
	credits: { call: { method: 'GET', path: '/api/v1/chat/credit' }, from: asNumber },

	hasUploadUrl: true,
	upload(file, uploadUrl) {
		if (!uploadUrl) throw new ApiError('noUpload', null, '');
		return {
			url: `${uploadUrl}/api/file-stream-upload`,
			// A file of the same folder and name would replace an earlier one.
			fields: { uploadPath: `${UPLOAD_FOLDER}/${randomUUID()}`, fileName: file.name },
			withKey: true,
			read: (answer) => {
				const data = asObject(openEnvelope(answer));
				const { downloadUrl: url, fileSize: size, mimeType, expiresAt } = data;
				return { url, size, mimeType, expiresAt };
			},
		};
	},

	/** The answer's data is the new URL, which lasts 20 minutes. */
	freshUrl: (url) => ({ method: 'POST', path: '/api/v1/common/download-url', body: { url } }),
} satisfies Partial<Dialect>;

const UPLOAD_FOLDER = 'n8n-runway-aleph';

/** The record in the data of an answer; null if it has none, as for a task that the API does not know. */
export function recordIn(data: unknown): Json | null {
	const record = parseObject(data);
	return record === data || Object.keys(record).length > 0 ? record : null;
}

/**
 * `successFlag` is 1 when done and 0 otherwise, so that only an error tells a failed task from a
 * running one; recordings of the real APIs also have 2 and 3 for failed. Null for anything else.
 */
export function statusOfFlag(successFlag: unknown, error: string | null): Report['status'] {
	const flag = asNumber(successFlag);
	if (flag === 1) return 'success';
	if (flag === 2 || flag === 3) return 'failed';
	if (flag !== 0) return null;
	return error === null ? 'processing' : 'failed';
}

/** A record need not name its model. Tasks of the Aleph API, which the Jobs API knows as well, are of the same model. */
export function isOfModel({ model }: Json): boolean {
	return asText(model)?.toLowerCase().includes('aleph') ?? true;
}

export function taskIdIn(value: unknown): string | null {
	const { taskId, task_id: otherSpelling } = asObject(value);
	return asId(taskId) ?? asId(otherSpelling);
}

/** The `data` of a good answer. Throws an ApiError for any other. */
export function openEnvelope(answer: HttpAnswer): unknown {
	const envelope = parseObject(answer.body);
	const bodyCode = asNumber(envelope.code);
	const code = bodyCode === null || bodyCode === 200 ? answer.statusCode : bodyCode;
	const isGood = bodyCode === 200 && envelope.success !== false;
	if (isGood && code >= 200 && code < 300) return envelope.data;

	const content = errorBody(answer);
	const said = wordsOf(content);
	const reason = said ?? bareWords(answer, content);
	throw new ApiError(errorKind(code, said ?? ''), code, reason, retryAfter(answer.headers));
}

const KINDS: Record<number, ApiErrorKind> = {
	402: 'credits',
	403: 'credential',
	429: 'rateLimit',
	430: 'rateLimit',
	433: 'quota',
	451: 'media',
	455: 'maintenance',
	505: 'switchedOff',
	550: 'denied',
	4030: 'region',
};

/** Code 422 says several things, and 500 may hide a refusal: what was recorded of their texts tells them apart. */
const UNKNOWN_TASK = /recordInfo is null|task not found|task does not exist/i;
const NO_MODEL = /model name you specified|page does not exist or is not published/i;
const PARAMETERS =
	/is required|cannot be empty|must not be empty|not within the range of allowed options/i;

function errorKind(code: number, said: string): ApiErrorKind {
	if (code === 422 || code === 404) {
		if (UNKNOWN_TASK.test(said)) return 'unknownTask';
		if (NO_MODEL.test(said)) return 'noModel';
	}
	if (code === 500) {
		if (NO_CREDITS.test(said)) return 'credits';
		if (NO_MODEL.test(said)) return 'noModel';
		if (PARAMETERS.test(said)) return 'parameters';
	}
	return KINDS[code] ?? kindOfStatus(code);
}
