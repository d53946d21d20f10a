/** Those who offer the Jobs API and the Aleph API. */
import { aleph } from './aleph';
import type { Provider } from './dialect';
import { jobs } from './jobs';

const DAY_MS = 24 * 60 * 60_000;

export const kie: Provider = {
	value: 'kie',
	label: 'kie.ai',
	description:
		'Gen-4 Aleph, the first 5 seconds of a clip. Runway is reported to have switched it off: check that kie.ai still offers it.',
	baseUrl: 'https://api.kie.ai',
	uploadUrl: 'https://kieai.redpandaai.co',
	dialects: [jobs, aleph],
	keyPage: 'https://kie.ai/api-key',
	taskPage: 'https://kie.ai/logs',
	resultLifetime: DAY_MS,
	uploadLifetime: DAY_MS,
};

export const apikley: Provider = {
	value: 'apikley',
	label: 'Apikley',
	description:
		'Gen-4 Aleph, the first 5 seconds of a clip. Runway is reported to have switched it off: check that Apikley still offers it.',
	baseUrl: 'https://api.apikley.ru',
	uploadUrl: 'https://api.apikley.ru/file-upload',
	dialects: [aleph],
	keyPage: 'https://apikley.ru',
	resultLifetime: 14 * DAY_MS,
	uploadLifetime: 3 * DAY_MS,
};
