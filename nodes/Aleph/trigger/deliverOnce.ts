/**
 * Deduplication: the provider may deliver a task several times, but it starts the workflow once.
 *
 * What has been delivered is kept in n8n's static data, which survives a restart. Each request gets
 * its own copy of that from the database, so this process also remembers: without that, deliveries
 * at the same instant would not know of each other, and the last to be stored would undo the rest.
 */
import type { IWebhookFunctions, Workflow } from 'n8n-workflow';

/**
 * The newest tasks that are remembered for each node: a thousand, and room for older ones, which a
 * request brings back with a copy from before others were stored.
 */
const REMEMBERED = 1_500;

interface Memory {
	/** Oldest first. n8n stores this very list, with all that has come in by then. */
	delivered: string[];
	underway: Map<string, Promise<unknown>>;
}

const memories = new Map<string, Memory>();

/**
 * Lets `deliver` decide about a task, unless it has been delivered; then gives null.
 * @param deliver gives what to do, and whether the task counts as delivered by that
 */
export async function deliverOnce<T extends { delivered: boolean }>(
	functions: IWebhookFunctions,
	taskId: string,
	deliver: () => Promise<T>,
): Promise<T | null> {
	const memory = recall(functions);
	while (memory.underway.has(taskId)) await memory.underway.get(taskId);
	if (memory.delivered.includes(taskId)) return null;
	const underway = deliver();
	memory.underway.set(
		taskId,
		underway.catch(() => {}),
	);
	try {
		const outcome = await underway;
		if (outcome.delivered) remember(functions, memory, taskId);
		return outcome;
	} finally {
		memory.underway.delete(taskId);
	}
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

function remember(functions: IWebhookFunctions, { delivered }: Memory, taskId: string): void {
	delivered.push(taskId);
	delivered.splice(0, delivered.length - REMEMBERED);
	functions.getWorkflowStaticData('node').delivered = delivered;
	keepChanged(functions);
}

/**
 * n8n saves the static data only if it is marked as changed. But it does so after it has begun the
 * execution, whose own workflow is made of the very same object and marks it as unchanged (found in
 * 2.41.1). An object of its own keeps the mark.
 */
function keepChanged(functions: IWebhookFunctions): void {
	const { workflow } = functions as unknown as { workflow: Workflow };
	const changed = { value: true, writable: true };
	workflow.staticData = Object.defineProperty({ ...workflow.staticData }, '__dataChanged', changed);
}
