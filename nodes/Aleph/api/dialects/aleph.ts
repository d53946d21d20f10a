/** The Aleph API (`/api/v1/aleph`) of kie.ai and Apikley: its requests, records and callbacks. */
import { asId, asNumber, asObject, asText, firstText, parseObject } from '../../task/json';
import { acceptedTask, codeOfError, withReport } from '../../task/task';
import type { ApiCall, Dialect } from './dialect';
import { envelopeDialect, isOfModel, recordIn, statusOfFlag, taskIdIn } from './envelope';

export const aleph: Dialect = {
	...envelopeDialect,
	value: 'aleph',
	name: 'Aleph API',
	description: 'The older API, and the only one that offers Aleph at Apikley',

	start: (request) => ({ method: 'POST', path: '/api/v1/aleph/generate', body: { ...request } }),

	read,
	probe: read('credential-test'),

	taskFromRecord(taskId, data) {
		const record = recordIn(data);
		if (!record || (asId(record.taskId) ?? taskId) !== taskId || !isOfModel(record)) return null;
		const response = parseObject(record.response);
		const { errorMessage, errorCode } = record;
		const task = withReport(acceptedTask(taskId, parseObject(record.paramJson)), {
			status: statusOfFlag(record.successFlag, asText(errorMessage) ?? codeOfError(errorCode)),
			videoUrl: response.resultVideoUrl,
			imageUrl: response.resultImageUrl,
			completedAt: record.completeTime,
			errorMessage,
			errorCode,
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

function read(taskId: string): ApiCall {
	return { method: 'GET', path: '/api/v1/aleph/record-info', qs: { taskId } };
}
