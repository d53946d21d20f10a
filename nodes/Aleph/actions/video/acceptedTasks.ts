/**
 * The tasks that this run of the node has started, kept in n8n's node context. n8n keeps that
 * context when it runs the node again for the same input, by "Retry On Fail" as well as by
 * "Retry execution", and then the tasks need not be paid for a second time.
 */
import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Api } from '../../api/client';
import { identityOf } from '../binary';
import type { GenerateParameters } from './generateParameters';

interface Accepted {
	/** What the task was started with, as a hash. */
	request: string;
	taskId?: string;
	/** Instead of the task id, where the API did not confirm the task: it may exist nevertheless. */
	unconfirmed?: { executionId: string; message: string; description?: string };
}

/** By input item. */
type AcceptedTasks = Record<number, Accepted>;

/**
 * The tasks of this run. A loop also runs the node again, but counts the run index up: there, the
 * same input means a new video.
 */
export function acceptedTasks(functions: IExecuteFunctions): AcceptedTasks {
	const context = functions.getContext('node') as {
		accepted?: { runIndex: number; tasks: AcceptedTasks };
	};
	const runIndex = Number(functions.evaluateExpression('{{ $runIndex }}', 0));
	if (context.accepted?.runIndex !== runIndex) context.accepted = { runIndex, tasks: {} };
	return context.accepted.tasks;
}

/** Tells whether an item still asks for the same: another prompt or account is another task. */
export function requestHash(api: Api, { request, uploads }: GenerateParameters): string {
	// Where the provider is to call says nothing about the video, and may differ with each execution.
	const video = { ...request, callBackUrl: undefined };
	const files = Object.entries(uploads).map(([name, binary]) => [name, identityOf(binary)]);
	return createHash('sha256')
		.update(JSON.stringify([api.account, video, files]))
		.digest('hex');
}
