/**
 * The calls of the API, one method each, whichever dialect the account speaks. The credential is read
 * once, with the first call: one that is edited meanwhile never sends a key to another provider.
 */
import type { IBinaryData } from 'n8n-workflow';
import { cancelSignalOf, type NodeContext } from '../n8n';
import { parseObject } from '../task/json';
import {
	cancelledTask,
	hasExpired,
	isoTime,
	type Task,
	type TaskRecord,
	type VideoRequest,
} from '../task/task';
import { isHttpUrl } from '../task/url';
import { clock } from './clock';
import { readConnection, type ApiRef, type Connection } from './connection';
import { dialectOf } from './dialects';
import type { ApiCall, Dialect, HttpAnswer, Provider, UploadedFile } from './dialects/dialect';
import { wordsOf } from './dialects/errors';
import { ApiError, asApiError, type ApiErrorKind } from './error';
import { downloadFile } from './files/download';
import type { Transfer } from './files/transfer';
import { uploadFile, type LocalFile } from './files/upload';
import { redactText } from './key';
import { UNKNOWN_MS } from './limits';
import { CHECKS_AT_ONCE } from './rateLimiter';
import { answerTo, READ_TIMEOUT_MS, request } from './request';
import { patiently, retrying } from './retry';
import { spaced } from './spacing';

/** An API that says so does not have the task: another one may. */
const NOT_HERE: readonly ApiErrorKind[] = [
	'unknownTask',
	'notFound',
	'noModel',
	'parameters',
	'switchedOff',
];

/** Longer than most systems try to connect, which then say so: a time limit of ours leaves it open. */
const START_TIMEOUT_MS = 150_000;

/** A task that the API has accepted. */
export interface StartedTask {
	taskId: string;
	api: ApiRef;
}

/** A record, and which API has the task. */
export interface FoundRecord extends TaskRecord {
	api: ApiRef;
}

interface Reading {
	/** Which API has the task; if that is not known, each that the provider offers is asked. */
	api?: ApiRef;
	/** The limiter. */
	checks?: keyof typeof CHECKS_AT_ONCE;
	/** Takes the request back while it waits for its turn. */
	signal?: AbortSignal;
}

interface StartOptions {
	/** New tasks per 10 seconds. */
	rate: number;
	/** Starts nothing if fewer credits are left. */
	keepCredits?: number;
	/** Takes the request back while it waits for its turn: then throws the signal's reason. */
	signal: AbortSignal;
}

export class Client {
	/** Whose requests these are, when several runs of nodes take turns. */
	private readonly owner: symbol;

	private readonly stopped?: AbortSignal;

	private connecting?: Promise<Connection>;

	/** @param connect reads the credential */
	constructor(
		private readonly ctx: NodeContext,
		private readonly connect: (ctx: NodeContext) => Promise<Connection> = readConnection,
	) {
		this.owner = Symbol(ctx.getExecutionId());
		this.stopped = cancelSignalOf(ctx);
	}

	/** What the credential says. Throws what n8n throws if it cannot be read. */
	async connection(): Promise<Connection> {
		this.connecting ??= this.connect(this.ctx);
		return await this.connecting.catch((error: unknown) => {
			this.connecting = undefined;
			throw error;
		});
	}

	/**
	 * Whose account it is. If the credential cannot be read, throws n8n's error; or gives undefined if the node
	 * goes on after errors: then each item is to have that error, as n8n would hand on the input as the result.
	 */
	async provider(stopsOnError: boolean): Promise<Provider | undefined> {
		const provider = this.connection().then((connection) => connection.provider);
		return await (stopsOnError ? provider : provider.catch(() => undefined));
	}

	/** The same as `connection`, but throws an ApiError, which says that nothing can have been sent. */
	async connected(): Promise<Connection> {
		return await this.connection().catch((cause: Error) => {
			throw new ApiError('noCredential', null, cause.message, { cause });
		});
	}

