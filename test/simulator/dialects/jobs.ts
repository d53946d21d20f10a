/** kie.ai's Jobs API: its requests, records and callbacks, in the form of recorded ones. */
import { ApiError } from '../errors';
import type { components } from '../openapi';
import { resultUrls } from '../results';
import type { Settings } from '../settings';
import { costOf, hasEnded, shareDone, stateOf, type Task, type TaskRequest } from '../tasks';
import { done, envelopeError, modelGone } from './envelope';
import type { Dialect, SentRequest } from './index';

type CreateTaskRequest = components['schemas']['CreateTaskRequest'];
type JobCallback = components['schemas']['JobCallback'];
type JobInput = components['schemas']['JobInput'];
type JobRecord = components['schemas']['JobRecord'];
type JobResults = components['schemas']['JobResults'];

export const jobs: Dialect = {
	create: '/api/v1/jobs/createTask',
	read: '/api/v1/jobs/recordInfo',
	reads: ['jobs', 'aleph'],
	queues: false,
	schema: 'CreateTaskRequest',
	requestIn,
	bodyOf,
	created: ({ taskId }) => done({ taskId, recordId: taskId }),
	record: (task, settings, base) => done(record(task, settings, base)),
	modelGone,
	unknownTask: () => {
		throw new ApiError(422, 'recordInfo is null');
	},
	callback,
	error: envelopeError,
};

const MODEL: CreateTaskRequest['model'] = 'runway/gen4-aleph';

const NAMES = {
	prompt: 'prompt',
	video_url: 'videoUrl',
	watermark: 'waterMark',
	upload_cn: 'uploadCn',
	aspect_ratio: 'aspectRatio',
	seed: 'seed',
	reference_image: 'referenceImage',
} as const satisfies Record<keyof JobInput, keyof TaskRequest>;

function requestIn(body: unknown): SentRequest {
	const { input, callBackUrl } = (body ?? {}) as Record<string, unknown>;
	const fields = Object.entries({ ...(input as object | null) })
		.filter(([name]) => Object.hasOwn(NAMES, name))
		.map(([name, value]) => [NAMES[name as keyof JobInput], value] as const);
	return { ...Object.fromEntries(fields), ...(callBackUrl !== undefined && { callBackUrl }) };
}

function bodyOf({ callBackUrl, ...request }: TaskRequest) {
	const input = Object.entries(NAMES)
		.filter(([, name]) => request[name] !== undefined)
		.map(([name, own]) => [name, request[own]]);
	return {
		model: MODEL,
		...(callBackUrl !== undefined && { callBackUrl }),
		input: Object.fromEntries(input) as object,
	};
}

function record(task: Task, settings: Settings, base: string): JobRecord {
	const ended = hasEnded(task);
	const succeeded = stateOf(task) === 'succeeded';
	const failure = ended ? task.failure : null;
	const orNull = <T>(value: T) => (settings.nullRecords ? null : value);
	const { input, ...request } = bodyOf(task.request);
	const found = succeeded ? results(task, settings, base) : null;
	return {
		taskId: task.taskId,
		model: orNull(MODEL),
		state: succeeded ? 'success' : failure ? 'fail' : stage(shareDone(task)),
		successFlag: orNull(succeeded ? 1 : failure ? 3 : 0),
		// JSON within JSON, in every recording.
		param: orNull(JSON.stringify({ ...request, input: JSON.stringify(input) })),
		// What a success is made of: never null.
		resultJson: found ? JSON.stringify(found) : orNull(''),
		response: orNull(found),
		failCode: orNull(failure ? String(failure.code) : ''),
		failMsg: orNull(failure?.message ?? ''),
		costTime: orNull(ended ? Math.round(task.duration / 1000) : 0),
		createTime: orNull(Math.round(task.createdAt)),
		completeTime: ended ? orNull(Math.round(task.endsAt)) : null,
		creditsConsumed: orNull(ended ? costOf(task) : 0),
	};
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
	const data = {
		...record(task, settings, base),
		consumeCredits: costOf(task),
		remainedCredits: settings.credits,
	};
	return task.failure
		? { code: 501, msg: 'Playground task failed.', data }
		: { code: 200, msg: 'Playground task completed successfully.', data };
}
