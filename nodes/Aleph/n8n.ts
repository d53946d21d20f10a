/**
 * The one page that leans on what n8n does not promise: what its classes have and its types do not show.
 * Each function says in which versions that was seen, and bears its absence.
 */
import {
	NodeHelpers,
	type IDataObject,
	type IExecuteData,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type IRunExecutionData,
	type ITaskData,
	type IWebhookFunctions,
	type Workflow,
} from 'n8n-workflow';

/** Where n8n runs our code: for the items of a run, or for a callback. */
export type NodeContext = IExecuteFunctions | IWebhookFunctions;

interface Internals {
	/** 1.123 to 2.41. */
	runExecutionData?: IRunExecutionData;
	/** 1.123 to 2.41. */
	workflow?: Pick<Workflow, 'nodes' | 'staticData'>;
	/** 1.123 to 2.41. */
	runIndex?: number;
	/** 1.123 to 2.41. */
	additionalData?: { executionTimeoutTimestamp?: number };
	/** n8n 2.0 does not have it. */
	getWorkflowSettings?: () => { engineType?: string; executionTimeout?: number };
	/** Neither 1.123 nor 2.0 has it. */
	customData?: { set: (key: string, value: string) => void };
}

/**
 * Both versions of our nodes are the same; workflows that are written by hand, or by a model, say 1. But for
 * each callback of a node of version 1, n8n evaluates an expression ("binaryData", 1.123 to 2.41), which
 * costs more than all that our webhooks do.
 */
export const DEFAULT_VERSION = 2;

/**
 * The same context with another signal. n8n aborts a request with credentials by the signal that it finds
 * on its caller, not by one in the request's options (`httpRequestWithAuthentication`, 1.123 to 2.41).
 */
export function withSignal(ctx: NodeContext, signal: AbortSignal): NodeContext {
	return Object.create(ctx, {
		getExecutionCancelSignal: { value: () => signal },
	}) as NodeContext;
}

/**
 * The editor shows hints and the descriptions of errors as HTML, and the words of the API or of the user may
 * hold some (1.123 to 2.41).
 */
export function escaped(text: string): string {
	return text.replaceAll('<', '&lt;');
}

/** Shown beside the items. A webhook shows none, nor need every engine of n8n. */
export function showHint(ctx: NodeContext, text: string, type: 'info' | 'warning'): void {
	const message = escaped(text);
	if ('addExecutionHints' in ctx) ctx.addExecutionHints({ message, type, location: 'outputPane' });
}

/** Aborts when the user stops the execution. A webhook has no such signal, nor has n8n's agent (2.41). */
export function cancelSignalOf(ctx: NodeContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in ctx ? ctx.getExecutionCancelSignal() : undefined;
}

/** The data of an execution, which n8n stores when it sleeps or ends, and the class changes on the way. */
export type Snapshot = Pick<IRunExecutionData, 'executionData' | 'waitTill'>;

export type Execution = ReturnType<typeof readExecution>;

