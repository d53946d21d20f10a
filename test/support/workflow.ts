/** Workflows, written down with less ceremony than in n8n's own format. */
import type { IConnections, INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from './n8n/client';

const PACKAGE = 'n8n-nodes-runway-aleph';

/** @param type such as `webhook` or `httpRequest` */
export function ownNode(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters = {},
): INode {
	return newNode(name, `n8n-nodes-base.${type}`, typeVersion, parameters);
}

/** @param type `aleph` or `alephTrigger` */
export function alephNode(name: string, type: string, parameters: INodeParameters = {}): INode {
	return withAlephCredential(newNode(name, `${PACKAGE}.${type}`, 1, parameters));
}

/** Which credential it is, is decided at the import. */
export function withAlephCredential(node: INode): INode {
	return { ...node, credentials: { alephApi: { id: '', name: '' } } };
}

/** A trigger that starts an execution for each POST to `/webhook/<path>`, and answers at once. */
export function webhookNode(path: string): INode {
	const parameters = { httpMethod: 'POST', path, responseMode: 'onReceived' };
	return { ...ownNode('Webhook', 'webhook', 2, parameters), webhookId: path };
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

/** A manual start, and an item for each of the objects. */
export function sourceOf(items: object[]): INode[] {
	const jsCode = `return ${JSON.stringify(items.map((json) => ({ json })))};`;
	return [ownNode('Start', 'manualTrigger', 1), ownNode('Items', 'code', 2, { jsCode })];
}

/** A video for each item of the source, waited for in one of the node's modes. */
export function alephWorkflow(
	source: INode[],
	waitMode: string,
	options: INodeParameters = {},
): WorkflowJson {
	const parameters: INodeParameters = {
		prompt: '={{ $json.prompt }}',
		videoUrl: '={{ $json.videoUrl }}',
		waitMode,
		options,
	};
	return workflow(waitMode, [...source, alephNode('Runway Aleph', 'aleph', parameters)], {
		Start: ['Items'],
		Items: ['Runway Aleph'],
	});
}

function newNode(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters,
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters };
}