	/** Starts a task when its turn comes. Never sends twice. Throws an ApiError. */
	async startTask(video: VideoRequest, options: StartOptions): Promise<StartedTask> {
		const connection = await this.connected();
		const { limiters } = connection;
		const { rate, keepCredits, signal } = options;
		const start = async () => {
			const turn = { owner: this.owner, intervalCap: rate, signal };
			return await limiters.start.run(turn, async () => await this.startNow(connection, video));
		};
		if (keepCredits === undefined) return await start();
		const turn = { owner: this.owner, signal };
		return await limiters.startWithCredits.run(turn, async () => {
			await this.checkCredits(keepCredits);
			if (!signal.aborted) return await start();
			throw new ApiError('keepCredits', null, 'no answer in time', { shouldRetry: true });
		});
	}

	private async startNow(connection: Connection, video: VideoRequest): Promise<StartedTask> {
		const { dialect, baseUrl, limiters } = connection;
		// It is not interrupted: once sent it may cost money, and its task ID must not be lost.
		const options = { timeout: START_TIMEOUT_MS };
		const call = dialect.start(video);
		const started = answerTo(this.ctx, connection, call, options).then((answer) =>
			startedTaskId(dialect, answer, call),
		);
		const taskId = await started.catch(async (error: unknown) => {
			const failure = asSentError(error);
			if (failure.isThrottled) limiters.start.close(failure);
			throw failure.kind === 'credits' ? await this.withCredits(failure) : failure;
		});
		limiters.start.accepted();
		return { taskId, api: { dialect: dialect.value, baseUrl } };
	}

	private async checkCredits(keepCredits: number): Promise<void> {
		const credits = await this.getCredits().catch((error: unknown) => {
			const failure = asApiError(error);
			if (failure.isNotSent) throw failure;
			const { code, reason, isTransient } = failure;
			throw new ApiError('keepCredits', code, reason, { shouldRetry: isTransient });
		});
		if (credits < keepCredits) throw new ApiError('keepCredits', null, '', { credits });
	}

	/** The error with the number of credits that are left, if that can be asked for. */
	private async withCredits({ kind, code, reason }: ApiError): Promise<ApiError> {
		const credits = await this.getCredits().catch(() => undefined);
		return new ApiError(kind, code, reason, { credits });
	}

	/** Reads a task once, when its turn comes. Throws an ApiError, or the signal's reason while it waits. */
	async readTask(
		taskId: string,
		{ api, checks, signal = this.stopped }: Reading,
	): Promise<FoundRecord> {
		const connection = await this.connected();
		const reading = { checks, signal };
		if (api) return await this.readTaskOf(speaking(connection, api), taskId, reading, this.stopped);
		const failures: ApiError[] = [];
		for (const dialect of new Set([connection.dialect, ...connection.provider.dialects])) {
			const asked = this.readTaskOf({ ...connection, dialect }, taskId, reading, this.stopped);
			const found = await asked.catch(asApiError);
			if (!(found instanceof ApiError)) return found;
			if (found.isTransient) throw found;
			failures.push(found);
		}
		const isElsewhere = ({ kind }: ApiError) => NOT_HERE.includes(kind);
		const isUnknown = ({ kind }: ApiError) => kind === 'unknownTask';
		throw failures.find((each) => !isElsewhere(each)) ?? failures.find(isUnknown) ?? failures[0]!;
	}

	private async readTaskOf(
		connection: Connection,
		taskId: string,
		{ checks = 'poll', signal }: Reading,
		stopped?: AbortSignal,
	): Promise<FoundRecord> {
		const { account, limiters, dialect } = connection;
		const { readInterval } = dialect;
		const turn = { owner: this.owner, intervalCap: CHECKS_AT_ONCE[checks], signal };
		const read = async () => await request(this.ctx, connection, dialect.read(taskId), stopped);
		const data = await limiters[checks].run(turn, async () =>
			readInterval === 0
				? await read()
				: await spaced(`${account} ${taskId}`, readInterval, read, stopped),
		);
		const record = dialect.taskFromRecord(taskId, data);
		if (!record) throw new ApiError('unknownTask', 200, 'The response has no record of this task');
		return {
			...record,
			task: withExpiry(record.task, connection.provider.resultLifetime),
			data: parseObject(data),
			api: { dialect: dialect.value, baseUrl: connection.baseUrl },
		};
	}

