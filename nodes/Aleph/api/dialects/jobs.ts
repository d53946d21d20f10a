/**
 * The Jobs API (`/api/v1/jobs`) of kie.ai, which has Aleph as one of many models: its requests, records
 * and callbacks.
 */
import {
	asCode,
	asId,
	asNumber,
	asObject,
	asText,
	firstText,
	parseList,
	parseObject,
	type Json,
} from '../../task/json';
import { acceptedTask, codeOfError, withReport, type Report } from '../../task/task';
import { firstUrl } from '../../task/url';
import type { ApiCall, Dialect } from './dialect';
import { envelopeDialect, isOfModel, recordIn, statusOfFlag, taskIdIn } from './envelope';

const MODEL = 'runway/gen4-aleph';

export const jobs: Dialect = {
	...envelopeDialect,
	value: 'jobs',
	name: 'Jobs API',
	description: 'The API that kie.ai documents today',

	start: ({
		callBackUrl,
		prompt,
		videoUrl,
		waterMark,
		uploadCn,
		aspectRatio,
		seed,
		referenceImage,
	}) => ({
		method: 'POST',
		path: '/api/v1/jobs/createTask',
		body: {
			model: MODEL,
			callBackUrl,
			input: {
				prompt,
				video_url: videoUrl,
				watermark: waterMark,
				upload_cn: uploadCn,
				aspect_ratio: aspectRatio,
				seed,
				reference_image: referenceImage,
			},
		},
	}),

	read,
	probe: read('credential-test'),

	taskFromRecord(taskId, data) {
		const record = recordIn(data);
		if (!record || (asId(record.taskId) ?? taskId) !== taskId || !isOfModel(record)) return null;
		// Recordings have the input as JSON within the JSON of `param`, the docs as an object.
		const input = parseObject(parseObject(record.param).input);
		// Either may lack what the other has.
		const results = [record.resultJson, record.response].map(parseObject);
		const errorMessage = firstText(record.failMsg, record.errorMessage);
		const errorCode = asCode(record.failCode) ?? record.errorCode;
		const task = withReport(
			acceptedTask(taskId, { prompt: input.prompt, videoUrl: input.video_url }),
			{
				status: statusOf(record, errorMessage ?? codeOfError(errorCode)),
				videoUrl: firstUrl(
					...results.flatMap(({ resultUrls }) => parseList(resultUrls)),
					...results.map(({ resultVideoUrl }) => resultVideoUrl),
				),
				imageUrl: firstUrl(
					...results.map(({ firstFrameUrl }) => firstFrameUrl),
					...results.map(({ resultImageUrl }) => resultImageUrl),
				),
				credits: asNumber(record.creditsConsumed) ?? record.consumeCredits,
				completedAt: record.completeTime,
				errorMessage,
				errorCode,
			},
		);
		return { task };
	},

	/** The body is an envelope around the record. */
	taskFromCallback(body) {
		const { code, data } = asObject(body);
		const record = asObject(data);
		const taskId = taskIdIn(record);
		if (asNumber(code) === null || taskId === null || !isOfThisApi(record)) return null;
		// A callback comes when a task has ended: if its state is a word that we do not know, its code says how.
		const successFlag = asNumber(record.successFlag) || (asNumber(code) === 200 ? 1 : 3);
		return jobs.taskFromRecord(taskId, { ...record, successFlag })?.task ?? null;
	},
};

/** What a record of this API has, and none of the Aleph API. Any of it may be missing. */
function isOfThisApi({ state, failMsg, model, ...record }: Json): boolean {
	const hasWords = firstText(state, failMsg, model) !== null;
	const { param, resultJson, response } = record;
	const known = { ...parseObject(param), ...parseObject(resultJson), ...parseObject(response) };
	return hasWords || 'input' in known || 'resultUrls' in known;
}

/** The words that `state` may be. If it is another, the `successFlag` decides, which newer records have; else the result. */
const STATES: Record<string, Report['status']> = {
	waiting: 'processing',
	queuing: 'processing',
	generating: 'processing',
	queued: 'processing',
	pending: 'processing',
	running: 'processing',
	processing: 'processing',
	in_progress: 'processing',
	success: 'success',
	completed: 'success',
	fail: 'failed',
	failed: 'failed',
	error: 'failed',
};

function statusOf({ state, successFlag }: Json, reason: string | null): Report['status'] {
	const word = asText(state)?.trim().toLowerCase() ?? '';
	if (Object.hasOwn(STATES, word)) return STATES[word]!;
	return statusOfFlag(successFlag, reason);
}

function read(taskId: string): ApiCall {
	return { method: 'GET', path: '/api/v1/jobs/recordInfo', qs: { taskId } };
}
