/** The Jobs API: its requests, records and callbacks. */
import type { components } from '../../nodes/Aleph/api/openapi';
import type { Dialect } from './dialects';
import type { Settings } from './settings';
import { resultUrls, stateOf, type GenerateRequest, type Task } from './tasks';

type CreateTaskRequest = components['schemas']['CreateTaskRequest'];
type JobCallback = components['schemas']['JobCallback'];
type JobInput = components['schemas']['JobInput'];
type JobRecord = components['schemas']['JobRecord'];
type JobResults = components['schemas']['JobResults'];

export const jobs: Dialect = {
	create: '/api/v1/jobs/createTask',
	read: '/api/v1/jobs/recordInfo',
	schema: 'CreateTaskRequest',
	words: 'message',
	orderIn,
	record,
	callback,
};

const MODEL: CreateTaskRequest['model'] = 'runway/gen4-aleph';

const NAMES: Record<keyof JobInput, keyof GenerateRequest> = {
	prompt: 'prompt',
	video_url: 'videoUrl',
	watermark: 'waterMark',
	upload_cn: 'uploadCn',
	aspect_ratio: 'aspectRatio',
	seed: 'seed',
	reference_image: 'referenceImage',
};

function orderIn(sent: unknown): Record<string, unknown> {
	const { input, callBackUrl } = (sent ?? {}) as Record<string, unknown>;
	const fields = Object.entries({ ...(input as object | null) })
		.filter(([name]) => Object.hasOwn(NAMES, name))
		.map(([name, value]) => [NAMES[name as keyof JobInput], value] as const);
	return { ...Object.fromEntries(fields), ...(callBackUrl !== undefined && { callBackUrl }) };
}

function record(task: Task, settings: Settings, base: string): JobRecord {
	const ended = stateOf(task) !== 'running';
	const succeeded = ended && !task.failure;
	const failure = ended ? task.failure : null;
	const orNull = <T>(value: T) => (settings.nullRecords ? null : value);
	const ran = Math.min(Date.now(), task.endsAt) - task.createdAt;
	return {
		taskId: task.taskId,
		model: orNull(MODEL),
		state: succeeded ? 'success' : failure ? 'fail' : stage(shareDone(task)),
		param: orNull(JSON.stringify(task.sent)),
		// What a success is made of: never null.
		resultJson: succeeded ? JSON.stringify(results(task, settings, base)) : orNull(''),
		failCode: orNull(failure ? String(failure.code) : ''),
		failMsg: orNull(failure?.message ?? ''),
		costTime: orNull(ended ? Math.round(ran) : 0),
		createTime: orNull(Math.round(task.createdAt)),
		completeTime: ended ? orNull(Math.round(task.endsAt)) : null,
		updateTime: orNull(Math.round(task.createdAt + ran)),
		progress: orNull(Math.floor(100 * shareDone(task))),
		creditsConsumed: orNull(task.cost),
	};
}

/** From 0 to 1. */
function shareDone({ createdAt, endsAt }: Task): number {
	const now = Date.now();
	return now < endsAt ? (now - createdAt) / (endsAt - createdAt) : 1;
}

function stage(share: number): JobRecord['state'] {
	if (share < 0.1) return 'waiting';
	return share < 0.3 ? 'queuing' : 'generating';
}

function results(task: Task, settings: Settings, base: string): JobResults {
	const { video, image } = resultUrls(task, settings, base);
	return { resultUrls: video === null ? [] : [video], ...(image && { firstFrameUrl: image }) };
}

/** The record tells all; code and words only whether it is good news. */
function callback(task: Task, settings: Settings, base: string): JobCallback {
	const data = record(task, settings, base);
	return task.failure
		? { code: 501, msg: 'Playground task failed.', data }
		: { code: 200, msg: 'Playground task completed successfully.', data };
}
