/** Executions as n8n's REST API gives them, parsed into the types of n8n-workflow. */
import { parse } from 'flatted';
import type {
	ExecutionStatus,
	INodeExecutionData,
	IRunData,
	IRunExecutionData,
	WorkflowExecuteMode,
} from 'n8n-workflow';

export interface ExecutionSummary {
	id: string;
	workflowId: string;
	status: ExecutionStatus;
	mode: WorkflowExecuteMode;
	startedAt?: Date;
	stoppedAt?: Date;
	/** Until when it sleeps, if it waits. */
	waitTill?: Date;
	/** The execution this one retries. */
	retryOf?: string;
}

export interface Execution extends ExecutionSummary {
	/** What each node did, by its name, one entry per run. */
	runData: IRunData;
	/** What ended it, if anything did. */
	error?: IRunExecutionData['resultData']['error'];
	/** All that n8n stores: the stack of nodes to run, contexts, metadata. */
	data: Partial<IRunExecutionData>;
}

/** Statuses in which nothing more happens by itself. */
export function isFinished({ status }: ExecutionSummary): boolean {
	return ['success', 'error', 'canceled', 'crashed'].includes(status);
}

/** Whether n8n has stored all of it: on SQLite, n8n 1.x stores the status first, and the data a moment later. */
export function isWhole({ status, error, data }: Execution): boolean {
	const hasEnded = status === 'success' || (status === 'error' && !error);
	return !(hasEnded && data.waitTill);
}

/** The items a node gave out in its latest run, at one of its outputs. */
export function outputOf(execution: Execution, node: string, output = 0): INodeExecutionData[] {
	const runs = execution.runData[node];
	return runs?.at(-1)?.data?.main?.[output] ?? [];
}

export function parseSummary(body: unknown): ExecutionSummary {
	const fields = asRecord(body);
	return {
		id: String(fields.id),
		workflowId: String(fields.workflowId),
		status: fields.status as ExecutionStatus,
		mode: fields.mode as WorkflowExecuteMode,
		startedAt: asDate(fields.startedAt),
		stoppedAt: asDate(fields.stoppedAt),
		waitTill: asDate(fields.waitTill),
		retryOf: typeof fields.retryOf === 'string' ? fields.retryOf : undefined,
	};
}

export function parseExecution(body: unknown): Execution {
	// Of an execution that has only begun, n8n stores an empty list, which parses to nothing.
	const data = (parse(String(asRecord(body).data)) ?? {}) as Partial<IRunExecutionData>;
	const { runData = {}, error } = data.resultData ?? {};
	return { ...parseSummary(body), runData, error, data };
}

/** An object whose fields are still to be looked at. */
export function asRecord(value: unknown): Record<string, unknown> {
	if (typeof value !== 'object' || value === null) {
		throw new Error(`n8n answered ${JSON.stringify(value)} instead of an object.`);
	}
	return value as Record<string, unknown>;
}

function asDate(value: unknown): Date | undefined {
	return typeof value === 'string' ? new Date(value) : undefined;
}
