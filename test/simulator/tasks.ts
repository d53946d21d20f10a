/** What the simulator knows of a task. Its state follows from time. */
import { randomUUID } from 'node:crypto';
import type { components } from '../../nodes/Aleph/api/openapi';
import type { ApiName } from './dialects';
import type { Settings } from './settings';

export type GenerateRequest = components['schemas']['GenerateRequest'];

interface Failure {
	code: number;
	message: string;
}

export interface Task {
	taskId: string;
	/** The only one that knows the task. */
	api: ApiName;
	/** Under the Aleph API's names, whichever API it came by. */
	request: GenerateRequest;
	/** The request as it came. */
	sent: unknown;
	/** Credits. */
	cost: number;
	/** What the prompt asked for, on top of the simulator's settings. */
	overrides: Partial<Settings>;
	/** Epoch milliseconds, as is `endsAt`. */
	createdAt: number;
	endsAt: number;
	/** Decided at the start, shown at the end. */
	failure: Failure | null;
	/** How often it was asked for. */
	reads: number;
	callback: 'none' | 'pending' | 'delivered' | 'failed';
}

/** A request for a task, found good. */
export interface Submission {
	api: ApiName;
	key: string;
	order: GenerateRequest;
	sent: unknown;
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
	{ api, order, sent }: Submission,
	overrides: Partial<Settings>,
	settings: Settings,
	random: () => number,
): Task {
	const { duration, fail, failRate, creditPerTask } = settings;
	const seconds =
		typeof duration === 'number'
			? duration
			: duration.min + random() * (duration.max - duration.min);
	const reason = fail !== 'none' ? fail : random() < failRate ? 'internal' : null;
	const createdAt = Date.now();
	return {
		taskId: randomUUID(),
		api,
		request: order,
		sent,
		cost: creditPerTask,
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

/** Null where the record is to name none. */
export function resultUrls(
	{ taskId }: Task,
	{ noVideo, thumbnail }: Settings,
	base: string,
): Record<'video' | 'image', string | null> {
	const result = `${base}/files/result/${taskId}`;
	return { video: noVideo ? null : `${result}.mp4`, image: thumbnail ? `${result}.png` : null };
}
