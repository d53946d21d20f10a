/** The calls of the API, one function each, whichever of its generations the credential speaks. */
import { asNumber, asObject, asText } from '../task/json';
import type { TaskRecord, VideoRequest } from '../task/task';
import type { Api } from './connect';
import { ApiFailure, asFailure } from './failure';
import type { Line } from './line';
import { request } from './request';
import { retrying } from './retry';

const START_TIMEOUT_MS = 120_000;
const READ_TIMEOUT_MS = 30_000;
const SHORTEST_TIMEOUT_MS = 2_000;

/** How many credits the account has left. */
export async function getCredits(api: Api): Promise<number> {
	const began = Date.now();
	const ask = { method: 'GET', path: '/api/v1/chat/credit', timeout: READ_TIMEOUT_MS } as const;
	const data = await retrying(async () => await request(api, ask), {
		until: (failure) => (failure.isPassing ? began + READ_TIMEOUT_MS : 0),
		signal: api.signal,
	});
	const credits = asNumber(data);
	if (credits === null) throw new ApiFailure('notTheApi', 200, 'The response has no number');
	return credits;
}

/**
 * Starts a task when its turn comes, and gives its id. Never sends twice. Throws an ApiFailure, which is
 * refused for now also where the API refuses others of the account.
 * @param rate new tasks per 10 seconds
 * @param withdrawal takes the request back while it waits for its turn: then throws the signal's reason
 */
export async function createTask(
	api: Api,
	video: VideoRequest,
	rate: number,
	withdrawal: AbortSignal,
): Promise<string> {
	const { owner, dialect } = api;
	const line = api.lines.generate;
	const signal = AbortSignal.any([withdrawal, ...(api.signal ? [api.signal] : [])]);
	return await line.send({ owner, limit: rate, signal }, async () => {
		try {
			const data = await request(api, {
				method: 'POST',
				path: dialect.startPath,
				body: dialect.startBody(video),
				timeout: START_TIMEOUT_MS,
				// Once sent it may cost money: its task id must not be lost.
				uninterrupted: true,
			});
			line.accepted();
			return taskIdOf(data);
		} catch (error) {
			const failure = asFailure(error);
			if (failure.isRefusedForNow) line.refused(failure);
			throw failure.kind === 'credits' ? await withCredits(api, failure) : failure;
		}
	});
}

/** The failure with the number of credits that are left, where that can be asked for. */
async function withCredits(api: Api, { kind, code, reason }: ApiFailure): Promise<ApiFailure> {
	const credits = await getCredits(api).catch(() => undefined);
	return new ApiFailure(kind, code, reason, null, credits);
}

function taskIdOf(data: unknown): string {
	const { taskId: id, task_id: otherId } = asObject(data);
	const number = asNumber(id);
	const taskId = asText(id) ?? asText(otherId) ?? (number === null ? null : String(number));
	if (taskId === null) throw new ApiFailure('notTheApi', 200, 'The response has no task ID');
	return taskId;
}

/**
 * Reads a task once, when its turn in the line comes. Throws an ApiFailure.
 * @param patience milliseconds for which the answer is of use
 */
export async function readTask(
	api: Api,
	taskId: string,
	line: Line,
	patience: number,
): Promise<TaskRecord> {
	const { owner, signal, dialect } = api;
	const data = await line.send(
		{ owner, limit: 1, signal },
		async () =>
			await request(api, {
				method: 'GET',
				path: dialect.recordPath,
				qs: { taskId },
				timeout: Math.max(SHORTEST_TIMEOUT_MS, Math.min(READ_TIMEOUT_MS, patience)),
			}),
	);
	// An empty `data` is another way to say that the record is not there (yet).
	if (data === null || data === undefined) {
		throw new ApiFailure('unknownTask', 200, 'The response has no record');
	}
	return { task: dialect.taskFromRecord(taskId, data), data: asObject(data) };
}

/** Reads a task through failures that pass, until `until` (epoch milliseconds). Throws an ApiFailure. */
export async function readTaskPatiently(
	api: Api,
	taskId: string,
	until: number,
): Promise<TaskRecord> {
	const read = async () => await readTask(api, taskId, api.lines.verify, until - Date.now());
	return await retrying(read, {
		until: (failure) => (failure.isPassing ? until : 0),
		signal: api.signal,
	});
}