/** The execution that a run of the node belongs to, as read when the run begins; and what can be asked of it. */
export function readExecution(ctx: IExecuteFunctions) {
	const { runExecutionData, runIndex = 0 } = ctx as Internals;
	const node = ctx.getNode();
	// As an AI tool, n8n gives a node a type of its own (1.123 to 2.41).
	const isTool = node.type.endsWith('Tool');
	return {
		/** Absent under n8n's own agents, whatever the type says (2.41). */
		id: ctx.getExecutionId(),
		node,
		/** A loop counts it up. */
		runIndex,
		isTool,
		stopsOnError: !ctx.continueOnFail(),
		/** Aborts when the user stops the execution. */
		signal: cancelSignalOf(ctx),
		/** What n8n stores for the node with it, when it sleeps, fails or ends: nothing if there is none, as under n8n's own agents (2.41). */
		stored: storedOf(ctx),
		/** All that n8n stores of it. */
		snapshot: (runExecutionData ?? {}) as Snapshot,
		logger: ctx.logger,
		/** When n8n stops it for taking too long, if it ever does. Of no use at a wake: looks at all that has run. */
		deadline: () => endOfExecution(ctx),
		/** Whether it has slept before this node. Of no use at a wake, either. */
		hasSlept: () => hasSlept(ctx),
		/** Who would lose something, or be confused, if it slept; null if nobody. Of no use at a wake, either. */
		keptAwakeBy: () => (isTool ? 'agent' : keptAwakeBy(ctx)),
		/** Shown beside the items. */
		showHint: (text: string) => showHint(ctx, text, 'info'),
		/** Shown with it in n8n's list of executions. */
		setCustomData: (key: string, value: string) => setCustomData(ctx, key, value),
		getCustomData: (key: string) => runExecutionData?.resultData.metadata?.[key],
		/** Where a callback reaches it while it sleeps. Since n8n 2.0 the URL carries a secret token. */
		callbackUrl: () => callbackUrl(ctx),
		/** Once this run of the node has returned, without items. The editor shows the URL for callbacks. */
		putToSleep: async (time: Date) => {
			ctx.setMetadata({ resumeUrl: callbackUrl(ctx) });
			leaveSpentEntry(ctx);
			await ctx.putExecutionToWait(time);
		},
		/** Has n8n store `snapshot` instead, and leave it where that one stands. */
		restore: async (snapshot: Snapshot) => await restoreSnapshot(ctx, snapshot),
		/** Has n8n stop at the error of this run, whatever "On Error" says: it would hand the input on as the result. */
		stopEvenSo: () => stopEvenSo(ctx),
	};
}

function storedOf(ctx: IExecuteFunctions): IDataObject {
	return (ctx as Internals).runExecutionData?.executionData ? ctx.getContext('node') : {};
}

/** A path of its own: else a late callback could resume another node that sleeps by then. */
export const CALLBACK_PATH = 'aleph';

function callbackUrl(ctx: IExecuteFunctions): string {
	const url = new URL(ctx.evaluateExpression('{{ $execution.resumeUrl }}', 0) as string);
	url.pathname = `${url.pathname}/${CALLBACK_PATH}`;
	return url.toString();
}

export type KeptAwakeBy = 'agent' | 'engine' | 'caller' | 'parent';

function keptAwakeBy(ctx: IExecuteFunctions): KeptAwakeBy | null {
	if (!canResume(ctx)) return 'engine';
	if (callerWaits(ctx)) return 'caller';
	return parentWaits(ctx) ? 'parent' : null;
}

/** What n8n stores for the node of a sleeping execution that is called back. */
export function storedContextOfSleeper(ctx: IWebhookFunctions): IDataObject {
	const { runExecutionData } = ctx as Internals;
	if (!runExecutionData?.executionData) return {};
	return NodeHelpers.getContext(runExecutionData, 'node', ctx.getNode());
}

/** What n8n runs next, the running entry left out; null if this engine has no such thing. */
function stackOf(ctx: IExecuteFunctions): IExecuteData[] | null {
	const stack = (ctx as Internals).runExecutionData?.executionData?.nodeExecutionStack;
	return Array.isArray(stack) ? stack : null;
}

/**
 * Whether n8n can wake this execution. Its engine 2 and its own agents cannot: they give a node no signal of
 * the user's stop, and no stack (2.41).
 */
function canResume(ctx: IExecuteFunctions): boolean {
	const { engineType } = (ctx as Internals).getWorkflowSettings?.() ?? {};
	return stackOf(ctx) !== null && cancelSignalOf(ctx) !== undefined && engineType !== 'v2';
}

