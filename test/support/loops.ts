/**
 * The loop that people build to wait for a task with n8n's own nodes: HTTP Request (generate) ->
 * Wait -> HTTP Request (record-info) -> IF it has ended, else back to Wait.
 */
import type { INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from './n8n/client';
import { ownNode, withAlephCredential, workflow } from './workflow';

/** How long the loop waits between two looks at a task. */
export const LOOP_SECONDS = 5;

/**
 * All items go round together; those that have ended leave the loop at IF.
 * @param batching of the generate requests: the option of HTTP Request, for those who know the limit
 */
export function loopOfAllItems(
	source: INode[],
	baseUrl: string,
	batching?: { batchSize: number; batchInterval: number },
): WorkflowJson {
	const options = batching ? { batching: { batch: batching } } : {};
	return workflow('All items in one loop', [...source, ...loopNodes(baseUrl, options), END], {
		Start: ['Items'],
		Items: ['Generate'],
		...LOOP,
		Ended: ['End', 'Wait'],
	});
}

/** Loop Over Items takes the next item when the one before it has its video. */
export function loopOverItems(source: INode[], baseUrl: string): WorkflowJson {
	const overItems = ownNode('Loop Over Items', 'splitInBatches', 3, { batchSize: 1 });
	return workflow('One item after another', [...source, overItems, ...loopNodes(baseUrl), END], {
		Start: ['Items'],
		Items: ['Loop Over Items'],
		'Loop Over Items': ['End', 'Generate'],
		...LOOP,
		Ended: ['Loop Over Items', 'Wait'],
	});
}

const END = ownNode('End', 'noOp', 1);

const LOOP = { Generate: ['Wait'], Wait: ['Read'], Read: ['Ended'] };

function loopNodes(baseUrl: string, options: INodeParameters = {}): INode[] {
	return [
		request('Generate', {
			method: 'POST',
			url: `${baseUrl}/api/v1/aleph/generate`,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ JSON.stringify($json) }}',
			options,
		}),
		ownNode('Wait', 'wait', 1.1, { amount: LOOP_SECONDS, unit: 'seconds' }),
		request('Read', {
			url: `${baseUrl}/api/v1/aleph/record-info`,
			sendQuery: true,
			queryParameters: { parameters: [{ name: 'taskId', value: '={{ $json.data.taskId }}' }] },
		}),
		ownNode('Ended', 'if', 2.2, hasEnded()),
	];
}

function request(name: string, parameters: INodeParameters): INode {
	return withAlephCredential(
		ownNode(name, 'httpRequest', 4.2, {
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'alephApi',
			...parameters,
		}),
	);
}

function hasEnded(): INodeParameters {
	const condition = {
		id: 'ended',
		leftValue: '={{ $json.data.successFlag }}',
		rightValue: 1,
		operator: { type: 'number', operation: 'equals' },
	};
	const options = { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 };
	return { conditions: { options, conditions: [condition], combinator: 'and' } };
}
