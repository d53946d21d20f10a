/** The three APIs. All else, from the limits to the files, is the same for them. */
import type { ApiError } from '../errors';
import type { Settings } from '../settings';
import type { Task, TaskRequest } from '../tasks';
import { aleph } from './aleph';
import { jobs } from './jobs';
import { runway } from './runway';

export const API_NAMES = ['aleph', 'jobs', 'runway'] as const;

export type ApiName = (typeof API_NAMES)[number];

/** What one API has of its own. */
export interface Dialect {
	/** Paths: one to start tasks, one to read them. */
	create: string;
	read: string;
	/** The APIs whose tasks it knows. */
	reads: ApiName[];
	/**
	 * Tasks that are too many at once wait for a slot, and a day has a limit. Without it they are
	 * refused, and 10 seconds have one.
	 */
	queues: boolean;
	/** The schema of a request in the OpenAPI file. */
	schema: string;
	/** What a request asks for. It may be anything, as sent. */
	requestIn: (body: unknown) => SentRequest;
	/** The request as a client sends it. */
	bodyOf: (request: TaskRequest) => object;
	/** The answer to an accepted request. */
	created: (task: Task) => object;
	/** The answer that tells how a task is. */
	record: (task: Task, settings: Settings, base: string) => object;
	/** The refusal if the API does not offer Aleph any more. */
	modelGone: () => ApiError;
	/** The answer for a task that is not known; throws if that is an error. */
	unknownTask: () => object;
	/** The body that tells the end of a task; absent if the API sends none. */
	callback?: (task: Task, settings: Settings, base: string) => object;
	error: (error: ApiError, settings: Settings) => { status: number; body: object };
}

/** Not checked yet. */
export type SentRequest = Partial<Record<keyof TaskRequest, unknown>>;

export const DIALECTS: Record<ApiName, Dialect> = { aleph, jobs, runway };