	/**
	 * Cancels a task, unless it has ended: the API would delete it then, with its video. Gives its record if it
	 * has ended, else the task alone. Throws an ApiError. It is not interrupted when the user stops the
	 * execution, which may be the reason for it.
	 * @param signal takes it back before it is sent: then throws the signal's reason
	 */
	async cancelTask(taskId: string, { api, signal }: Omit<Reading, 'checks'>): Promise<FoundRecord> {
		const connected = await this.connected();
		const connection = api ? speaking(connected, api) : connected;
		const { cancel, name } = connection.dialect;
		if (!cancel) throw new ApiError('noCancel', null, name);
		let asked: FoundRecord | undefined;
		let unknownUntil: number | undefined;
		const cancelNow = async (): Promise<FoundRecord> => {
			const looked = this.readTaskOf(connection, taskId, { checks: 'callbacks', signal });
			const found = await looked.catch((error: unknown) => {
				const { kind, code, reason } = asApiError(error);
				const until = (unknownUntil ??= clock.now() + UNKNOWN_MS);
				const isNew = kind === 'unknownTask' && !asked && clock.now() < until;
				throw isNew ? new ApiError(kind, code, reason, { shouldRetry: true }) : error;
			});
			if (found.task.status !== 'processing') return found;
			signal?.throwIfAborted();
			asked = found;
			await request(this.ctx, connection, cancel(taskId));
			return withoutRecord(found);
		};
		return await patiently(cancelNow).catch((error: unknown) => {
			// The API has deleted it: the answer to an earlier attempt was lost.
			if (!asked || asApiError(error).kind !== 'unknownTask') throw error;
			return withoutRecord(asked);
		});
	}

	/** How many credits the account has left. Throws an ApiError. */
	async getCredits(): Promise<number> {
		const connection = await this.connected();
		const { dialect } = connection;
		const credits = dialect.credits.from(await this.askPatiently(connection, dialect.credits.call));
		if (credits === null) throw new ApiError('notTheApi', 200, 'The response has no number');
		return credits;
	}

	/** How many tasks the account may run at once, if the API tells; null if it does not. Throws an ApiError. */
	async getConcurrency(): Promise<number | null> {
		const connection = await this.connected();
		const { concurrency } = connection.dialect;
		if (!concurrency) return null;
		return concurrency.from(await this.askPatiently(connection, concurrency.call));
	}

	/**
	 * Uploads a file. Throws an ApiError, or n8n's error if it cannot read the file.
	 * @param withdrawal takes it back while it waits for its turn: then throws the signal's reason
	 */
	async upload(file: LocalFile, withdrawal = this.stopped): Promise<UploadedFile> {
		const connection = await this.connected();
		const turn = { owner: this.owner, signal: this.stopped, withdrawal };
		return await uploadFile(this.ctx, connection, file, turn);
	}

	/**
	 * Downloads a file of a task. If its host refuses the URL, the API is asked for another one. Throws an
	 * ApiError, or n8n's error if it cannot store the file.
	 * @param firstTurn takes it back while it waits for its first turn: then throws the signal's reason
	 */
	async download(
		{ taskId, expiresAt }: Task,
		url: string,
		api: ApiRef,
		firstTurn?: AbortSignal,
	): Promise<IBinaryData> {
		const connection = await this.connected();
		const turn = {
			owner: this.owner,
			limiter: connection.limiters.downloads,
			signal: this.stopped,
		};
		const load = async (from: string, taking: Partial<Transfer> = {}) =>
			await downloadFile(this.ctx, { ...turn, ...taking, url: from });
		const fresh = async () => await this.freshUrl(taskId, url, api).catch(() => null);
		const first = (hasExpired(expiresAt) && (await fresh())) || url;
		return await load(first, { firstTurn }).catch(async (error: unknown) => {
			const isRefused = error instanceof ApiError && error.kind === 'noFile';
			// What has expired by the documents may still work.
			const second = isRefused && (first === url ? await fresh() : url);
			if (!second) throw error;
			return await load(second);
		});
	}

