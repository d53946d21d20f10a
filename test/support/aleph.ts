/** Set-up shared by the tests of the node: a simulator, an account on it, and the node's fields. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { startSimulator, type Settings, type Simulator } from '../simulator';
import type { Setup } from './engine';

export let simulator: Simulator;

/** Starts a simulator for each test of a file. Tasks end within a second unless a test says otherwise. */
export function useSimulator(settings: Partial<Settings> = {}): void {
	beforeEach(async () => {
		simulator = await startSimulator({ duration: 1, ...settings });
	});
	afterEach(async () => await simulator.close());
}

let accounts = 0;

/** An account of its own for each use, since pacing is shared by account. */
export function newAccount(fields: IDataObject = {}): Setup['credential'] {
	accounts++;
	return {
		provider: 'custom',
		api: 'jobs',
		apiKey: `key-${accounts}-of-a-test`,
		baseUrl: simulator.url,
		uploadUrl: simulator.url,
		webhookHmacKey: '',
		...fields,
	};
}

export function generate(parameters: INodeParameters = {}): INodeParameters {
	return {
		resource: 'video',
		operation: 'generate',
		prompt: 'Make it snow',
		videoUrl: `${simulator.url}/files/sample.mp4`,
		...parameters,
	};
}

export function get(taskId: string, parameters: INodeParameters = {}): INodeParameters {
	return { resource: 'video', operation: 'get', taskId, ...parameters };
}

export const promptOfItem = '={{ $json.prompt }}';
