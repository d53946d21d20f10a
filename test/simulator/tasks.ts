/** What the simulator knows of a task. Its state follows from time. */
import { randomUUID } from 'node:crypto';
import type { ApiName } from './dialects';
import type { Settings } from './settings';

/** What a task was asked to do, in one vocabulary for all APIs. */
export interface TaskRequest {
	/** Empty if the request has none, which Runway allows. */
	prompt: string;
	videoUrl: string;
	aspectRatio?: string;
	seed?: number;
	/** kie.ai's. */
	callBackUrl?: string;
	waterMark?: string;
	uploadCn?: boolean;
	referenceImage?: string;
	/** Runway's. */
	keyframes?: Keyframe[];
	outputFormat?: OutputFormat;
	publicFigures?: 'auto' | 'low';
}

export type OutputFormat = 'mp4' | 'prores' | 'png_sequence' | 'sdr_rec709_10bit';

/** An image, and the moment of the video that it belongs to. */
export type Keyframe = { uri: string; range?: { start_seconds: number; end_seconds: number } } & (
	{ seconds: number } | { at: number }
);

interface Failure {
	/** kie.ai's. */
	code: number;
	/** Runway's. */
	failureCode?: string;
	message: string;
}

export interface Task {
	taskId: string;
	/** The API that it came by. */
	api: ApiName;
	key: string;
	request: TaskRequest;
	/** The most that it may cost, in credits. */
	price: number;
	/** What the prompt asked for, on top of the simulator's settings. */
	overrides: Partial<Settings>;
	/** Epoch milliseconds, as are `startsAt` and `endsAt`. */
	createdAt: number;
	/** When it gets a slot. `endsAt` follows with its duration, in milliseconds. */
	startsAt: number;
	endsAt: number;
	duration: number;
	/** Decided at the start, shown at the end. */
	failure: Failure | null;
	cancelled: boolean;
	/** Neither it nor its output can be asked for any more. */
	deleted: boolean;
	/** How often it was asked for, and when last. */
	reads: number;
	lastReadAt: number | null;
	/** How many URLs of its result were given out, if each is a fresh one. */
	links: number;
	callback: 'none' | 'pending' | 'delivered' | 'failed';
}

/** A request for a task, found good. */
export type Submission = Pick<Task, 'api' | 'key' | 'request'>;

/** A task as tests see it. */
export interface TaskView extends Task {
	state: TaskState;
	/** Credits, as it stands or as it will end. */
	cost: number;
}

type TaskState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';

const FAILURES: Record<string, Failure> = {
	moderation: {
		code: 400,
		failureCode: 'SAFETY.INPUT.TEXT',
		message: 'Your request was flagged by content moderation. Please change the prompt or video.',
	},
	internal: {
		code: 500,
		failureCode: 'INTERNAL.BAD_OUTPUT.CODE01',
		message: 'Internal Error, Please try again later.',
	},
};

/** Ids are not drawn from `random`: clients may remember them over several runs. */
export function newTask(
	{ api, key, request }: Submission,
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
		key,
		request,
		price: creditPerTask,
		overrides,
		createdAt,
		startsAt: createdAt,
		endsAt: createdAt + seconds * 1000,
		duration: seconds * 1000,
		failure: reason === null ? null : (FAILURES[reason] ?? { code: 400, message: reason }),
		cancelled: false,
		deleted: false,
		reads: 0,
		lastReadAt: null,
		links: 0,
		callback: 'none',
	};
}

export function stateOf({ cancelled, startsAt, endsAt, failure }: Task): TaskState {
	const now = Date.now();
	if (cancelled) return 'cancelled';
	if (now < startsAt) return 'waiting';
	if (now < endsAt) return 'running';
	return failure ? 'failed' : 'succeeded';
}

export function hasEnded(task: Task): boolean {
	return !['waiting', 'running'].includes(stateOf(task));
}

/** How much of the time that it takes is over, from 0 to 1. */
export function shareDone({ startsAt, endsAt, duration }: Task): number {
	const now = Date.now();
	if (now >= endsAt) return 1;
	return Math.max(0, (now - startsAt) / duration);
}

/** Credits that the task takes in the end. Only Runway charges for what moderation has stopped. */
export function costOf({ api, price, failure, cancelled }: Task): number {
	if (cancelled) return 0;
	const isCharged = api === 'runway' && failure?.failureCode?.startsWith('SAFETY.');
	return failure && !isCharged ? 0 : price;
}

export function viewOf(task: Task): TaskView {
	return { ...task, state: stateOf(task), cost: costOf(task) };
}
