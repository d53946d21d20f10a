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
	const addresses = { baseUrl: url, uploadUrl: url };
	return {
		credential: { provider: 'custom', api: 'jobs', apiKey: 'demo', ...addresses },
		sampleUrl: `${url}/files/sample.mp4`,
		simulator,
	};
}

function realApi(apiKey: string, env: NodeJS.ProcessEnv): Provider {
	const wanted = env.ALEPH_PROVIDER || 'kie';
	const provider = PROVIDERS.find(({ value }) => value === wanted);
	if (!provider) {
		const names = PROVIDERS.map(({ value }) => value).join(', ');
		throw new Error(`ALEPH_PROVIDER must be one of ${names}.`);
	}
	console.log(
		`Generating three videos at ${provider.name} (ALEPH_PROVIDER=${provider.value}).\n` +
			'This spends credits of your account.\n',
	);
	return {
		credential: { provider: provider.value, apiKey },
		sampleUrl: env.ALEPH_VIDEO_URL || SAMPLE_URL,
	};
}
