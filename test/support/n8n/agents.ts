/** n8n's own agents, a module of it, which run a node as a tool without any workflow. */
import type { INode } from 'n8n-workflow';
import type { Credential, N8nClient } from './client';
import { asRecord } from './execution';

interface AgentSetup {
	/** A model, with the credential for it. */
	model: string;
	credential: Credential;
	tool: INode;
}

/** Gives where the agent is found. */
export async function createAgent(
	client: N8nClient,
	{ model, credential, tool }: AgentSetup,
): Promise<string> {
	const { id: projectId } = asRecord(await client.get('/projects/personal'));
	const agents = `/projects/${String(projectId)}/agents/v2`;
	const { id } = asRecord(await client.post(agents, { name: 'Agent' }));
	const agent = `${agents}/${String(id)}`;
	const { config, configHash } = asRecord(await client.get(`${agent}/config`));
	const { name, type: nodeType, typeVersion: nodeTypeVersion, parameters, credentials } = tool;
	const node = { nodeType, nodeTypeVersion, nodeParameters: parameters, credentials };
	await client.put(`${agent}/config`, {
		config: {
			...asRecord(config),
			model,
			credential: credential.id,
			instructions: 'Use the tool.',
			tools: [{ type: 'node', name, node }],
		},
		baseConfigHash: configHash,
	});
	return agent;
}

/** What the tool gave that the agent has called for this message. */
export async function ask(client: N8nClient, agent: string, message: string): Promise<unknown> {
	const events = String(await client.post(`${agent}/chat`, { message }, { responseType: 'text' }));
	const results = events
		.split('\n')
		.filter((line) => line.startsWith('data: '))
		.map((line) => asRecord(JSON.parse(line.slice('data: '.length))))
		.filter(({ type }) => type === 'tool-result');
	if (results.length !== 1) throw new Error(`The agent has not called the tool: ${events}`);
	return results[0]!.output;
}
