/** Workflows, written down with less ceremony than in n8n's own format. */
import { randomUUID } from 'node:crypto';
import type { IConnections, IDataObject, INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from './n8n/client';

/** What the package's nodes are called in these workflows. */
export const NODE = 'Runway Aleph';
export const TRIGGER = 'Runway Aleph Trigger';

/** Parameters of the node in both wait modes; each item has a prompt. */
export const polling: INodeParameters = {
	prompt: '={{ $json.prompt }}',
	videoUrl: 'https://example.com/video.mp4',
};
export const sleeping: INodeParameters = { ...polling, waitMode: 'sleep' };

/** @param type with its package, such as `n8n-nodes-base.webhook` */
export function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters = {},
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters };
}

/** A node of n8n's own: `webhook`, `httpRequest`. */
export function ownNode(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters = {},
): INode {
	return node(name, `n8n-nodes-base.${type}`, typeVersion, parameters);
}

/** @param type `aleph`, `alephTool` or `alephTrigger` */
export function alephNode(name: string, type: string, parameters: INodeParameters = {}): INode {
	return withAlephCredential(node(name, `n8n-nodes-runway-aleph.${type}`, 2, parameters));
}

/** Which credential it is, is decided at the import. */
export function withAlephCredential(node: INode): INode {
	return { ...node, credentials: { alephApi: { id: '', name: '' } } };
}

/**
 * A trigger that starts an execution for each POST to `/webhook/<path>`.
 * @param responseMode when it answers; at once if not given
 */
export function webhookNode(path: string, responseMode = 'onReceived'): INode {
	const parameters = { httpMethod: 'POST', path, responseMode };
	return { ...ownNode('Webhook', 'webhook', 2, parameters), webhookId: path };
}

/** A node that gives an item for each of the objects. */
export function itemsNode(items: object[]): INode {
	const jsCode = `return ${JSON.stringify(items.map((json) => ({ json })))};`;
	return ownNode('Items', 'code', 2, { jsCode });
}

/** A manual start, and an item for each of the objects. */
export function sourceOf(items: object[]): INode[] {
	return [ownNode('Start', 'manualTrigger', 1), itemsNode(items)];
}

/** @param targets for each node that is connected to others: the node at each of its outputs */
export function workflow(
	name: string,
	nodes: INode[],
	targets: Record<string, string[]> = {},
): WorkflowJson {
	const connections: IConnections = {};
	for (const [source, names] of Object.entries(targets)) {
		connections[source] = { main: names.map((node) => [{ node, type: 'main', index: 0 }]) };
	}
	return { name, nodes, connections, settings: { executionOrder: 'v1' } };
}

/** Nodes in a row, each one's first output to the next. */
export function chain(name: string, nodes: INode[]): WorkflowJson {
	const following = nodes.slice(1).map((next, index) => [nodes[index]!.name, [next.name]]);
	return workflow(name, nodes, Object.fromEntries(following) as Record<string, string[]>);
}

export interface WorkflowSetup {
	parameters: INodeParameters;
	items: IDataObject[];
	/** Settings of the node, such as retryOnFail. */
	settings?: Partial<INode>;
}

/** Manual Trigger -> items -> Runway Aleph. */
export function workflowOf({ parameters, items, settings }: WorkflowSetup): WorkflowJson {
	return chain('Test', [
		...sourceOf(items),
		{ ...alephNode(NODE, 'aleph', parameters), ...settings },
	]);
}

/** A video for each item of the source, waited for in one of the node's modes. */
export function alephWorkflow(
	source: INode[],
	waitMode: string,
	options: INodeParameters = {},
): WorkflowJson {
	return chain(waitMode, [...source, alephNode(NODE, 'aleph', { ...polling, waitMode, options })]);
}

/** The trigger alone; `path` is what its URL ends in. */
export function triggerWorkflow(parameters: INodeParameters = {}) {
	const webhookId = randomUUID();
	const trigger = { ...alephNode(TRIGGER, 'alephTrigger', parameters), webhookId };
	return { workflow: workflow(TRIGGER, [trigger]), path: `${webhookId}/aleph` };
}
