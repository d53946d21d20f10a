/** The workflows of examples/, and their import into an n8n of this machine, where they run as they are. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Credential, N8nClient, WorkflowJson } from '../support/n8n/client';

const FOLDER = resolve(__dirname, '..', '..', 'examples');

/** The public video that the examples edit until the user puts in another: 5 seconds, 1.1 MB. */
export const SAMPLE_URL = 'https://mdn.github.io/shared-assets/videos/flower.mp4';

/** What stands in the examples for the address of the user's n8n. */
const N8N_URL = 'https://n8n.example.com';

/** Examples that start by themselves once they are published. */
const TO_PUBLISH = ['trigger-pair-receive'];

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

export interface Surroundings {
	client: N8nClient;
	/** Of n8n. */
	url: string;
	/** A video that the API can fetch. */
	sampleUrl: string;
	credentials: Credential[];
}

/** Imports all examples. Resolves with n8n's ids of them, by file name. */
export async function importExamples(surroundings: Surroundings): Promise<Map<string, string>> {
	const { client, url, sampleUrl, credentials } = surroundings;
	const workflows = new Map<string, string>();
	for (const name of exampleNames()) {
		const workflow = example(name, { [SAMPLE_URL]: sampleUrl, [N8N_URL]: url });
		const id = await client.importWorkflow(workflow, credentials);
		if (TO_PUBLISH.includes(name)) await client.activate(id);
		workflows.set(name, id);
	}
	return workflows;
}
