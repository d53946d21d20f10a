/**
 * The other ways in which n8n runs a node: its second engine, and its own agents. Neither can wake what
 * sleeps, so that the node keeps running there, whatever its wait mode is.
 */
import { randomUUID } from 'node:crypto';
import axios from 'axios';
import Fastify from 'fastify';
import { startModelStub, type ModelStub } from '../support/modelStub';
import { ask, createAgent } from '../support/n8n/agents';
import { freePorts } from '../support/n8n/ports';
import { openServices, type Services } from '../support/n8n/services';
import { poll } from '../support/poll';
import { publish, useN8n } from '../support/realN8n';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import {
	alephNode,
	chain,
	itemsNode,
	NODE,
	ownNode,
	sleeping,
	webhookNode,
} from '../support/workflow';

let services: Services;
let model: ModelStub;
let enginePort = 0;
let controlPort = 0;

// Before n8n is started with them.
beforeAll(async () => {
	[services, model] = await Promise.all([openServices(), startModelStub()]);
	[enginePort = 0, controlPort = 0] = await freePorts(2);
});

const world = useN8n({ duration: 2 }, () => ({
	N8N_ENABLED_MODULES: 'engine-v2,agents',
	N8N_ENGINE_DATABASE_URL: databaseUrl(),
	N8N_ENGINE_PORT: String(enginePort),
	N8N_ENGINE_BASE_URL: `http://127.0.0.1:${enginePort}`,
	N8N_ENGINE_CONTROL_PLANE_PORT: String(controlPort),
	N8N_ENGINE_CONTROL_PLANE_BASE_URL: `http://127.0.0.1:${controlPort}`,
	// The agents would ask somebody outside for the prices of models: nobody answers at this port.
	NODE_USE_ENV_PROXY: '1',
	HTTPS_PROXY: 'http://127.0.0.1:9',
}));

afterAll(async () => {
	await model?.close();
	await services?.release();
});

function databaseUrl(): string {
	const { env } = services;
	const account = `${env.DB_POSTGRESDB_USER}:${env.DB_POSTGRESDB_PASSWORD}`;
	const host = `${env.DB_POSTGRESDB_HOST}:${env.DB_POSTGRESDB_PORT}`;
	return `postgresql://${account}@${host}/${env.DB_POSTGRESDB_DATABASE}`;
}

const tasksWith = (text: string) => tasksOf(world, text);

it("under n8n's second engine it gives the videos", async () => {
	const told: unknown[] = [];
	const listener = Fastify();
	listener.post('/', ({ body }) => {
		told.push(body);
		return {};
	});
	const url = await listener.listen({ port: 0, host: '127.0.0.1' });
	const jsonBody = '={{ JSON.stringify($json) }}';
	const tell = { method: 'POST', url, sendBody: true, specifyBody: 'json', jsonBody };
	const path = randomUUID();
	const workflow = chain('Engine 2', [
		webhookNode(path),
		itemsNode(prompts(2, (n) => `Second engine ${n}`)),
		alephNode(NODE, 'aleph', sleeping),
		ownNode('Tell', 'httpRequest', 4.2, tell),
	]);
	Object.assign(workflow.settings!, { engineType: 'v2' });
	await publish(world, workflow);
	await axios.post(`${world.n8n.url}/webhook/${path}`);
	await poll(() => told.length === 2);
	await listener.close();
	const tasks = tasksWith('Second engine');
	expect(tasks).toHaveLength(2);
	expect(told).toEqual(
		expect.arrayContaining(
			tasks.map(({ taskId }) => expect.objectContaining({ taskId, status: 'success' }) as object),
		),
	);
});

describe.each(['aleph', 'alephTool'])('as a tool "%s" of n8n\'s agents', (type) => {
	let agent: string;

	beforeAll(async () => {
		const { client, credential } = world;
		const apiKey = 'key';
		const ofModel = await client.createCredential('Model', 'deepSeekApi', {
			apiKey,
			url: model.url,
		});
		const tool = alephNode('video', type, {
			...sleeping,
			resource: 'video',
			operation: 'generate',
			prompt: "={{ $fromAI('prompt', 'What to change in the video', 'string') }}",
		});
		tool.credentials!.alephApi = credential;
		agent = await createAgent(client, { model: 'deepseek/chat', credential: ofModel, tool });
	});

	it('it gives the video', async () => {
		const result = await ask(world.client, agent, `Asked for ${type}`);
		const [task, ...others] = tasksWith(`Asked for ${type}`);
		expect(others).toEqual([]);
		expect(JSON.stringify(result)).toContain(`/files/result/${task!.taskId}.mp4`);
	});

	it('it tells in plain text what went wrong with which task', async () => {
		const result = await ask(world.client, agent, `Refused to ${type} [fail=moderation]`);
		const [task] = tasksWith(`Refused to ${type}`);
		expect(result).toMatch(/^Moderation refused the video/);
		expect(result).toContain(`Task ID: ${task!.taskId}`);
		expect(result).not.toMatch(/<|\n/);
	});
});
