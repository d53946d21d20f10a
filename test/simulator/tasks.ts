/** What the simulator knows of a task, and how record-info shows it. State follows from time. */
import { randomUUID } from 'node:crypto';
import type { components } from '../../nodes/Aleph/api/openapi';
import type { Settings } from './settings';

export type GenerateRequest = components['schemas']['GenerateRequest'];
type RecordInfo = components['schemas']['RecordInfo'];

interface Failure {
	code: number;
	message: string;
}

export interface Task {
	taskId: string;
	request: GenerateRequest;
	/** What the prompt asked for, on top of the simulator's settings. */
	overrides: Partial<Settings>;
	/** Epoch milliseconds, as is `endsAt`. */
	createdAt: number;
	endsAt: number;
	/** Decided at the start, shown at the end. */
	failure: Failure | null;
	/** Record-info requests. */
	reads: number;
	callback: 'none' | 'pending' | 'delivered' | 'failed';
}

/** A task as tests see it. */
export interface TaskView extends Task {
	state: TaskState;
}

export type TaskState = 'running' | 'succeeded' | 'failed';

const FAILURES: Record<string, Failure> = {
	moderation: {
		code: 400,
		message: 'Your request was flagged by content moderation. Please change the prompt or video.',
	},
	internal: { code: 500, message: 'Internal Error, Please try again later.' },
};

/** Ids are not drawn from `random`: clients may remember them over several runs. */
export function newTask(
	request: GenerateRequest,
	overrides: Partial<Settings>,
	settings: Settings,
	random: () => number,
): Task {
	const { duration, fail, failRate } = settings;
	const seconds =
		typeof duration === 'number'
			? duration
			: duration.min + random() * (duration.max - duration.min);
	const reason = fail !== 'none' ? fail : random() < failRate ? 'internal' : null;
	const createdAt = Date.now();
	return {
		taskId: randomUUID(),
		request,
		overrides,
		createdAt,
		endsAt: createdAt + seconds * 1000,
		failure: reason === null ? null : (FAILURES[reason] ?? { code: 400, message: reason }),
		reads: 0,
		callback: 'none',
	};
}

export function stateOf(task: Task): TaskState {
	if (Date.now() < task.endsAt) return 'running';
	return task.failure ? 'failed' : 'succeeded';
}

export function viewOf(task: Task): TaskView {
	return { ...task, state: stateOf(task) };
}

export function resultUrls(task: Task, base: string): { video: string; image: string } {
	const result = `${base}/files/result/${task.taskId}`;
	return { video: `${result}.mp4`, image: `${result}.png` };
}

/** The `data` of record-info. What is not known yet is null, also where texts are promised. */
export function recordInfo(task: Task, settings: Settings, base: string): RecordInfo {
	const state = stateOf(task);
	const failure = state === 'failed' ? task.failure : null;
	const { video, image } = resultUrls(task, base);
	return {
		taskId: task.taskId,
		paramJson: JSON.stringify(task.request),
		response:
			state === 'succeeded'
				? { taskId: task.taskId, resultVideoUrl: video, resultImageUrl: image }
				: null,
		createTime: written(task.createdAt, settings.times),
		completeTime: state === 'running' ? null : written(task.endsAt, settings.times),
		successFlag: state === 'succeeded' ? 1 : failure ? settings.failedFlag : 0,
		errorCode: state === 'running' ? null : (failure?.code ?? 0),
		errorMessage: state === 'running' ? null : (failure?.message ?? ''),
	};
}

function written(time: number, style: Settings['times']): string | number {
	if (style === 'epoch') return Math.round(time);
	const iso = new Date(time).toISOString();
	return style === 'iso' ? iso : iso.slice(0, 19);
}
