/** Where in a workflow people put the node, in both wait modes. */
import type { IConnection, INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from '../support/n8n/client';
import type { Execution } from '../support/n8n/execution';
import { itemsOf, useN8n } from '../support/realN8n';
import { tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	NODE,
	ownNode,
	polling,
	sleeping,
	workflow,
} from '../support/workflow';

const world = useN8n({ duration: 2 });

const START = ownNode('Start', 'manualTrigger', 1);
const END = ownNode('End', 'noOp', 1);

const jsonOf = (execution: Execution, node: string) => itemsOf(execution, 0, node);

const tasksWith = (text: string) => tasksOf(world, text);

const promptsWith = (text: string) => tasksWith(text).map(({ request }) => request.prompt);

async function run(built: WorkflowJson): Promise<Execution> {
	const id = await world.client.importWorkflow(built, [world.credential]);
	const execution = await world.client.waitForExecution(await world.client.runManually(id));
	expect(execution.error).toBeUndefined();
	return execution;
}

const setNode = (name: string, jsonOutput: string) =>
	ownNode(name, 'set', 3.4, { mode: 'raw', jsonOutput });

describe.each([
	['Poll', 'poll'],
	['Sleep', 'sleep'],
])('with the wait mode "%s"', (mode, waitMode) => {
	/** Prompts that no other test has. */
	const prompts = (...names: string[]) => names.map((name) => `${mode}: ${name}`);
	const itemsWith = (...names: string[]) =>
		itemsNode(prompts(...names).map((prompt) => ({ prompt })));

	const aleph = (name = NODE, parameters: INodeParameters = {}) =>
		alephNode(name, 'aleph', {
			...polling,
			waitMode,
			...parameters,
		});

	/** Sleeping, the provider has called for each of them; polling, it was not asked to. */
	const expectWaitedFor = (text: string) => {
		const callbacks = tasksWith(`${mode}: ${text}`).map(({ callback }) => callback);
		expect(new Set(callbacks)).toEqual(new Set([mode === 'Sleep' ? 'delivered' : 'none']));
	};

	/** Start, items, the node with some settings, the end. */
	async function runWith(items: INode, settings: Partial<INode>): Promise<Execution> {
		return await run(chain('Settings', [START, items, { ...aleph(), ...settings }, END]));
	}

	it('Loop Over Items gets all videos, batch by batch', async () => {
		const names = ['looped 1', 'looped 2', 'looped 3'];
		const loop = ownNode('Loop Over Items', 'splitInBatches', 3, { batchSize: 2 });
		const execution = await run(
			workflow('Loop', [START, itemsWith(...names), loop, aleph(), END], {
				Start: ['Items'],
				Items: ['Loop Over Items'],
				'Loop Over Items': ['End', 'Runway Aleph'],
				'Runway Aleph': ['Loop Over Items'],
			}),
		);
		expect(jsonOf(execution, 'End')).toMatchObject(
			prompts(...names).map((prompt) => ({ prompt, status: 'success' })),
		);
		expect(execution.runData['Runway Aleph']).toHaveLength(2);
		expect(promptsWith(`${mode}: looped`)).toEqual(prompts(...names));
		expectWaitedFor('looped');
	});

	it('two nodes in a row edit the same video twice', async () => {
		const second = aleph('Second', {
			prompt: '={{ $json.prompt }}, again',
			videoUrl: '={{ $json.videoUrl }}',
		});
		const execution = await run(
			chain('Row', [START, itemsWith('rowed 1', 'rowed 2'), aleph('First'), second, END]),
		);
		const firsts = jsonOf(execution, 'First');
		expect(jsonOf(execution, 'End')).toMatchObject(
			prompts('rowed 1, again', 'rowed 2, again').map((prompt, n) => ({
				prompt,
				status: 'success',
				sourceVideoUrl: firsts[n]?.videoUrl,
			})),
		);
		expect(tasksWith(`${mode}: rowed`)).toHaveLength(4);
		expectWaitedFor('rowed');
	});

	it('two branches meet in a Merge', async () => {
		const branch = (name: string) => aleph(name, { prompt: `={{ $json.prompt }}, ${name}` });
		const merge = ownNode('Merge', 'merge', 3.2, {
			mode: 'combine',
			combineBy: 'combineByPosition',
			options: { clashHandling: { values: { resolveClash: 'addSuffix' } } },
		});
		const into = (node: string, index = 0): IConnection => ({ node, type: 'main', index });
		const built = workflow(
			'Branches',
			[START, itemsWith('branched 1', 'branched 2'), branch('left'), branch('right'), merge, END],
			{ Start: ['Items'], Merge: ['End'] },
		);
		Object.assign(built.connections, {
			Items: { main: [[into('left'), into('right')]] },
			left: { main: [[into('Merge')]] },
			right: { main: [[into('Merge', 1)]] },
		});
		const execution = await run(built);
		expect(jsonOf(execution, 'End')).toMatchObject(
			prompts('branched 1', 'branched 2').map((prompt) => ({
				prompt_1: `${prompt}, left`,
				status_1: 'success',
				prompt_2: `${prompt}, right`,
				status_2: 'success',
			})),
		);
		expect(tasksWith(`${mode}: branched`)).toHaveLength(4);
		expectWaitedFor('branched');
	});

	it('a sub-workflow gives its videos to the workflow that has called it', async () => {
		const trigger = ownNode('Called', 'executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		const sub = chain('Sub', [trigger, aleph()]);
		const subId = await world.client.importWorkflow(sub, [world.credential]);
		await world.client.activate(subId);
		const call = ownNode('Call', 'executeWorkflow', 1.2, {
			workflowId: { __rl: true, mode: 'id', value: subId },
		});
		const execution = await run(
			chain('Parent', [START, itemsWith('called 1', 'called 2'), call, END]),
		);
		expect(jsonOf(execution, 'End')).toMatchObject(
			prompts('called 1', 'called 2').map((prompt) => ({ prompt, status: 'success' })),
		);
		expect(tasksWith(`${mode}: called`)).toHaveLength(2);
		expectWaitedFor('called');
	});

	it('Execute Once takes the first item only', async () => {
		const items = itemsWith('once 1', 'once 2', 'once 3');
		const execution = await runWith(items, { executeOnce: true });
		const [prompt] = prompts('once 1');
		expect(jsonOf(execution, 'End')).toMatchObject([{ prompt, status: 'success' }]);
		expect(promptsWith(`${mode}: once`)).toEqual([prompt]);
		expectWaitedFor('once');
	});

	it('Always Output Data adds nothing to the videos', async () => {
		const items = itemsWith('always 1', 'always 2');
		const execution = await runWith(items, { alwaysOutputData: true });
		expect(jsonOf(execution, 'End')).toMatchObject(
			prompts('always 1', 'always 2').map((prompt) => ({ prompt, status: 'success' })),
		);
		expect(execution.runData.End).toHaveLength(1);
		expectWaitedFor('always');
	});

	it('expressions reach the items of earlier nodes, before it and after it', async () => {
		const names = ['referred 1', 'referred 2', 'referred 3'];
		const items = itemsNode(prompts(...names).map((prompt) => ({ prompt, title: `T ${prompt}` })));
		const nodes = [
			START,
			items,
			setNode('Bare', '{}'),
			aleph('Runway Aleph', { prompt: "={{ $('Items').item.json.prompt }}" }),
			setNode('Titled', "={{ { title: $('Items').item.json.title, video: $json.videoUrl } }}"),
		];
		const execution = await run(chain('Expressions', nodes));
		expect(jsonOf(execution, 'Titled')).toEqual(
			tasksWith(`${mode}: referred`).map(({ taskId, request }) => ({
				title: `T ${request.prompt}`,
				video: expect.stringContaining(taskId) as string,
			})),
		);
		expect(promptsWith(`${mode}: referred`)).toEqual(prompts(...names));
		expectWaitedFor('referred');
	});
});

describe('a callback URL that was set before "Sleep" was chosen', () => {
	it.each([
		['is not used by an execution that sleeps', true],
		['is used by one that waits for nothing', false],
	])('%s', async (name, waitForCompletion) => {
		const callBackUrl = `${world.simulator.url}/callback`;
		const node = alephNode('Runway Aleph', 'aleph', {
			...sleeping,
			prompt: name,
			waitForCompletion,
			options: { callBackUrl },
		});
		await run(chain('Callback URL', [START, node]));
		const [used] = tasksWith(name).map(({ request }) => request.callBackUrl);
		if (waitForCompletion) expect(used).toContain('/webhook-waiting/');
		else expect(used).toBe(callBackUrl);
	});
});
