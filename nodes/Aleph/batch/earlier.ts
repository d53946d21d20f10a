/** What version 0.1.0 left in the context of a node, as a batch of today. */
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { running, VERSION, type Batch, type Item } from './state';

interface Context {
	accepted?: {
		runIndex: number;
		tasks: Record<number, { request: string; taskId?: string; unconfirmed?: Unconfirmed }>;
	};
	asleep?: {
		input: INodeExecutionData[];
		taskIds: string[];
		until: number;
		/** By input item, why nothing was started. */
		notes: Record<number, { message: string }>;
	};
}

interface Unconfirmed {
	executionId: string;
	message: string;
}

/** Null where that version has not run there. */
export function convertEarlier(context: IDataObject): Batch | null {
	const { accepted } = context as Context;
	if (!accepted) return null;
	const { asleep } = context as Context;
	const { runIndex, tasks } = accepted;
	const count = Math.max(asleep?.input.length ?? 0, ...Object.keys(tasks).map((key) => +key + 1));
	const items = Array.from({ length: count }, (_, index): Item => {
		const { request, taskId, unconfirmed } = tasks[index] ?? {};
		if (taskId) return { request, ...running(taskId, Date.now()) };
		const reason = unconfirmed?.message ?? asleep?.notes[index]?.message;
		if (reason === undefined) return { request, at: 'toStart' };
		const at = unconfirmed ? 'unconfirmed' : 'failed';
		return { request, at, failure: { kind: 'local', code: null, reason } };
	});
	return { version: VERSION, runIndex, executionId: '', tries: 1, items, starts: [] };
}

/** The sleep of an execution that fell asleep under that version, if it waits for this task. */
export function earlierSleep(context: IDataObject, taskId: string) {
	const { asleep } = context as Context;
	return asleep?.taskIds.includes(taskId) ? asleep : null;
}
