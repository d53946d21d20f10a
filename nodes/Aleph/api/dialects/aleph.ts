/** The Aleph API (`/api/v1/aleph`) of kie.ai and Apikley: its requests, records and callbacks. */
import {
	asId,
	asNumber,
	asObject,
	asText,
	firstText,
	parseObject,
	type Json,
} from '../../task/json';
import { acceptedTask, withReport, type Report } from '../../task/task';
import type { ApiCall, Dialect } from './dialect';
import { envelopeDialect, isOfModel, taskIdIn } from './envelope';

export const aleph: Dialect = {
	...envelopeDialect,
	value: 'aleph',
	name: 'Aleph API',
	description: 'The older API, and the only one that offers Aleph at Apikley',

	start: (request) => ({ method: 'POST', path: '/api/v1/aleph/generate', body: { ...request } }),

	read,
	probe: read('credential-test'),

	taskFromRecord(taskId, data) {
		// An empty `data` is how this API says that it does not know the task.
		if (data === null || data === undefined) return null;
		const record = asObject(data);
		if ((asId(record.taskId) ?? taskId) !== taskId || !isOfModel(record)) return null;
		const response = parseObject(record.response);
		const task = withReport(acceptedTask(taskId, parseObject(record.paramJson)), {
			status: statusOf(record),
			videoUrl: response.resultVideoUrl,
			imageUrl: response.resultImageUrl,
			completedAt: record.completeTime,
			errorMessage: record.errorMessage,
			errorCode: record.errorCode,
		});
		return { task };
	},

	taskFromCallback(body) {
		const callback = asObject(body);
		const data = asObject(callback.data);
		const taskId = taskIdIn(callback) ?? taskIdIn(data);
		const code = asNumber(callback.code);
		if (taskId === null || code === null || !isOfModel(data)) return null;
		if (code !== 200) {
			return withReport(acceptedTask(taskId), { status: 'failed', errorMessage: callback.msg });
		}
		// It has the result under names of its own, or is the record. Without a flag, the task has ended.
		const { resultVideoUrl, resultImageUrl } = parseObject(data.response);
		const record = {
			...data,
			taskId,
			successFlag: asNumber(data.successFlag) ?? 1,
			response: {
				resultVideoUrl: firstText(data.result_video_url, data.video_url, resultVideoUrl),
				resultImageUrl: firstText(data.result_image_url, data.image_url, resultImageUrl),
			},
		};
		return aleph.taskFromRecord(taskId, record)?.task ?? null;
	},
};

/**
 * `successFlag` is 1 when done and 0 otherwise, so that only an error tells a failed task from a
 * running one; recordings of the real API also have 2 and 3 for failed.
 */
function statusOf(record: Json): Report['status'] {
	const flag = asNumber(record.successFlag);
	if (flag === 1) return 'success';
	const code = asNumber(record.errorCode) ?? 0;
	const complaint = asText(record.errorMessage) !== null || (code !== 0 && code !== 200);
	return flag === 2 || flag === 3 || complaint ? 'failed' : 'processing';
}

function read(taskId: string): ApiCall {
	return { method: 'GET', path: '/api/v1/aleph/record-info', qs: { taskId } };
}
