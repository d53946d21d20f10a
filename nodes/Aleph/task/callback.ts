/** What the provider posts when a task has ended, in each of its spellings. */
import { asNumber, asObject, asText } from './json';
import { acceptedTask, type Task } from './task';

/** The task that a callback speaks of, as the callback has it; null where the body is no callback. */
export function taskFromCallback(body: unknown): Task | null {
	const callback = asObject(body);
	const data = asObject(callback.data);
	const taskId =
		asText(callback.taskId) ??
		asText(callback.task_id) ??
		asText(data.taskId) ??
		asText(data.task_id);
	const code = asNumber(callback.code);
	if (taskId === null || code === null) return null;
	if (code !== 200) {
		return {
			...acceptedTask(taskId),
			status: 'failed',
			errorCode: code,
			errorMessage: asText(callback.msg),
		};
	}
	return {
		...acceptedTask(taskId),
		status: 'success',
		videoUrl: asText(data.result_video_url) ?? asText(data.video_url),
		imageUrl: asText(data.result_image_url) ?? asText(data.image_url),
	};
}
