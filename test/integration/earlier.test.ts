/** An execution that fell asleep under version 0.1.0, and is called for after an update. */
import { WebhookContext } from 'n8n-core';
import { createRunExecutionData, Workflow, type IRunExecutionData } from 'n8n-workflow';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import {
	additionalData,
	CREDENTIALS,
	loaded,
	nodeTypes,
	start,
	type Setup,
} from '../support/engine';
import { prompts, startTask } from '../support/tasks';
import { alephNode, NODE } from '../support/workflow';

useSimulator({ duration: 0 });

const parameters = () => generate({ prompt: promptOfItem, waitMode: 'callback' });

/** Starts tasks, as that version has done before it fell asleep. */
async function startTasks(count: number): Promise<string[]> {
	const started: string[] = [];
	for (const order of prompts(count)) started.push(await startTask(simulator, order));
	return started;
}

/** What n8n has stored of it: the second of the items was refused. */
function stored(first: string, third: string): IRunExecutionData {
	const request = '1794974c516c8dc8864f34ec4001c2a1921db98c752e1b081306d6574ae58dc3';
	const asleep = {
		taskIds: [first, third],
		until: Date.now() + 60_000,
		notes: {
			1: {
				message: 'The API could not fetch the video or the reference image',
				description: 'Nothing was charged. The URL must be public.',
				level: 'warning',
			},
		},
		input: prompts(3).map((json, item) => ({ json, pairedItem: { item } })),
	};
	const tasks = { 0: { taskId: first, request }, 2: { taskId: third, request } };
	const lateItems = [first, third].map((taskId) => ({ json: { taskId, status: 'timeout' } }));
	return createRunExecutionData({
		resultData: { runData: {}, lastNodeExecuted: NODE },
		executionData: {
			contextData: {
				[`node:${NODE}`]: {
					accepted: { runIndex: 0, tasks },
					asleep,
					sleptIn: '["execution",0]',
				},
			},
			nodeExecutionStack: [
				{
					node: { ...alephNode(NODE, 'aleph', parameters()), disabled: true },
					data: { main: [lateItems] },
					source: { main: [{ previousNode: 'Start' }] },
				},
			],
		},
	});
}

/** What n8n does with a callback. Gives the HTTP status, or the items that it goes on with. */
async function call(setup: Setup, data: IRunExecutionData, taskId: string) {
	await loaded;
	let status = 200;
	const response = { status: (code: number) => ((status = code), response), json: () => response };
	const additional = {
		...additionalData(setup),
		httpRequest: { body: { code: 200, msg: 'success', taskId }, headers: {} },
		httpResponse: response,
	} as unknown as ReturnType<typeof additionalData>;
	const aleph = {
		...alephNode(NODE, 'aleph', setup.parameters),
		credentials: CREDENTIALS,
	};
	const workflow = new Workflow({ nodes: [aleph], connections: {}, active: false, nodeTypes });
	const webhook = {} as never;
	const context = new WebhookContext(workflow, aleph, additional, 'trigger', webhook, [], data);
	const { workflowData } = await context.nodeType.webhook!.call(context);
	return { status, workflowData };
}

it('is woken by the first callback, and gives its items without paying again', async () => {
	const [first, third] = await startTasks(2);
	const setup: Setup = {
		parameters: parameters(),
		items: prompts(3),
		credential: newAccount(),
		settings: { onError: 'continueRegularOutput' },
	};
	const data = stored(first!, third!);
	expect(await call(setup, data, 'of another')).toEqual({ status: 403 });
	const { workflowData } = await call(setup, data, third!);
	expect(await call(setup, stored(first!, third!), first!)).toEqual({ status: 503 });

	const [entry] = data.executionData!.nodeExecutionStack;
	expect(entry!.node.disabled).toBe(false);
	entry!.data.main = workflowData!;
	const { items, error } = await start(setup, data).result;
	expect(error).toBeUndefined();
	expect(items).toMatchObject([
		{ json: { taskId: first, status: 'success', prompt: 'Video 0' }, pairedItem: { item: 0 } },
		{ json: { error: 'The API could not fetch the video or the reference image' } },
		{ json: { taskId: third, status: 'success' }, pairedItem: { item: 2 } },
	]);
	expect(simulator.tasks()).toHaveLength(2);
});
