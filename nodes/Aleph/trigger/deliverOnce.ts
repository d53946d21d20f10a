/**
 * Deduplication: the provider may deliver a task several times, but it starts the workflow once.
 *
 * A task counts as delivered once n8n has started the workflow for it. n8n tells no node of that, but
 * it stores the static data of a request, and answers it, only after the start (since 2.8). Where
 * the start fails, it stores nothing and answers 500: then the next delivery has its turn.
 *
 * What has been delivered is kept in n8n's static data, which survives a restart. Each request gets
 * its own copy of that from the database, so this process also remembers: without that, deliveries
 * at the same instant would not know of each other, and the last to be stored would undo the rest.
 */
import type { IDataObject, IWebhookFunctions, Workflow } from 'n8n-workflow';

/**
 * The newest tasks that are remembered for each node: a thousand, and room for older ones, which a
 * request brings back with a copy from before others were stored.
 */
const REMEMBERED = 1_500;

interface Memory {
	/** Oldest first. */
	delivered: string[];
	/** By task: ends when n8n has answered the request that deals with it. */
	underway: Map<string, Promise<void>>;
}

const memories = new Map<string, Memory>();

/**
 * Lets `deliver` decide about a task, unless it has been delivered; then gives null.
 * @param deliver gives what to do, and whether that is to start the workflow
 */
export async function deliverOnce<T extends { starts: boolean }>(
	functions: IWebhookFunctions,
	taskId: string,
	deliver: () => Promise<T>,
): Promise<T | null> {
	const memory = recall(functions);
	while (memory.underway.has(taskId)) await memory.underway.get(taskId);
	if (memory.delivered.includes(taskId)) return null;
	let starts = false;
	const underway = statusOfAnswer(functions).then((status) => {
		memory.underway.delete(taskId);
		if (starts && status === 200) remember(memory, taskId);
	});
	memory.underway.set(taskId, underway);
	const outcome = await deliver();
	({ starts } = outcome);
	if (starts) storeOnceStarted(functions, memory, taskId);
	return outcome;
}

function recall(functions: IWebhookFunctions): Memory {
	const key = `${functions.getWorkflow().id}/${functions.getNode().id}`;
	let memory = memories.get(key);
	if (!memory) {
		memory = { delivered: [], underway: new Map() };
		memories.set(key, memory);
	}
	// Another process may have delivered tasks as well.
	const { delivered = [] } = functions.getWorkflowStaticData('node') as { delivered?: string[] };
	const known = new Set(memory.delivered);
	memory.delivered.push(...delivered.filter((taskId) => !known.has(taskId)));
	return memory;
}

function remember({ delivered }: Memory, taskId: string): void {
	if (!delivered.includes(taskId)) delivered.push(taskId);
	delivered.splice(0, delivered.length - REMEMBERED);
}

/**
 * Resolves when n8n answers this request. The response's own events would not do: they say nothing
 * of the answer where the provider has hung up by then, which it does after 15 s.
 */
async function statusOfAnswer(functions: IWebhookFunctions): Promise<number> {
	const response = functions.getResponseObject();
	const end = response.end.bind(response) as (...parameters: unknown[]) => unknown;
	return await new Promise((resolve) => {
		response.end = ((...parameters: unknown[]) => {
			resolve(response.statusCode);
			return end(...parameters);
		}) as typeof response.end;
	});
}

/**
 * Hands n8n what it is to store for this request. It writes that down after it has started the
 * workflow: so the list is made in that moment, with all that other requests have started as well.
 */
function storeOnceStarted(functions: IWebhookFunctions, memory: Memory, taskId: string): void {
	keepChanged(functions);
	const started = {
		toJSON: () => {
			remember(memory, taskId);
			return memory.delivered;
		},
	};
	(functions.getWorkflowStaticData('node') as { delivered: typeof started }).delivered = started;
}

/**
 * n8n saves the static data only if it is marked as changed. But it does so after it has begun the
 * execution, whose own workflow is made of the very same object and marks it as unchanged (found in
 * 2.41.1). An object of its own keeps the mark.
 */
function keepChanged(functions: IWebhookFunctions): void {
	const { workflow } = functions as unknown as { workflow: Workflow };
	const changed = { value: true, writable: true };
	const staticData: IDataObject = { ...workflow.staticData };
	workflow.staticData = Object.defineProperty(staticData, '__dataChanged', changed);
}
