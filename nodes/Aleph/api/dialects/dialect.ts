/** What differs between the APIs, and between those who offer them. Everything else is shared. */
import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';
import type { Task, TaskRecord, VideoRequest } from '../../task/task';

export interface HttpAnswer {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

/** A request as a dialect writes it down. */
export interface ApiCall {
	method: IHttpRequestMethods;
	path: string;
	qs?: IDataObject;
	body?: IDataObject;
}

/** A file that the provider has taken. */
export interface UploadedFile extends IDataObject {
	url: string;
	fileName: string;
	/** Bytes. */
	size: number;
	mimeType: string;
	/** ISO 8601. */
	expiresAt: string;
}

export interface FileFacts {
	name: string;
	mimeType: string;
	/** Bytes. */
	size: number;
}

/** What an answer says of the file that went up. Each value may be anything. */
export interface UploadReport {
	url: unknown;
	size?: unknown;
	mimeType?: unknown;
	expiresAt?: unknown;
}

/** A multipart POST of a file: its other fields come first. */
export interface UploadCall {
	/** The whole URL. */
	url: string;
	fields: Record<string, string>;
	/** Whether the key goes along: not to a storage that the API has named. */
	withKey: boolean;
	/** Throws an ApiError if the file did not get there. */
	read: (answer: HttpAnswer) => UploadReport;
}

/** Sends a call, and gives the data of its answer. Throws an ApiError. */
export type Send = (call: ApiCall) => Promise<unknown>;

/** Options of a video that not every API has. */
export type VideoOption = Exclude<
	keyof VideoRequest,
	'prompt' | 'videoUrl' | 'seed' | 'aspectRatio'
>;

export interface Dialect {
	/** As the credential and the stored state name it. */
	value: string;
	/** As users know it. */
	name: string;
	description: string;
	headers?: Record<string, string>;
	/** What the docs of those who offer it say of inputs, for the descriptions of fields. */
	limits: {
		/** Characters. */
		prompt: number;
		videoByUrl: string;
		/** Megabytes of a video that is uploaded, and what else is said of it. */
		upload: { megabytes: number; clip: string };
	};
	aspectRatios: readonly string[];
	/** The seeds that it takes, if the docs name them. */
	seeds?: { min: number; max: number };
	options: readonly VideoOption[];

	/** The data of a good answer to the call. Throws an ApiError for any other. */
	open: (answer: HttpAnswer, call: Pick<ApiCall, 'method' | 'path'>) => unknown;

	start: (request: VideoRequest) => ApiCall;
	/** The ID of the task that the body of an answer to `start` names, or null. */
	startedTaskId: (body: unknown) => string | null;

	read: (taskId: string) => ApiCall;
	/** Never throws: what is missing or odd becomes null. Null if this is no record of that task. */
	taskFromRecord: (taskId: string, data: unknown) => Pick<TaskRecord, 'task' | 'queued'> | null;
	/** Milliseconds that must lie between two readings of one task. */
	readInterval: number;

	/** A free request that tells whether a key is good. That there is no such task is a good answer. */
	probe: ApiCall;
	/** Whether the data is what the probe asks for. Absent if every good answer is. */
	answersProbe?: (data: unknown) => boolean;

	/** Null if the data has no number. */
	credits: { call: ApiCall; from: (data: unknown) => number | null };

	/** What the URLs of its uploads look like, if they are its own and mean nothing to others. */
	ownUrl?: RegExp;

	/** Files go to an address of their own, and not to the API. */
	hasUploadUrl?: true;

	/** Where and how a file goes up. Throws an ApiError. */
	upload: (file: FileFacts, uploadUrl: string, send: Send) => UploadCall | Promise<UploadCall>;

	/** Gives a URL that works, for one that does not any more. If absent, the task is read again. */
	freshUrl?: (url: string) => ApiCall;

	/** Absent if the API cannot cancel. */
	cancel?: (taskId: string) => ApiCall;

	/** How many tasks the account may run at once, if the API tells; it queues what is over that. */
	concurrency?: { call: ApiCall; from: (data: unknown) => number | null };

	/** The task that a callback speaks of; null if the body is no callback. Absent if there are none. */
	taskFromCallback?: (body: unknown) => Task | null;
}

/** Somebody who offers the model. */
export interface Provider {
	/** As the credential stores it. */
	value: string;
	/** As it writes itself. */
	label: string;
	/** What it offers today, in one line. */
	description: string;
	baseUrl: string;
	uploadUrl: string;
	/** The first is the default. */
	dialects: readonly Dialect[];
	/** Where to get a key. */
	keyPage: string;
	/**
	 * What its keys look like, if they can be told from others: as a pattern, which finds one within a text, and
	 * in words.
	 */
	keys?: { pattern: RegExp; hint: string };
	/** Where a person finds tasks whose IDs were lost, if there is such a page. */
	taskPage?: string;
	/** The shortest time that the provider documents for the files of a task, and for uploads: milliseconds. */
	resultLifetime: number;
	uploadLifetime: number;
}
