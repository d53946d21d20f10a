/** The workflows of examples/, as a user would import them, but for the addresses they are run with. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WorkflowJson } from '../n8n/client';

const FOLDER = resolve(__dirname, '..', '..', 'examples');

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

/** The public video that the examples name in place of the user's own. */
export const SAMPLE_URL = 'https://example.com/video.mp4';
