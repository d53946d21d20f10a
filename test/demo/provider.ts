/** Where the demo generates: on the simulator, or with ALEPH_API_KEY on the real API of one provider. */
import { PROVIDERS } from '../../nodes/Aleph/api/dialects';
import { startSimulator, type Simulator } from '../simulator';
import type { Credential, N8nClient } from '../support/n8n/client';
import { SAMPLE_URL } from './examples';

export interface Provider {
	/** The fields of the credentials, by the name that each gets in n8n. */
	accounts: Record<string, Record<string, string>>;
	/** The video to edit. */
	sampleUrl: string;
	/** None with the real API. */
	simulator?: Simulator;
}

/** Says which one it is, and what that costs. */
export async function chooseProvider(env = process.env): Promise<Provider> {
	const { ALEPH_API_KEY: apiKey } = env;
	if (apiKey) return realApi(apiKey, env);
	console.log('Generating on a simulator of the providers, which costs nothing.\n');
	const simulator = await startSimulator({
		duration: { min: 4, max: 8 },
		// Those that come while n8n restarts must not be the last.
		callbackRetries: 120,
	});
	const { url } = simulator;
	return { accounts: simulated(url), sampleUrl: `${url}/files/sample.mp4`, simulator };
}

/** An account of each provider, with the API that it recommends. */
function simulated(url: string): Provider['accounts'] {
	const accounts = PROVIDERS.map(({ label, dialects: [dialect] }) => [
		label,
		{ provider: 'custom', apiKey: 'demo', api: dialect!.value, baseUrl: url, uploadUrl: url },
	]);
	return Object.fromEntries(accounts) as Provider['accounts'];
}

function realApi(apiKey: string, env: NodeJS.ProcessEnv): Provider {
	const provider = PROVIDERS.find(({ value }) => value === (env.ALEPH_PROVIDER || 'runway'));
	if (!provider) {
		const values = PROVIDERS.map(({ value }) => value);
		throw new Error(`ALEPH_PROVIDER must be one of ${values.join(', ')}.`);
	}
	const { label, value } = provider;
	console.log(
		`Generating three videos with the real API of ${label}, which spends credits of your account.\n`,
	);
	return {
		accounts: { [label]: { provider: value, apiKey } },
		sampleUrl: env.ALEPH_VIDEO_URL || SAMPLE_URL,
	};
}

export async function createCredentials(
	client: N8nClient,
	{ accounts }: Provider,
): Promise<Credential[]> {
	const created = Object.entries(accounts).map(
		async ([name, fields]) => await client.createCredential(name, 'alephApi', fields),
	);
	return await Promise.all(created);
}
