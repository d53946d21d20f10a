/** What differs between the two generations of the provider's API; everything else is shared. */
import type { IDataObject } from 'n8n-workflow';
import type { Task, VideoRequest } from '../task/task';

export interface Dialect {
	/** What users know it by. */
	name: string;
	/** Where a POST starts a task. */
	startPath: string;
	startBody: (request: VideoRequest) => IDataObject;
	/** Where a GET with the query `taskId` gives the record of a task. */
	recordPath: string;
	/** Never throws: what is missing or odd becomes null. */
	taskFromRecord: (taskId: string, data: unknown) => Task;
	/** Null where the body is no callback of this API. */
	taskFromCallback: (body: unknown) => Task | null;
}
