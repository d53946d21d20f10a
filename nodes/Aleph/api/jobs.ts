/** The Jobs API (`/api/v1/jobs`), where Aleph is one of many models: its requests, records and callbacks. */
import { asNumber, asObject, asText, parseObject } from '../task/json';
import { acceptedTask, toldTask, type Told } from '../task/task';
import type { Dialect } from './dialect';

const MODEL = 'runway/gen4-aleph';

export const jobs: Dialect = {
	name: 'Jobs API',
	startPath: '/api/v1/jobs/createTask',
	startBody: ({ callBackUrl, ...request }) => ({
		model: MODEL,
		...(callBackUrl && { callBackUrl }),
		input: Object.fromEntries(
			Object.entries(request).map(([name, value]) => [snakeCase(name), value]),
		),
	}),
	recordPath: '/api/v1/jobs/recordInfo',

	taskFromRecord(taskId, data) {
		const record = asObject(data);
		const input = asObject(parseObject(record.param).input);
		const result = parseObject(record.resultJson);
		const [firstUrl] = Array.isArray(result.resultUrls) ? (result.resultUrls as unknown[]) : [];
		return toldTask(acceptedTask(taskId, { prompt: input.prompt, videoUrl: input.video_url }), {
			status: recordStatus(record.state),
			videoUrl: asText(firstUrl) ?? result.resultVideoUrl,
			imageUrl: asText(result.firstFrameUrl) ?? result.resultImageUrl,
			createTime: record.createTime,
			completeTime: record.completeTime,
			errorMessage: asText(record.failMsg) ?? record.failCode,
		});
	},

	/** The body is an envelope around the record. */
	taskFromCallback(body) {
		const { code, data } = asObject(body);
		const record = asObject(data);
		const taskId = asText(record.taskId);
		if (asNumber(code) === null || taskId === null || asText(record.state) === null) return null;
		return jobs.taskFromRecord(taskId, record);
	},
};

/** `waterMark` is spelled as one word there. */
function snakeCase(name: string): string {
	if (name === 'waterMark') return 'watermark';
	return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Others are `waiting`, `queuing` and `generating`. */
function recordStatus(state: unknown): Told['status'] {
	if (state === 'success') return 'success';
	return state === 'fail' ? 'failed' : 'processing';
}
