/** Sleep under a caller who waits for the answer: the execution stays running, and says so. */
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import type { IDataObject, INode } from 'n8n-workflow';
import type { Execution } from '../support/n8n/execution';
import { executionsOf, itemsOf, publish, statusesOf, useN8n } from '../support/realN8n';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	node,
	NODE,
	ownNode,
	sleeping,
	sourceOf,
	webhookNode,
} from '../support/workflow';

const world = useN8n({ duration: 2 });

const ALEPH = alephNode(NODE, 'aleph', sleeping);

const tasksWith = (text: string) => tasksOf(world, text);

/** What n8n shows beside the output of the node. */
const hintsOf = ({ runData }: Execution) => runData[NODE]?.flatMap(({ hints = [] }) => hints) ?? [];

const callbacksOf = (text: string) => tasksWith(text).map(({ callback }) => callback);

const THREE_VIDEOS = Array(3).fill('success');

function respond(respondWith: string): INode {
	return ownNode('Respond', 'respondToWebhook', 1.4, { respondWith });
}

const afterItems = (name: string, ...nodes: INode[]) => [
	itemsNode(prompts(3, (n) => `${name} ${n}`)),
	...nodes,
];

describe('the caller of a webhook', () => {
	const lastNode = (path: string) => {
		const { parameters, ...webhook } = webhookNode(path, 'lastNode');
		return { ...webhook, parameters: { ...parameters, responseData: 'allEntries' } };
	};

	it.each([
		[
			'that responds when the last node finishes',
			(path: string) => [lastNode(path), ...afterItems('At the end', ALEPH)],
			'At the end',
		],
		[
			'that is responded to by a node behind',
			(path: string) => [
				webhookNode(path, 'responseNode'),
				...afterItems('Behind', ALEPH, respond('allIncomingItems')),
			],
			'Behind',
		],
	])('%s gets the videos', async (_, nodes, name) => {
		const path = randomUUID();
		const id = await publish(world, chain(name, nodes(path)));
		const { data } = await axios.post<IDataObject[]>(`${world.n8n.url}/webhook/${path}`);
		expect(data.map(({ status }) => status)).toEqual(THREE_VIDEOS);
		expect(data.map(({ taskId }) => taskId)).toEqual(tasksWith(name).map(({ taskId }) => taskId));
		const [execution] = await executionsOf(world, id);
		expect(hintsOf(execution!)).toMatchObject([
			{ message: expect.stringMatching(/kept running: the caller .* waits/) as string },
		]);
	});

	it('who has got the answer by then waits for nothing: the execution sleeps', async () => {
		const path = randomUUID();
		const webhook = webhookNode(path, 'responseNode');
		const nodes = [webhook, respond('noData'), ...afterItems('Answered', ALEPH)];
		const id = await publish(world, chain('Answered', nodes));
		await axios.post(`${world.n8n.url}/webhook/${path}`);
		const [execution] = await executionsOf(world, id);
		expect(statusesOf(execution!)).toEqual(THREE_VIDEOS);
		expect(callbacksOf('Answered')).toEqual(Array(3).fill('delivered'));
		expect(hintsOf(execution!)).toEqual([]);
	});
});

describe('somebody who chats', () => {
	it('gets the video', async () => {
		const webhookId = randomUUID();
		const trigger = {
			...node('Chat', '@n8n/n8n-nodes-langchain.chatTrigger', 1.1, { public: true }),
			webhookId,
		};
		const video = alephNode(NODE, 'aleph', { ...sleeping, prompt: '={{ $json.chatInput }}' });
		await publish(world, chain('Chat', [trigger, video]));
		const message = { action: 'sendMessage', sessionId: 'chat', chatInput: 'Asked in a chat' };
		const { data } = await axios.post<IDataObject>(
			`${world.n8n.url}/webhook/${webhookId}/chat`,
			message,
		);
		const [task, ...others] = tasksWith('Asked in a chat');
		expect(others).toEqual([]);
		expect(data).toMatchObject({ status: 'success', taskId: task?.taskId });
	});
});

describe('a workflow that calls this one', () => {
	let subId: string;

	beforeAll(async () => {
		const called = ownNode('Called', 'executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		subId = await publish(world, chain('Sub', [called, ALEPH]));
	});

	async function call(name: string, mode: 'once' | 'each'): Promise<Execution> {
		const parameters = { workflowId: { __rl: true, mode: 'id', value: subId }, mode };
		const nodes = [
			...sourceOf(prompts(3, (n) => `${name} ${n}`)),
			ownNode('Call', 'executeWorkflow', 1.2, parameters),
			ownNode('End', 'noOp', 1),
		];
		const id = await world.client.importWorkflow(chain(name, nodes));
		return await world.client.waitForExecution(await world.client.runManually(id));
	}

	it('once for each item gets all videos', async () => {
		const execution = await call('Each', 'each');
		expect(execution.error).toBeUndefined();
		expect(itemsOf(execution, 0, 'End').map(({ status }) => status)).toEqual(THREE_VIDEOS);
		expect(tasksWith('Each')).toHaveLength(3);
		for (const called of await executionsOf(world, subId, 3)) {
			expect(hintsOf(called)).toMatchObject([
				{ message: expect.stringMatching(/kept running: the workflow .* waits/) as string },
			]);
		}
	});

	it('once for all items sleeps along with it', async () => {
		const execution = await call('Once', 'once');
		expect(itemsOf(execution, 0, 'End').map(({ status }) => status)).toEqual(THREE_VIDEOS);
		expect(callbacksOf('Once')).toEqual(Array(3).fill('delivered'));
	});
});