	/** Null if the API does not give another URL. */
	private async freshUrl(taskId: string, url: string, api: ApiRef): Promise<string | null> {
		const connection = speaking(await this.connected(), api);
		const { freshUrl } = connection.dialect;
		const fresh = freshUrl
			? await this.ask(connection, freshUrl(url))
			: (await this.readTask(taskId, { api })).task.videoUrl;
		return isHttpUrl(fresh) ? fresh : null;
	}

	/** The record of a finished task anew, if its URLs have expired and reading it gives others; else null. */
	async renewed(
		{ taskId, expiresAt }: Task,
		reading: Required<Pick<Reading, 'api' | 'checks'>>,
	): Promise<FoundRecord | null> {
		if (!hasExpired(expiresAt)) return null;
		const { dialect } = speaking(await this.connected(), reading.api);
		return dialect.freshUrl ? null : await this.readTask(taskId, reading);
	}

	/** The text without the key. */
	async redact(text: string): Promise<string> {
		const { apiKey } = await this.connection();
		return redactText(text, apiKey);
	}

	private async ask(connection: Connection, call: ApiCall): Promise<unknown> {
		return await request(this.ctx, connection, call, this.stopped);
	}

	private async askPatiently(connection: Connection, call: ApiCall): Promise<unknown> {
		const giveUpAt = clock.now() + READ_TIMEOUT_MS;
		const ask = async () => await this.ask(connection, call);
		return await retrying(ask, () => giveUpAt, this.stopped);
	}
}

/**
 * The ID of the task that an answer to a start names. An answer that is no plain refusal, whatever else is
 * wrong with it, has started the task if it names one: it may be paid for. Throws an ApiError.
 */
function startedTaskId(dialect: Dialect, answer: HttpAnswer, call: ApiCall): string {
	const taskId = dialect.startedTaskId(answer.body);
	try {
		dialect.open(answer, call);
	} catch (error) {
		const failure = asApiError(error);
		if (taskId === null || !(failure.isAmbiguous || failure.isRedirect)) throw failure;
	}
	if (taskId !== null) return taskId;
	const said = ['The response has no task ID', wordsOf(parseObject(answer.body))];
	throw new ApiError('notTheApi', 200, said.filter(Boolean).join(': '));
}

/** A task that was cancelled: what its record said before is no longer true. */
function withoutRecord({ task, api }: FoundRecord): FoundRecord {
	return { task: cancelledTask(task), api };
}

/** In the dialect of a task, whose provider must not have changed: its key would go to the wrong host. */
function speaking(connection: Connection, api: ApiRef): Connection {
	const dialect = dialectOf(api.dialect);
	if (dialect && api.baseUrl === connection.baseUrl) return { ...connection, dialect };
	throw new ApiError('otherProvider', null, api.baseUrl);
}

/** Whatever goes wrong once a request is out leaves open what became of it, unless the API or the network says. */
function asSentError(error: unknown): ApiError {
	if (error instanceof ApiError) return error;
	return new ApiError('interrupted', null, (error as Error).message, { cause: error });
}

/** What the API does not say of the end of the URLs follows from what the provider documents. */
function withExpiry(task: Task, lifetime: number): Task {
	if (task.status !== 'success' || task.expiresAt !== null || task.completedAt === null)
		return task;
	return { ...task, expiresAt: isoTime(Date.parse(task.completedAt) + lifetime) };
}
