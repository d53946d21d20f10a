/** The tasks of a run, from the input of its items to what comes out, as the operations of a video share it. */
import {
	NodeOperationError,
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import { getCredits, readTask } from '../../api/client';
import { DIALECTS, type Api } from '../../api/connect';
import type { Withdrawal } from '../../batch/drive';
import { runBatch } from '../../batch/run';
import { canSleep, endOfExecution } from '../../batch/sleep';
import type { Batch, Failure, Item, Plan, Terms } from '../../batch/state';
import { whileAsleep, whileAwake } from '../../task/schedule';
import { acceptedTask, type Task } from '../../task/task';
import { downloadFiles, type Downloads } from '../downloads';
import {
	downloadError,
	failedTaskError,
	inputError,
	readError,
	startError,
	timeoutError,
	unconfirmedError,
	withTask,
} from '../errors';
import { outputItems, type Outcome } from '../outcome';
import { wantsToSleep, type Waiting } from './waiting';

/** What each item says, whatever the operation. */
export interface TaskInput {
	waiting: Waiting;
	simplify: boolean;
	downloads: Downloads;
}

type Inputs<Input> = Array<Input | NodeOperationError>;

/** What an operation does with the items whose input is good. */
export interface Operation<Input> {
	/** Tell whether an item still asks for the same when the node runs again. */
	hashes: (input: Input) => string[];
	fresh: (input: Input) => Item;
	terms: (
		input: Input,
	) => Pick<Terms, 'until' | 'unknownFor' | 'rate' | 'keepCredits'> & Partial<Terms>;
	/** What is known of a task before the API has told anything. */
	known: (input: Input, taskId: string) => Task;
	start: (input: Input, itemIndex: number, withdrawal: Withdrawal) => Promise<string>;
	/** What it means to run again. */
	rerun: string;
}

/** Gives the items, or none where the execution goes to sleep. Throws a NodeError. */
export async function runTasks<Input extends TaskInput>(
	functions: IExecuteFunctions,
	api: Api,
	inputs: Inputs<Input>,
	operation: Operation<Input>,
): Promise<INodeExecutionData[]> {
	const sleeps = wantsToSleep(functions) && canSleep(functions);
	const input = (itemIndex: number) => inputs[itemIndex] as Input;
	const plan = planOf(functions, inputs, operation, sleeps);
	const line = sleeps ? api.lines.verify : api.lines.read;
	const batch = await runBatch(functions, {
		requests: inputs.map((each) => (isBad(each) ? null : operation.hashes(each))),
		fresh: (itemIndex) => operation.fresh(input(itemIndex)),
		refuse: () => refuseAtOnce(functions, inputs, sleeps),
		plan,
		work: {
			start: async (itemIndex, withdrawal) =>
				await operation.start(input(itemIndex), itemIndex, withdrawal),
			check: async (taskId, patience) => await readTask(api, taskId, line, patience),
			fetch: async (itemIndex, { task }) => ({
				binary: await downloadFiles(api, task, input(itemIndex).downloads),
			}),
			credits: async () => await getCredits(api),
		},
		sleeps,
		signal: api.signal,
	});
	// What is given out now would be taken for the result.
	if (batch === null) return [];
	const outcomes = inputs.map((each, itemIndex) =>
		outcomeOf(functions, api, itemIndex, batch, each, operation, plan),
	);
	return outputItems(functions, outcomes, adviceOf(outcomes, operation.rerun));
}

function adviceOf(outcomes: Outcome[], rerun: string): string {
	const ready = outcomes.filter(({ task }) => task?.status === 'success').length;
	return `${ready} of ${outcomes.length} videos are ready: fetch them with the "Get" operation and their task IDs. ${rerun}`;
}

function isBad<Input>(input: Input | NodeOperationError): input is NodeOperationError {
	return input instanceof NodeOperationError;
}

function refuseAtOnce<Input extends TaskInput>(
	functions: IExecuteFunctions,
	inputs: Inputs<Input>,
	sleeps: boolean,
): void {
	const bad = inputs.find(isBad);
	if (bad && !functions.continueOnFail()) throw bad;
	const minutes = inputs.map((input) => (isBad(input) ? 0 : input.waiting.timeout));
	const longest = Math.max(0, ...minutes);
	if (!sleeps || Date.now() + longest * 60_000 <= endOfExecution(functions)) return;
	throw inputError(
		functions.getNode(),
		0,
		`n8n stops this workflow before the "Timeout" of ${longest} minutes is over`,
		'Nothing was sent. Raise "Timeout Workflow" in the workflow settings, or lower "Timeout" in the options.',
	);
}

function planOf<Input extends TaskInput>(
	functions: IExecuteFunctions,
	inputs: Inputs<Input>,
	operation: Operation<Input>,
	sleeps: boolean,
): Plan {
	const items = inputs.map((input): Terms | null => {
		if (isBad(input)) return null;
		const { waiting, downloads, simplify } = input;
		return {
			timeout: waiting.timeout * 60_000,
			schedule: sleeps ? whileAsleep : whileAwake(waiting.pollInterval),
			lateIsError: waiting.onTimeout === 'error',
			wantsFiles: downloads.video !== null || downloads.thumbnail !== null,
			wantsData: !simplify,
			...operation.terms(input),
		};
	});
	return { items, stopsOnError: !functions.continueOnFail() };
}

/** What became of an item, from where it stands in the end. */
function outcomeOf<Input extends TaskInput>(
	functions: IExecuteFunctions,
	api: Api,
	itemIndex: number,
	{ items, halted }: Batch,
	input: Input | NodeOperationError,
	operation: Operation<Input>,
	plan: Plan,
): Outcome {
	const item = items[itemIndex]!;
	const taskId = 'taskId' in item ? item.taskId : undefined;
	if (isBad(input)) {
		return taskId
			? { task: acceptedTask(taskId), error: withTask(input, taskId) }
			: { task: null, error: input };
	}
	const { simplify, waiting } = input;
	const known = taskId === undefined ? null : operation.known(input, taskId);
	const outcome = outcomeOfItem(functions, api, itemIndex, item, known, {
		minutes: waiting.timeout,
		terms: plan.items[itemIndex]!,
		halted,
	});
	return { ...outcome, simplify };
}

function outcomeOfItem(
	functions: IExecuteFunctions,
	api: Api,
	itemIndex: number,
	item: Item,
	known: Task | null,
	{ minutes, terms, halted }: { minutes: number; terms: Terms; halted?: Failure },
): Outcome {
	const node = functions.getNode();
	switch (item.at) {
		case 'toStart':
			return {
				task: null,
				notStarted: true,
				error: halted && startError(node, itemIndex, halted),
			};
		case 'running':
			return { task: known, data: { taskId: item.taskId } };
		case 'unconfirmed':
			return { task: null, error: unconfirmedError(node, itemIndex, item.failure) };
		case 'failed': {
			if (!item.taskId) return { task: null, error: startError(node, itemIndex, item.failure) };
			const status = item.failure.kind === 'unknownTask' ? 'failed' : 'processing';
			const error = readError(node, itemIndex, item.failure, item.taskId);
			return { task: { ...known!, status }, error };
		}
		case 'timedOut': {
			const { taskId, record, failure } = item;
			const task: Task = { ...known!, ...record?.task, status: 'timeout' };
			const data = record?.data as IDataObject | undefined;
			if (!terms.lateIsError) return { task, data };
			return { task, data, error: timeoutError(node, itemIndex, taskId, minutes, failure) };
		}
		case 'ended': {
			const { record, files } = item;
			const task = withRequest(record.task, known!);
			const data = record.data as IDataObject | undefined;
			if (task.status === 'failed' && terms.until === 'ended') {
				return { task, data, error: failedTaskError(node, itemIndex, task, otherApi(api)) };
			}
			if (files && 'failure' in files) {
				return { task, data, error: downloadError(node, itemIndex, files.failure, task) };
			}
			return { task, data, binary: files?.binary as IBinaryKeyData | undefined };
		}
	}
}

/** A record need not tell what the task was asked for. */
function withRequest(task: Task, { prompt, sourceVideoUrl }: Task): Task {
	return {
		...task,
		prompt: task.prompt ?? prompt,
		sourceVideoUrl: task.sourceVideoUrl ?? sourceVideoUrl,
	};
}

function otherApi({ dialect }: Api): string {
	return Object.values(DIALECTS).find((other) => other !== dialect)!.name;
}
