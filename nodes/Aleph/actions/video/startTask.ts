/** Starting the task of one item, without ever paying for it twice. */
import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type NodeError,
} from 'n8n-workflow';
import { acceptedTask } from '../../task/task';
import { createTask, getCredits, type Api, type GenerateRequest } from '../../api/client';
import { ApiFailure } from '../../api/failure';
import type { Outcome } from '../outcome';
import { upload } from '../binary';
import { generateError } from '../errors';
import { acceptedTasks, requestHash } from './acceptedTasks';
import type { GenerateParameters } from './generateParameters';
import { lookAtTask, type Waiting } from './waiting';

/** What the items of one run share. */
export interface Run {
	functions: IExecuteFunctions;
	api: Api;
	accepted: ReturnType<typeof acceptedTasks>;
	/** Where the provider is to call instead of where the item says. */
	callBackUrl?: string;
	/** Why no more tasks are to be started, once that is so. */
	halted: NodeError | null;
}

export function newRun(functions: IExecuteFunctions, api: Api): Run {
	return { functions, api, accepted: acceptedTasks(functions), halted: null };
}

/** Gives a running task, one that an earlier try has started, or the error that came of it. */
export async function startTask(
	run: Run,
	itemIndex: number,
	parameters: GenerateParameters & { waiting: Waiting },
): Promise<Outcome> {
	const earlier = await earlierTask(run, itemIndex, parameters);
	if (earlier) return earlier;
	let taskId: string | null;
	try {
		taskId = await newTask(run, itemIndex, parameters);
	} catch (error) {
		const nodeError = await startError(run, itemIndex, parameters, error);
		if (!run.functions.continueOnFail()) run.halted ??= nodeError;
		return { task: null, error: nodeError };
	}
	return taskId === null
		? { task: null, error: run.halted ?? undefined, notStarted: true }
		: { task: acceptedTask(taskId, parameters.request), data: { taskId } };
}

async function startError(
	run: Run,
	itemIndex: number,
	parameters: GenerateParameters,
	error: unknown,
): Promise<NodeError> {
	const { functions, api, accepted } = run;
	if (!(error instanceof ApiFailure)) {
		return new NodeOperationError(functions.getNode(), error as Error, { itemIndex });
	}
	const failure = error;
	const creditsLeft =
		failure.kind === 'credits' ? await getCredits(api).catch(() => undefined) : undefined;
	const nodeError = generateError(functions.getNode(), itemIndex, failure, creditsLeft);
	if (failure.isOfTheAccount) run.halted ??= nodeError;
	if (failure.leavesOpen) {
		const unconfirmed = { executionId: functions.getExecutionId(), ...textOf(nodeError) };
		accepted[itemIndex] = { request: requestHash(api, parameters), unconfirmed };
	}
	return nodeError;
}

/**
 * What became of the task that an earlier try of this run started, unless it failed. Whether to risk a
 * second payment for a task that was not confirmed is for the user to decide, by retrying the
 * execution; Retry On Fail, in the same execution, gives the error again.
 */
async function earlierTask(
	{ functions, api, accepted }: Run,
	itemIndex: number,
	{ waiting, ...parameters }: GenerateParameters & { waiting: Waiting },
): Promise<Outcome | null> {
	const earlier = accepted[itemIndex];
	if (earlier?.request !== requestHash(api, parameters)) return null;
	const { taskId, unconfirmed } = earlier;
	if (unconfirmed?.executionId === functions.getExecutionId()) {
		return { task: null, error: errorOf(functions, itemIndex, unconfirmed) };
	}
	if (!taskId) return null;
	const known = acceptedTask(taskId, parameters.request);
	const outcome = await lookAtTask(functions, api, itemIndex, known, waiting);
	return outcome.task?.status === 'failed' ? null : outcome;
}

/** Starts a task, or gives null where the run has been halted meanwhile. */
async function newTask(
	run: Run,
	itemIndex: number,
	{ waiting, ...parameters }: GenerateParameters & { waiting: Waiting },
): Promise<string | null> {
	const { functions, api, accepted } = run;
	const wanted = () => run.halted === null;
	if (!wanted()) return null;
	const taskId = await createTask(api, await withUploads(run, itemIndex, parameters), {
		rate: parameters.rate,
		patience: waiting.timeout * 60_000,
		wanted,
	});
	if (taskId !== null) {
		accepted[itemIndex] = { taskId, request: requestHash(api, parameters) };
		functions.logger.info(`Runway Aleph accepted task ${taskId}`, { itemIndex });
	}
	return taskId;
}

/** The request as it is sent: files are uploaded, and the provider is told where to call. */
async function withUploads(
	{ functions, api, callBackUrl }: Run,
	itemIndex: number,
	{ request, uploads }: GenerateParameters,
): Promise<GenerateRequest> {
	const complete = { ...request, ...(callBackUrl && { callBackUrl }) };
	for (const [name, binary] of Object.entries(uploads)) {
		const uploaded = await upload(functions, api, itemIndex, binary);
		complete[name as keyof typeof uploads] = uploaded.url;
	}
	// What is not uploaded has its URL from the parameters.
	return complete as GenerateRequest;
}

/** What has to be remembered, beside the accepted tasks, while the execution sleeps. */
export function notesOf(outcomes: Outcome[]): IDataObject {
	return Object.fromEntries(
		outcomes.flatMap(({ error, notStarted }, itemIndex) =>
			error ? [[itemIndex, { ...textOf(error), notStarted }]] : [],
		),
	);
}

/** After the sleep: the outcome of `startTask` again, from the notes and the accepted tasks. */
export function startedBefore(
	{ functions, accepted }: Run,
	notes: IDataObject,
	itemIndex: number,
	request: GenerateParameters['request'],
): Outcome {
	const taskId = accepted[itemIndex]?.taskId;
	const task = taskId ? acceptedTask(taskId, request) : null;
	const note = notes[itemIndex] as (ErrorText & Pick<Outcome, 'notStarted'>) | undefined;
	const error = note && errorOf(functions, itemIndex, note);
	return { task, error, notStarted: note?.notStarted };
}

/** What can be stored of an error. */
interface ErrorText {
	message: string;
	description?: string;
}

function textOf({ message, description }: NodeError): ErrorText {
	return { message, description: description ?? undefined };
}

function errorOf(
	functions: IExecuteFunctions,
	itemIndex: number,
	{ message, description }: ErrorText,
): NodeOperationError {
	return new NodeOperationError(functions.getNode(), message, { itemIndex, description });
}