/** n8n makes JSON of the data, which calls `toJSON` (tried on 1.123, 2.0, 2.20 and 2.41). */
async function restoreSnapshot(ctx: IExecuteFunctions, snapshot: Snapshot): Promise<void> {
	const toJSON = { value: () => snapshot, configurable: true };
	Object.defineProperty((ctx as Internals).runExecutionData!, 'toJSON', toJSON);
	if (snapshot.waitTill) return await ctx.putExecutionToWait(new Date(snapshot.waitTill));
	// That one has ended, or still runs: nothing behind this node may run, such as a Merge with its other input.
	stackOf(ctx)!.length = 0;
	(ctx as Internals).runExecutionData!.executionData!.waitingExecution = {};
	giveNothing(ctx.getExecuteData());
}

/** With "Always Output Data", n8n would make an empty item of nothing. */
function giveNothing(entry: IExecuteData): void {
	entry.node = { ...entry.node, alwaysOutputData: false };
}

/** n8n looks at the node of the running entry, once that has thrown, and stores the entry (1.123 to 2.41). */
function stopEvenSo(ctx: IExecuteFunctions): void {
	const entry = ctx.getExecuteData();
	const { node } = entry;
	const stopping: INode = { ...node, onError: 'stopWorkflow', continueOnFail: false };
	entry.node = Object.defineProperty(stopping, 'toJSON', { value: () => node });
}

/** The nodes of this execution that have run, with the items that each gave first. */
function ranNodes(ctx: IExecuteFunctions): Array<{ node: INode; runs: ITaskData[] }> {
	const { runExecutionData, workflow } = ctx as Internals;
	const runs = Object.entries(runExecutionData?.resultData?.runData ?? {});
	return runs.flatMap(([name, ofNode]) => {
		const node = workflow?.nodes[name];
		return node ? [{ node, runs: ofNode }] : [];
	});
}

/**
 * Whether somebody waits for what this execution gives: the caller of a Webhook, Form, Chat or Wait node
 * that answers at the end, or n8n's evaluations and its chat. A sleep would be taken for the end (1.123 to
 * 2.41).
 */
function callerWaits(ctx: IExecuteFunctions): boolean {
	const mode = ctx.getMode() as string;
	if (mode === 'retry') return false;
	if (mode === 'evaluation' || mode === 'chat') return true;
	const ran = ranNodes(ctx).map(({ node }) => node);
	const hasAnswered = ran.some(({ type }) => type.endsWith('.respondToWebhook'));
	return ran.some((node) => {
		const answersAt = responseModeOf(node);
		if (answersAt === 'responseNode') return !hasAnswered;
		return answersAt !== undefined && answersAt !== 'onReceived' && answersAt !== 'formPage';
	});
}

/** When a node answers its caller; undefined if it has none. n8n would let a chat's next message wake it. */
function responseModeOf({ type, parameters }: INode): unknown {
	const { responseMode } = (parameters.options as { responseMode?: unknown } | undefined) ?? {};
	if (type.endsWith('.chatTrigger')) return responseMode ?? 'lastNode';
	return parameters.responseMode ?? responseMode;
}

/**
 * Whether another execution has called this one, waits for it, and may be confused by its sleep: one that
 * calls it once for each item goes on after the first, and an agent's tool has to answer at once. Both call
 * it with one item (1.123 to 2.41).
 */
function parentWaits(ctx: IExecuteFunctions): boolean {
	const { parentExecution, parentAgentRun } = ((ctx as Internals).runExecutionData ?? {}) as {
		parentExecution?: { shouldResume?: boolean };
		parentAgentRun?: unknown;
	};
	if (parentAgentRun) return true;
	if (!parentExecution || parentExecution.shouldResume === false) return false;
	// Before 2.20 a caller gets its own input back, or goes on at once, if the execution that it called sleeps.
	if (!(ctx as Internals).customData) return true;
	const [first] = ranNodes(ctx)
		.flatMap(({ runs }) => runs)
		.sort((a, b) => a.startTime - b.startTime);
	return (first?.data?.main?.[0]?.length ?? 0) <= 1;
}

