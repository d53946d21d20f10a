/** The calls of the Aleph API, one function each, paced and retried as each allows. */
import { createHash } from 'crypto';
import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { asNumber, asObject, asText } from '../task/json';
import { taskFromRecord, type Task } from '../task/task';
import { ApiFailure, asFailure } from './failure';
import type { components } from './openapi';
import { accountPace, type AccountPace, type Pace } from './pace';
import { request } from './request';
import { retrying } from './retry';

export type GenerateRequest = components['schemas']['GenerateRequest'];

/** Where n8n runs our code: for the items of a run, or for a callback. */
export type NodeFunctions = IExecuteFunctions | IWebhookFunctions;

/** The API as one credential sees it. */
export interface Api {
	functions: NodeFunctions;
	baseUrl: string;
	/** Empty where the provider has no upload. */
	uploadUrl: string;
	/** What callbacks are signed with, if the account has set it. */
	webhookHmacKey?: string;
	/** Tells accounts apart without showing the key. */
	account: string;
	pace: AccountPace;
	/** Takes the key out of a text. */
	redact: (text: string) => string;
	signal?: AbortSignal;
}

/** One answer of record-info: what it means, and as it came. */
export interface TaskRecord {
	task: Task;
	data: IDataObject;
}

const GENERATE_TIMEOUT_MS = 120_000;
const READ_TIMEOUT_MS = 30_000;
const SHORTEST_TIMEOUT_MS = 2_000;

interface Credential {
	apiKey: string;
	baseUrl: string;
	uploadUrl?: string;
	webhookHmacKey?: string;
}

export async function connect(functions: NodeFunctions): Promise<Api> {
	const { apiKey, webhookHmacKey, ...urls } =
		await functions.getCredentials<Credential>('alephApi');
	const baseUrl = withoutSlash(urls.baseUrl);
	const account = createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('hex');
	return {
		functions,
		baseUrl,
		uploadUrl: withoutSlash(urls.uploadUrl ?? ''),
		webhookHmacKey: webhookHmacKey || undefined,
		account,
		pace: accountPace(account),
		redact: (text) => (apiKey ? text.replaceAll(apiKey, '*****') : text),
		signal:
			'getExecutionCancelSignal' in functions ? functions.getExecutionCancelSignal() : undefined,
	};
}

function withoutSlash(url: string): string {
	return url.trim().replace(/\/+$/, '');
}

/** How many credits the account has left. */
export async function getCredits(api: Api): Promise<number> {
	const began = Date.now();
	const data = await retrying(
		async () =>
			await request(api, { method: 'GET', path: '/api/v1/chat/credit', timeout: READ_TIMEOUT_MS }),
		{
			until: (failure) => (failure.isPassing ? began + READ_TIMEOUT_MS : 0),
			signal: api.signal,
		},
	);
	const credits = asNumber(data);
	if (credits === null) throw new ApiFailure('notTheApi', 200, 'The answer holds no number');
	return credits;
}

/**
 * Starts a task and gives its id, or null if `wanted` said no when its turn came.
 * Sent again only after the API said that it refused it (429, 455); this goes on until it has
 * accepted nothing of this account for `patience` milliseconds.
 * @param rate new tasks per 10 seconds
 */
export async function createTask(
	api: Api,
	body: GenerateRequest,
	{ rate, patience, wanted }: { rate: number; patience: number; wanted: () => boolean },
): Promise<string | null> {
	const pace = api.pace.generate;
	const place = { limit: rate, patience, since: Date.now(), signal: api.signal, wanted };
	for (;;) {
		if (!(await pace.turn(place))) return null;
		try {
			const data = await request(api, {
				method: 'POST',
				path: '/api/v1/aleph/generate',
				body: { ...body },
				timeout: GENERATE_TIMEOUT_MS,
				// Once sent it may cost money: its task id must not be lost.
				uninterrupted: true,
			});
			pace.accepted();
			return taskIdOf(data);
		} catch (error) {
			const failure = asFailure(error);
			if (!failure.isRefusedForNow) throw failure;
			pace.refused(failure);
		}
	}
}

function taskIdOf(data: unknown): string {
	const taskId = asText(asObject(data).taskId);
	if (taskId === null) throw new ApiFailure('notTheApi', 200, 'The answer holds no task ID');
	return taskId;
}

interface Patience {
	until: number;
	unknownUntil: number;
	pace?: Pace;
}

/**
 * Reads a task through failures that pass, until `until` (epoch milliseconds).
 * Right after generate the API may not know the task for a few seconds: up to `unknownUntil`
 * that counts as a failure that passes.
 */
export async function readTask(
	api: Api,
	taskId: string,
	{ until, unknownUntil, pace = api.pace.read }: Patience,
): Promise<TaskRecord> {
	return await retrying(
		async () => {
			await pace.turn({ limit: 1, signal: api.signal });
			const data = await request(api, {
				method: 'GET',
				path: '/api/v1/aleph/record-info',
				qs: { taskId },
				timeout: Math.min(READ_TIMEOUT_MS, Math.max(SHORTEST_TIMEOUT_MS, until - Date.now())),
			});
			// An empty `data` is another way to say that the record is not there (yet).
			if (data === null || data === undefined) {
				throw new ApiFailure('unknownTask', 200, 'The answer holds no record');
			}
			return { task: taskFromRecord(taskId, data), data: asObject(data) as IDataObject };
		},
		{
			until: (failure) => {
				if (failure.kind === 'unknownTask') return unknownUntil;
				return failure.isPassing ? until : 0;
			},
			signal: api.signal,
		},
	);
}
