/** Where the demo generates: on the simulator, or with ALEPH_API_KEY on the real API. */
import { startSimulator, type Simulator } from '../simulator';
import { SAMPLE_URL } from './examples';

export interface Provider {
	/** The fields of the credential. */
	credential: Record<'apiKey' | 'api' | 'baseUrl' | 'uploadUrl', string>;
	/** The video to edit. */
	sampleUrl: string;
	/** None with the real API. */
	simulator?: Simulator;
}

/** The providers that are known, and their upload. */
const UPLOAD_URLS: Record<string, string> = {
	'https://api.kie.ai': 'https://kieai.redpandaai.co',
	'https://api.apikley.ru': 'https://api.apikley.ru/file-upload',
};

/** Says which one it is, and what that costs. */
export async function chooseProvider(env = process.env): Promise<Provider> {
	const api = env.ALEPH_API || 'aleph';
	if (api !== 'aleph' && api !== 'jobs') throw new Error('ALEPH_API must be aleph or jobs.');
	const { ALEPH_API_KEY: apiKey } = env;
	if (apiKey) return realApi(apiKey, api, env);
	console.log('Generating on a simulator of the API, which costs nothing.\n');
	const simulator = await startSimulator({
		duration: { min: 4, max: 8 },
		// Those that come while n8n restarts must not be the last.
		callbackRetries: 120,
	});
	const { url } = simulator;
	return {
		credential: { apiKey: 'demo', api, baseUrl: url, uploadUrl: url },
		sampleUrl: `${url}/files/sample.mp4`,
		simulator,
	};
}

function realApi(apiKey: string, api: string, env: NodeJS.ProcessEnv): Provider {
	const baseUrl = (env.ALEPH_BASE_URL || 'https://api.kie.ai').replace(/\/+$/, '');
	console.log(
		`Generating three videos with the real API (ALEPH_API=${api}) at ${baseUrl}.\n` +
			'This spends credits of your account.\n',
	);
	return {
		credential: { apiKey, api, baseUrl, uploadUrl: UPLOAD_URLS[baseUrl] ?? '' },
		sampleUrl: env.ALEPH_VIDEO_URL || SAMPLE_URL,
	};
}
