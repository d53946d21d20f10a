/** Where the demo generates: on the simulator, or with ALEPH_API_KEY on the real API. */
import { PROVIDERS } from '../../nodes/Aleph/api/dialects';
import { startSimulator, type Simulator } from '../simulator';
import { SAMPLE_URL } from './examples';

export interface Provider {
	/** The fields of the credential. */
	credential: Record<string, string>;
	/** The video to edit. */
	sampleUrl: string;
	/** None with the real API. */
	simulator?: Simulator;
}

/** Says which one it is, and what that costs. */
export async function chooseProvider(env = process.env): Promise<Provider> {
	const { ALEPH_API_KEY: apiKey } = env;
	if (apiKey) return realApi(apiKey, env);
	console.log('Generating on a simulator of the API, which costs nothing.\n');
	const simulator = await startSimulator({
		duration: { min: 4, max: 8 },
		// Those that come while n8n restarts must not be the last.
		callbackRetries: 120,
	});
	const { url } = simulator;
	return {
		credential: { provider: 'custom', apiKey: 'demo', api: 'jobs', baseUrl: url, uploadUrl: url },
		sampleUrl: `${url}/files/sample.mp4`,
		simulator,
	};
}

function realApi(apiKey: string, env: NodeJS.ProcessEnv): Provider {
	const provider = PROVIDERS.find(({ value }) => value === (env.ALEPH_PROVIDER || 'runway'));
	if (!provider) {
		const values = PROVIDERS.map(({ value }) => value);
		throw new Error(`ALEPH_PROVIDER must be one of ${values.join(', ')}.`);
	}
	console.log(
		`Generating three videos with the real API of ${provider.name} (ALEPH_PROVIDER).\n` +
			'This spends credits of your account.\n',
	);
	return {
		credential: { provider: provider.value, apiKey },
		sampleUrl: env.ALEPH_VIDEO_URL || SAMPLE_URL,
	};
}
