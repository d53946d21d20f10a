/** The workflows of examples/, and their import into an n8n of this machine, where they run as they are. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { INode } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import type { Credential, N8nClient, WorkflowJson } from '../support/n8n/client';

const FOLDER = resolve(__dirname, '..', '..', 'examples');

/** The public video that the examples edit until the user puts in another: 5 seconds, 1.1 MB. */
export const SAMPLE_URL = 'https://mdn.github.io/shared-assets/videos/flower.mp4';

/** What stands in one example for the address of another, which has the trigger. */
const PRODUCTION_URL = 'PASTE THE PRODUCTION URL HERE';
const RECEIVER = 'trigger-pair-receive';

export function exampleNames(): string[] {
	return readdirSync(FOLDER)
		.filter((file) => file.endsWith('.json'))
		.map((file) => file.replace('.json', ''));
}

/**
 * @param name file name in examples/, without its ending
 * @param replacements texts to put in place of others, such as the sample URL
 */
export function example(name: string, replacements: Record<string, string> = {}): WorkflowJson {
	let text = readFileSync(resolve(FOLDER, `${name}.json`), 'utf8');
	for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
	return JSON.parse(text) as WorkflowJson;
}

interface Surroundings {
	client: N8nClient;
	/** Of n8n. */
	url: string;
	/** A video that the API can fetch. */
	sampleUrl: string;
	credentials: Credential[];
	/** Its callbacks reach this machine. */
	simulator?: Simulator;
	/** What to put in place of other texts. */
	filledIn?: Record<string, string>;
}

/** Imports all examples. Resolves with n8n's ids of them, by file name. */
export async function importExamples(surroundings: Surroundings): Promise<Map<string, string>> {
	const { client, url, sampleUrl, credentials, simulator, filledIn } = surroundings;
	const webhookIds = new Map(exampleNames().map((name) => [name, randomUUID()]));
	const replacements = {
		...filledIn,
		[SAMPLE_URL]: sampleUrl,
		[PRODUCTION_URL]: `${url}/webhook/${webhookIds.get(RECEIVER)}/aleph`,
	};
	const workflows = new Map<string, string>();
	for (const [name, webhookId] of webhookIds) {
		const workflow = withWebhookId(example(name, replacements), webhookId);
		workflows.set(name, await client.importWorkflow(workflow, credentials));
	}
	if (simulator) await client.activate(workflows.get(RECEIVER)!);
	return workflows;
}

/** As the editor does when it imports: triggers get an address of their own. */
function withWebhookId(workflow: WorkflowJson, webhookId: string): WorkflowJson {
	const isTrigger = ({ type }: INode) => type.endsWith('Trigger');
	const nodes = workflow.nodes.map((node) => (isTrigger(node) ? { ...node, webhookId } : node));
	return { ...workflow, nodes };
}
