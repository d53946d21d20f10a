/**
 * Waiting for callbacks: the execution sleeps in n8n's database and holds nothing else, until the
 * provider has called for its last task. Then n8n runs the node a second time, with the input of
 * the first, and what was found out about the tasks beside it.
 */
import {
	NodeHelpers,
	type IDataObject,
	type IExecuteData,
	type IExecuteFunctions,
	type INodeExecutionData,
	type IRunExecutionData,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { connect, readTask, type Api, type TaskRecord } from '../api/client';
import { ACKNOWLEDGED, answer, readCallback } from '../api/callback';

/** What the node leaves behind when it falls asleep, in the node context, which n8n stores. */
interface Asleep {
	input: INodeExecutionData[];
	taskIds: string[];
	/** Epoch milliseconds. */
	until: number;
	/** What the node wants back when it wakes. */
	notes: IDataObject;
	/** By task id: what the callbacks led to. */
	records?: Record<string, TaskRecord>;
}

export interface Woken {
	notes: IDataObject;
	records: Record<string, TaskRecord>;
}

/**
 * As an AI tool a node has to answer at once; it polls instead. And it sleeps once only: n8n counts
 * the tries of Retry On Fail anew after each sleep, so that they would never end.
 */
export function canSleep(functions: IExecuteFunctions): boolean {
	const { sleptIn } = functions.getContext('node');
	return !functions.getNode().type.endsWith('Tool') && sleptIn !== runOf(functions);
}

function runOf(functions: IExecuteFunctions): string {
	const runIndex = functions.evaluateExpression('{{ $runIndex }}', 0);
	return JSON.stringify([functions.getExecutionId(), runIndex]);
}

/** Where the provider wakes this execution. The URL carries a secret token. */
export function resumeUrl(functions: IExecuteFunctions): string {
	return functions.evaluateExpression('{{ $execution.resumeUrl }}', 0) as string;
}

/**
 * Puts the execution to sleep once this run of the node returns.
 * @param atDeadline what n8n gives out as the node's items where the deadline passes first: it runs
 * no code of the node then
 */
export async function fallAsleep(
	functions: IExecuteFunctions,
	asleep: Omit<Asleep, 'input' | 'records'>,
	atDeadline: INodeExecutionData[],
): Promise<void> {
	const context = functions.getContext('node');
	context.asleep = { ...asleep, input: functions.getInputData() };
	context.sleptIn = runOf(functions);
	functions.getExecuteData().data.main = [atDeadline];
	functions.setMetadata({ resumeUrl: resumeUrl(functions) });
	await functions.putExecutionToWait(new Date(asleep.until));
}

/** What the node slept for, if this is the run after its sleep; asking again gives null. */
export function wokenUp(functions: IExecuteFunctions): Woken | null {
	const context = functions.getContext('node') as { asleep?: Asleep };
	const { asleep } = context;
	delete context.asleep;
	return asleep?.records ? { notes: asleep.notes, records: asleep.records } : null;
}

/** Takes a callback for a sleeping execution, and wakes it when all its tasks have ended. */
export async function wake(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	const api = await connect(this);
	const callback = readCallback(this, api.webhookHmacKey);
	if ('msg' in callback) return answer(this, callback);
	const sleeper = sleeperOf(this);
	if (!sleeper?.asleep.taskIds.includes(callback.taskId)) {
		return answer(this, { code: 403, msg: 'This execution does not wait for this task' });
	}
	const { asleep, executeData } = sleeper;
	const memory = recall(this.getExecutionId(), asleep.until);
	if (memory.handled.has(callback.taskId)) return answer(this, ACKNOWLEDGED);
	let records: Asleep['records'] | null;
	try {
		records = await endedTasks(api, memory, callback.taskId, asleep.taskIds);
	} catch {
		return answer(this, { code: 503, msg: 'The task could not be verified, try again' });
	}
	memory.handled.add(callback.taskId);
	if (!records) return answer(this, ACKNOWLEDGED);
	memories.delete(this.getExecutionId());
	asleep.records = records;
	executeData.node.disabled = false;
	return { webhookResponse: ACKNOWLEDGED, workflowData: [asleep.input] };
}

/**
 * The stored state of the sleeping execution, which n8n's own class has but its types do not show.
 * n8n disables a node that it wakes, and would pass on what `webhook` returns; since `executeData`
 * is the very entry that it goes on with, enabling the node there runs it once more instead.
 */
function sleeperOf(functions: IWebhookFunctions) {
	const { executeData, runExecutionData } = functions as unknown as {
		executeData: IExecuteData;
		runExecutionData: IRunExecutionData;
	};
	const context = NodeHelpers.getContext(runExecutionData, 'node', functions.getNode());
	const { asleep } = context as { asleep?: Asleep };
	return asleep && { asleep, executeData };
}

/** What this process knows of the tasks of a sleeping execution. Lost in a restart, it is read anew. */
interface Memory {
	until: number;
	/** Tasks that have ended, or are being asked about. */
	ended: Map<string, Promise<TaskRecord | null>>;
	/** Tasks whose callback has had its effect. */
	handled: Set<string>;
}

const memories = new Map<string, Memory>();

function recall(executionId: string, until: number): Memory {
	for (const [id, memory] of memories) if (memory.until < Date.now()) memories.delete(id);
	let memory = memories.get(executionId);
	if (!memory) {
		memory = { until, ended: new Map(), handled: new Set() };
		memories.set(executionId, memory);
	}
	return memory;
}

/**
 * The records of all tasks, or null while one of them runs. Throws where `called`, the task that the
 * callback is for, cannot be read, or has not ended for the API.
 *
 * At most three requests per task: one has submitted it; one finds that it has ended, and is
 * remembered; and its callback leads to one at the most that finds another task running, since the
 * search for such a task ends there. (A restart, or each further webhook process, costs up to one
 * more for each task that has ended before.)
 */
async function endedTasks(
	api: Api,
	{ ended }: Memory,
	called: string,
	taskIds: string[],
): Promise<Record<string, TaskRecord> | null> {
	const look = async (taskId: string) => {
		const record = ended.get(taskId) ?? readEnded(api, taskId);
		ended.set(taskId, record);
		const forget = () => ended.delete(taskId);
		void record.then((found) => found ?? forget(), forget);
		return await record;
	};
	if (!(await look(called))) throw new Error('The task is still running');
	const records: Record<string, TaskRecord> = {};
	for (const taskId of taskIds) {
		const record = await look(taskId);
		if (!record) return null;
		records[taskId] = record;
	}
	return records;
}

/** The provider waits 15 s for an answer to its callback. */
const PATIENCE_MS = 10_000;

async function readEnded(api: Api, taskId: string): Promise<TaskRecord | null> {
	const until = Date.now() + PATIENCE_MS;
	const record = await readTask(api, taskId, { until, unknownUntil: until, pace: api.pace.verify });
	return record.task.status === 'processing' ? null : record;
}