/**
 * Leaves the execution so that it runs this node again when it wakes. n8n then disables the node of the
 * first entry on its stack, and replaces that entry's items; a retry looks the node up by its name first
 * (1.123 to 2.41). So the first is a spent entry of another node, which gives nothing, and the real one
 * comes second, with its own input, source and run index.
 */
function leaveSpentEntry(ctx: IExecuteFunctions): void {
	const entry = ctx.getExecuteData();
	stackOf(ctx)!.unshift({ ...entry, data: { ...entry.data } });
	giveNothing(entry);
	entry.data = { main: [] };
	const other = ranNodes(ctx).find(({ node }) => isUnimportant(node, entry.node.name));
	if (!other) return;
	// Only as it is stored: the engine itself still looks at the entry's node.
	const spent = {
		node: { ...other.node, alwaysOutputData: false },
		data: { main: [] },
		source: null,
		// n8n does not show this node as running.
		metadata: { nodeWasResumed: true },
	};
	Object.defineProperty(entry, 'toJSON', { value: () => spent });
}

/** Whether nothing in n8n looks for this node on top of the stack of a waiting execution. */
function isUnimportant({ name, type, alwaysOutputData }: INode, ownName: string): boolean {
	return name !== ownName && !alwaysOutputData && !/\.(form|wait|chat\w*)$/i.test(type);
}

/**
 * A callback is about to wake the execution. Drops the spent entry, so that nothing is left that a retry
 * could mistake. Gives what n8n is to put into the first entry then: its own input; null if the first
 * entries are not as they should be.
 */
export function dropSpentEntry(ctx: IWebhookFunctions): INodeExecutionData[][] | null {
	const stack = (ctx as Internals).runExecutionData?.executionData?.nodeExecutionStack ?? [];
	const [, real] = stack;
	if (real?.node.name !== ctx.getNode().name) return null;
	stack.shift();
	return (real.data.main ?? []).map((items) => items ?? []);
}

function endOfExecution(ctx: IExecuteFunctions): number | undefined {
	const { additionalData } = ctx as Internals;
	const { executionTimeout = 0 } = (ctx as Internals).getWorkflowSettings?.() ?? {};
	const { began, woke } = timesOf(ctx);
	// At each wake n8n gives the time anew, but goes by the first start (1.123 to 2.41).
	const end = (additionalData?.executionTimeoutTimestamp ?? Infinity) - (woke - began);
	const limit = Math.min(end, executionTimeout > 0 ? began + executionTimeout * 1_000 : Infinity);
	return limit === Infinity ? undefined : limit;
}

function hasSlept(ctx: IExecuteFunctions): boolean {
	const { began, woke } = timesOf(ctx);
	return woke > began;
}

/** Between two nodes of an execution there is no longer pause, unless it sleeps. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * When an execution began, and when it last woke, which is the same if it has not slept (epoch milliseconds).
 * A retry, or a step in the editor, comes with runs of an earlier execution, whose times do not count.
 */
function timesOf(ctx: IExecuteFunctions): { began: number; woke: number } {
	const own: Array<Pick<ITaskData, 'startTime' | 'executionTime'>> = [
		{ startTime: firstTry(ctx), executionTime: 0 },
		...begunIn(ctx).map(({ first }) => ({ startTime: first, executionTime: 0 })),
	];
	const hasOthersRuns = ['retry', 'manual'].includes(ctx.getMode());
	const since = hasOthersRuns ? Math.min(...own.map(({ startTime }) => startTime)) : -Infinity;
	const earlier = ranNodes(ctx)
		.flatMap(({ runs }) => runs)
		// Those of an earlier execution had ended by then.
		.filter(({ startTime, executionTime }) => startTime + executionTime >= since);
	const runs = [...own, ...earlier].sort((a, b) => a.startTime - b.startTime);
	const began = runs[0]!.startTime;
	let woke = began;
	let ended = began;
	for (const { startTime, executionTime } of runs) {
		if (startTime > ended + LONGEST_PAUSE_MS) woke = startTime;
		ended = Math.max(ended, startTime + executionTime);
	}
	return { began, woke };
}

