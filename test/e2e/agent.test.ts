import type { IConnections, INode, INodeParameters } from 'n8n-workflow';
import { startModelStub, type ModelStub } from '../support/modelStub';
import type { WorkflowJson } from '../support/n8n/client';
import { outputOf, type Execution } from '../support/n8n/execution';
import { publish, useN8n } from '../support/realN8n';
import { alephNode, chain, node, NODE, ownNode, polling, sleeping } from '../support/workflow';

const world = useN8n({ duration: 3 });
let model: ModelStub;

beforeAll(async () => {
	model = await startModelStub();
});
beforeEach(() => {
	model.requests.splice(0);
	model.calls = 1;
});
afterAll(async () => await model?.close());

const WISH = 'Make it snow';

const videoTool = (parameters: INodeParameters) =>
	alephNode(NODE, 'alephTool', {
		...polling,
		descriptionType: 'auto',
		prompt: "={{ $fromAI('prompt', 'What to change in the video', 'string') }}",
		...parameters,
	});

/** Manual Trigger -> AI Agent, with a chat model and one tool. */
function agentWorkflow(tool: INode): WorkflowJson {
	const model = {
		model: { __rl: true, mode: 'id', value: 'stub' },
		responsesApiEnabled: false,
	};
	const built = chain('Agent', [
		ownNode('Start', 'manualTrigger', 1),
		node('Agent', '@n8n/n8n-nodes-langchain.agent', 3.1, { promptType: 'define', text: WISH }),
	]);
	built.nodes.push(
		{
			...node('Model', '@n8n/n8n-nodes-langchain.lmChatOpenAi', 1.3, model),
			credentials: { openAiApi: { id: '', name: '' } },
		},
		tool,
	);
	built.connections.Model = intoAgent('ai_languageModel');
	built.connections[tool.name] = intoAgent('ai_tool');
	return built;
}

function intoAgent(type: 'ai_tool' | 'ai_languageModel'): IConnections[string] {
	return { [type]: [[{ node: 'Agent', type, index: 0 }]] };
}

async function runAgent(parameters: INodeParameters): Promise<Execution> {
	return await runAgentWith(videoTool(parameters));
}

async function runAgentWith(tool: INode): Promise<Execution> {
	const openAi = await world.client.createCredential('Model', 'openAiApi', {
		apiKey: 'key',
		url: model.url,
	});
	const workflow = agentWorkflow(tool);
	const id = await world.client.importWorkflow(workflow, [world.credential, openAi]);
	const executionId = await world.client.runManually(id);
	return await world.client.waitForExecution(executionId);
}

const answerOf = (execution: Execution) => outputOf(execution, 'Agent')[0]?.json.output;

const newTasks = (known: number) => world.simulator.tasks().slice(known);

describe.each(['poll', 'sleep'])('an agent whose tool has the wait mode "%s"', (waitMode) => {
	it('gets the video’s URL from the tool, which has waited by polling', async () => {
		const known = world.simulator.tasks().length;
		const execution = await runAgent({ waitMode });
		expect(execution.error).toBeUndefined();
		const tasks = newTasks(known);
		expect(tasks.map(({ request }) => request)).toEqual([
			{ prompt: WISH, videoUrl: 'https://example.com/video.mp4' },
		]);
		const { taskId } = tasks[0]!;
		expect(answerOf(execution)).toContain(`${world.simulator.url}/files/result/${taskId}.mp4`);
	});

	it('is told what happened when the task fails', async () => {
		const execution = await runAgent({
			waitMode,
			prompt: "={{ $fromAI('prompt') }} [fail=moderation]",
		});
		expect(execution.status).toBe('success');
		expect(answerOf(execution)).toContain('Moderation refused the video');
	});
});

describe('the tool', () => {
	it('that is called again after a failure starts another task', async () => {
		model.calls = 2;
		const known = world.simulator.tasks().length;
		const execution = await runAgent({ prompt: "={{ $fromAI('prompt') }} [fail=internal]" });
		expect(execution.status).toBe('success');
		expect(newTasks(known)).toHaveLength(2);
	});

	it('is offered with its own words, and with the parameters that are left to the model', async () => {
		await runAgent({});
		expect(model.requests[0]?.tools).toMatchObject([
			{
				function: {
					name: 'Runway_Aleph',
					description: expect.stringMatching(/video/i) as string,
					parameters: {
						properties: { prompt: { type: 'string', description: 'What to change in the video' } },
					},
				},
			},
		]);
	});
});

describe('a workflow as a tool, in which the node would sleep', () => {
	it('gives the agent the video', async () => {
		const called = ownNode('Called', 'executeWorkflowTrigger', 1.1, {
			inputSource: 'passthrough',
		});
		const video = alephNode(NODE, 'aleph', { ...sleeping, prompt: '={{ $json.query }}' });
		const value = await publish(world, chain('Tool', [called, video]));
		const known = world.simulator.tasks().length;
		const execution = await runAgentWith(
			node('Video', '@n8n/n8n-nodes-langchain.toolWorkflow', 2.2, {
				description: 'Edits a video',
				workflowId: { __rl: true, mode: 'id', value },
			}),
		);
		const [task, ...others] = newTasks(known);
		expect(others).toEqual([]);
		expect(answerOf(execution)).toContain(`/files/result/${task?.taskId}.mp4`);
	});
});
