/** kie.ai's and Apikley's Aleph API: its requests, records and callbacks. */
import type { components } from '../openapi';
import { resultUrls } from '../results';
import type { Settings } from '../settings';
import { hasEnded, stateOf, type Task } from '../tasks';
import { done, envelopeError, modelGone } from './envelope';
import type { Dialect } from './index';

type RecordInfo = components['schemas']['RecordInfo'];
type Callback = components['schemas']['Callback'];

export const aleph: Dialect = {
	create: '/api/v1/aleph/generate',
	read: '/api/v1/aleph/record-info',
	reads: ['aleph'],
	queues: false,
	schema: 'GenerateRequest',
	requestIn: (body) => ({ ...(body as object | null) }),
	bodyOf: (request) => request,
	created: ({ taskId }) => done({ taskId }),
	record: (task, settings, base) => done(record(task, settings, base)),
	modelGone,
	unknownTask: () => done(null),
	callback,
	error: envelopeError,
};

/** What is not known yet is null, also if a text is promised. */
function record(task: Task, settings: Settings, base: string): RecordInfo {
	const state = stateOf(task);
	const ended = hasEnded(task);
	const failure = state === 'failed' ? task.failure : null;
	const orNull = <T>(value: T) => (settings.nullRecords ? null : value);
	const { video, image } = resultUrls(task, settings, base);
	// A failure without a flag of its own shows in its message alone.
	const message = failure && settings.failedFlag === 0 ? failure.message : null;
	return {
		taskId: task.taskId,
		paramJson: orNull(JSON.stringify(task.request)),
		response:
			state === 'succeeded'
				? { taskId: orNull(task.taskId), resultVideoUrl: video, resultImageUrl: image }
				: null,
		createTime: orNull(written(task.createdAt, settings.times)),
		completeTime: ended ? orNull(written(task.endsAt, settings.times)) : null,
		successFlag: state === 'succeeded' ? 1 : failure ? settings.failedFlag : 0,
		errorCode: ended ? orNull(failure?.code ?? 0) : null,
		errorMessage: message ?? (ended ? orNull(failure?.message ?? '') : null),
	};
}

function written(time: number, style: Settings['times']): string | number {
	if (style === 'epoch') return Math.round(time);
	const iso = new Date(time).toISOString();
	return style === 'iso' ? iso : iso.slice(0, 19);
}

/** The three spellings are those of the provider's own pages. */
function callback(task: Task, settings: Settings, base: string): Callback {
	const { taskId, failure } = task;
	const { spelling } = settings;
	const id = spelling === 'snake' ? { task_id: taskId } : null;
	const top = spelling === 'snake' ? {} : { taskId };
	if (failure) return { code: 400, msg: failure.message, data: id, ...top };

	const { video, image } = resultUrls(task, settings, base);
	const urls =
		spelling === 'short'
			? { video_url: video, image_url: image }
			: { result_video_url: video, result_image_url: image };
	return { code: 200, msg: 'All generated successfully.', data: { ...id, ...urls }, ...top };
}
