/** The Aleph API (`/api/v1/aleph`): its requests, records and callbacks. */
import type { IDataObject } from 'n8n-workflow';
import { asNumber, asObject, asText, parseObject, type Json } from '../task/json';
import { acceptedTask, toldTask, type Told } from '../task/task';
import type { Dialect } from './dialect';

export const aleph: Dialect = {
	name: 'Aleph API',
	startPath: '/api/v1/aleph/generate',
	startBody: (request): IDataObject => ({ ...request }),
	recordPath: '/api/v1/aleph/record-info',

	taskFromRecord(taskId, data) {
		const record = asObject(data);
		const response = asObject(record.response);
		return toldTask(acceptedTask(taskId, parseObject(record.paramJson)), {
			status: recordStatus(record),
			videoUrl: response.resultVideoUrl,
			imageUrl: response.resultImageUrl,
			createTime: record.createTime,
			completeTime: record.completeTime,
			errorMessage: record.errorMessage,
		});
	},

	taskFromCallback(body) {
		const callback = asObject(body);
		const data = asObject(callback.data);
		const taskId =
			asText(callback.taskId) ??
			asText(callback.task_id) ??
			asText(data.taskId) ??
			asText(data.task_id);
		const code = asNumber(callback.code);
		if (taskId === null || code === null) return null;
		return toldTask(
			acceptedTask(taskId),
			code === 200
				? {
						status: 'success',
						videoUrl: asText(data.result_video_url) ?? data.video_url,
						imageUrl: asText(data.result_image_url) ?? data.image_url,
					}
				: { status: 'failed', errorMessage: callback.msg },
		);
	},
};

/**
 * `successFlag` is 1 when done and 0 otherwise, so that only an error tells a failed task from a
 * running one; recordings of the real API also have 2 and 3 for failed.
 */
function recordStatus(record: Json): Told['status'] {
	const flag = asNumber(record.successFlag);
	if (flag === 1) return 'success';
	const complaint = asText(record.errorMessage) !== null || Boolean(asNumber(record.errorCode));
	return flag === 2 || flag === 3 || complaint ? 'failed' : 'processing';
}
