/**
 * The functions of n8n that this package leans on beyond what n8n promises, and why. A change in one of
 * them breaks no test until an execution sleeps on the n8n that has it.
 */
export interface Watched {
	package: string;
	/** Where n8n's build has it. */
	file: string;
	/** A function's name, or a class and its method: `Class.method`. */
	name: string;
	/** What of ours relies on it, as a sentence. */
	use: string;
	/** Where to look. */
	usedIn: string[];
}

const ENGINE = {
	package: 'n8n-core',
	file: 'dist/execution-engine/workflow-execute.js',
};

const N8N = 'nodes/Aleph/n8n.ts';
const WAKE = 'nodes/Aleph/execution/wake.ts';
const NEWEST = 'nodes/Aleph/execution/newest.ts';
const BATCH = 'nodes/Aleph/execution/batch.ts';

export const WATCHED: Watched[] = [
	{
		...ENGINE,
		name: 'WorkflowExecute.handleWaitingState',
		use: 'At a wake by time it disables the first entry on the stack, and only that: so a spent entry lies there.',
		usedIn: [N8N],
	},
	{
		...ENGINE,
		name: 'WorkflowExecute.handleDisabledNode',
		use: 'It gives nothing for a spent entry, whose input is empty.',
		usedIn: [N8N],
	},
	{
		...ENGINE,
		name: 'WorkflowExecute.prepareConnectionInputData',
		use: 'It has a node without any input skipped, without a run.',
		usedIn: [N8N],
	},
	{
		...ENGINE,
		name: 'WorkflowExecute.ensureAlwaysOutputData',
		use: 'It would make an item of nothing, unless the spent entry has Always Output Data off.',
		usedIn: [N8N],
	},
	{
		package: 'n8n-core',
		file: 'dist/execution-engine/node-execution-context/base-execute-context.js',
		name: 'BaseExecuteContext.putExecutionToWait',
		use: 'It has the execution stored, and the node put back onto the stack, once the node has returned.',
		usedIn: [N8N],
	},
	{
		package: 'n8n',
		file: 'dist/webhooks/webhook-helpers.js',
		name: 'prepareExecutionData',
		use: 'At a wake by callback it replaces the input of the first entry on the stack: the real one, as the spent one is gone by then.',
		usedIn: [N8N, WAKE],
	},
	{
		package: 'n8n',
		file: 'dist/webhooks/waiting-webhooks.js',
		name: 'WaitingWebhooks.disableNode',
		use: 'It disables the first entry on the stack, and only that, before the callback reaches the node.',
		usedIn: [N8N, WAKE],
	},
	{
		package: 'n8n',
		file: 'dist/wait-tracker.js',
		name: 'WaitTracker.startExecution',
		use: 'It reads the stored execution before it has a slot to run in: so a wake can bring an old state.',
		usedIn: [NEWEST],
	},
	{
		package: 'n8n',
		file: 'dist/active-executions.js',
		name: 'ActiveExecutions.add',
		use: 'It stores what the wake has read, waits for a slot before that, and lets one wake of several win.',
		usedIn: [NEWEST],
	},
	{
		package: 'n8n',
		file: 'dist/executions/execution-recovery.service.js',
		name: 'ExecutionRecoveryService.recoverFromLogs',
		use: 'At the start it stores what crashed as it was read before, though it may have been woken, and have slept, meanwhile.',
		usedIn: [NEWEST],
	},
	{
		package: 'n8n',
		file: 'dist/executions/execution.service.js',
		name: 'ExecutionService.retry',
		use: 'A retry goes on from the stored stack and context, with the saved or the original nodes, which it looks up by name.',
		usedIn: [N8N, BATCH],
	},
	{
		package: 'n8n',
		file: 'dist/executions/execution-recovery.service.js',
		name: 'ExecutionRecoveryService.amend',
		use: 'After a crash it leaves alone what a sleeping execution has stored.',
		usedIn: [N8N],
	},
	{
		package: '@n8n/node-engine-compatibility',
		file: 'dist/v1-adapters.js',
		name: 'toV1ExecuteContext',
		use: 'The node tells by its context that engine 2 runs it, where it must not sleep.',
		usedIn: [N8N],
	},
];