/** When this run of the node began (epoch milliseconds): Retry On Fail has no run of its own. */
function firstTry(ctx: IExecuteFunctions): number {
	const stored = storedOf(ctx);
	const id = ctx.getExecutionId();
	const { runIndex = 0 } = ctx as Internals;
	const begun = stored.begun as Begun | undefined;
	// Both IDs may be absent, and what is stored with them.
	if (begun && begun.id === id && begun.runIndex === runIndex) return begun.at;
	const at = Date.now();
	const first = begun && begun.id === id ? begun.first : at;
	stored.begun = { id, runIndex, at, first } satisfies Begun;
	return at;
}

/** When nodes of ours began in this execution. */
function begunIn(ctx: IExecuteFunctions): Begun[] {
	const { contextData = {} } = (ctx as Internals).runExecutionData?.executionData ?? {};
	const id = ctx.getExecutionId();
	return Object.values(contextData).flatMap((context) => {
		const begun = (context as IDataObject | null)?.begun as Begun | undefined;
		return begun && begun.id === id ? [begun] : [];
	});
}

interface Begun {
	id: string;
	runIndex: number;
	at: number;
	/** When the node began for the first time in this execution: a loop runs it again. */
	first: number;
}

function setCustomData(ctx: IExecuteFunctions, key: string, value: string): void {
	const { runExecutionData } = ctx as Internals;
	// Without it, asking for the other would throw (2.41).
	if (!runExecutionData) return;
	const { customData } = ctx as Internals;
	// n8n 1.123 and 2.0 have the store alone.
	if (customData) customData.set(key, value);
	else (runExecutionData.resultData.metadata ??= {})[key] = value;
}

/** How n8n has answered the request of a webhook. */
interface Answer {
	status: number;
	/** False if the caller had hung up by then. */
	isHeard: boolean;
}

/**
 * Resolves when n8n answers the request of a webhook. The response's own events would not do: they say
 * nothing of the answer if the caller has hung up by then.
 */
export async function answerOf(ctx: IWebhookFunctions): Promise<Answer> {
	const response = ctx.getResponseObject();
	const end = response.end.bind(response) as (...parameters: unknown[]) => unknown;
	return await new Promise((resolve) => {
		response.end = ((...parameters: unknown[]) => {
			resolve({ status: response.statusCode, isHeard: !response.destroyed });
			return end(...parameters);
		}) as typeof response.end;
	});
}

/** Whether the caller of a webhook no longer waits for the answer. */
export function hasHungUp(ctx: IWebhookFunctions): boolean {
	const { destroyed, writableEnded } = ctx.getResponseObject();
	return destroyed && !writableEnded;
}

/** Resolves when the caller of a webhook hangs up. */
export async function hangUp(ctx: IWebhookFunctions): Promise<void> {
	const response = ctx.getResponseObject();
	if (response.destroyed) return;
	await new Promise<void>((resolve) => {
		response.once('close', () => resolve());
	});
}

/**
 * Stores a value of a webhook's node once n8n has started the workflow for the request. n8n writes down
 * the static data after that, and so makes the JSON of it in that moment, if it is marked as changed. But
 * the execution, whose own workflow is made of the very same object, marks it as unchanged. An object of
 * our own keeps the mark (2.8 to 2.41).
 */
export function storeOnceStarted(
	ctx: IWebhookFunctions,
	name: string,
	toJSON: () => unknown,
): void {
	const workflow = (ctx as Internals).workflow!;
	const changed = { value: true, writable: true };
	const staticData: IDataObject = { ...workflow.staticData };
	workflow.staticData = Object.defineProperty(staticData, '__dataChanged', changed);
	Object.assign(ctx.getWorkflowStaticData('node'), { [name]: { toJSON } });
}
