import type { IConnections, INode, INodeParameters } from 'n8n-workflow';
import type { WorkflowJson } from '../support/n8n/client';
import { outputOf, type Execution } from '../support/n8n/execution';
import { startModelStub, type ModelStub } from '../support/modelStub';
import { useN8n } from '../support/realN8n';

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

/** Manual Trigger -> AI Agent, with a chat model and Runway Aleph as its only tool. */
function agentWorkflow(parameters: INodeParameters): WorkflowJson {
	return {
		name: 'Agent',
		nodes: [
			node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
			node('Agent', '@n8n/n8n-nodes-langchain.agent', 3.1, {
				parameters: { promptType: 'define', text: WISH },
			}),
			node('Model', '@n8n/n8n-nodes-langchain.lmChatOpenAi', 1.3, {
				parameters: {
					model: { __rl: true, mode: 'id', value: 'stub' },
					responsesApiEnabled: false,
				},
				credentials: { openAiApi: { id: '', name: '' } },
			}),
			node('Runway Aleph', 'n8n-nodes-runway-aleph.alephTool', 1, {
				parameters: {
					descriptionType: 'auto',
					prompt: "={{ $fromAI('prompt', 'What to change in the video', 'string') }}",
					videoUrl: 'https://example.com/video.mp4',
					...parameters,
				},
				credentials: { alephApi: { id: '', name: '' } },
			}),
		],
		connections: {
			Start: into('Agent', 'main'),
			Model: into('Agent', 'ai_languageModel'),
			'Runway Aleph': into('Agent', 'ai_tool'),
		},
		settings: { executionOrder: 'v1' },
	};
}

function node(name: string, type: string, typeVersion: number, fields: Partial<INode>): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters: {}, ...fields };
}

function into(node: string, type: 'main' | 'ai_tool' | 'ai_languageModel'): IConnections[string] {
	return { [type]: [[{ node, type, index: 0 }]] };
}

async function runAgent(parameters: INodeParameters): Promise<Execution> {
	const openAi = await world.client.createCredential('Model', 'openAiApi', {
		apiKey: 'key',
		url: model.url,
	});
	const workflow = agentWorkflow(parameters);
	const id = await world.client.importWorkflow(workflow, [world.credential, openAi]);
	const executionId = await world.client.runManually(id);
	return await world.client.waitForExecution(executionId, { timeout: 120_000 });
}

const answerOf = (execution: Execution) => outputOf(execution, 'Agent')[0]?.json.output;

const newTasks = (known: number) => world.simulator.tasks().slice(known);

describe.each(['poll', 'callback'])('an agent whose tool has the wait mode "%s"', (waitMode) => {
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
