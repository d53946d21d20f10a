/** The two generations of the API: one account and one list of tasks, spoken of in two ways. */
import { aleph } from './aleph';
import { jobs } from './jobs';
import type { Settings } from './settings';
import type { Task } from './tasks';

export const API_NAMES = ['aleph', 'jobs'] as const;

export type ApiName = (typeof API_NAMES)[number];

/** What one API has of its own. All else is the same for both. */
export interface Dialect {
	/** Paths: one to start tasks, one to read them. */
	create: string;
	read: string;
	/** The schema of a request in the OpenAPI file. */
	schema: string;
	/** What the answers of `read` call their `msg`. */
	words: 'msg' | 'message';
	/** What a request asks for, under the Aleph API's names. It may be anything, as sent. */
	orderIn(sent: unknown): Record<string, unknown>;
	/** The `data` of an answer of `read`. */
	record(task: Task, settings: Settings, base: string): unknown;
	/** The body that tells the end of a task. */
	callback(task: Task, settings: Settings, base: string): object;
}

export const DIALECTS: Record<ApiName, Dialect> = { aleph, jobs };
