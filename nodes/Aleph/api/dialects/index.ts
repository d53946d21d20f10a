/**
 * Who offers Aleph, by which APIs. The credential, the client and the callbacks iterate these lists: a
 * new provider is an entry here; a new API is a file beside this one, and a line here.
 */
import { aleph } from './aleph';
import type { Dialect, Provider } from './dialect';
import { jobs } from './jobs';
import { runway, URL_LIFETIME_MS } from './runway';

const DAY_MS = 24 * 60 * 60_000;

export const PROVIDERS: readonly Provider[] = [
	{
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
	},
	{
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
	},
	{
		value: 'runway',
		label: 'Runway',
		description: 'Aleph 2: clips of 2 to 30 seconds, up to 1080p, and it can cancel tasks',
		baseUrl: 'https://api.dev.runwayml.com',
		uploadUrl: '',
		dialects: [runway],
		keyPage: 'https://dev.runwayml.com',
		keys: { pattern: /key_[\da-f]{128}/i, hint: 'they begin with "key_"' },
		taskPage: 'https://dev.runwayml.com (Request History)',
		resultLifetime: URL_LIFETIME_MS,
		uploadLifetime: DAY_MS,
	},
];

/** Each API once. Of those with callbacks the pickiest comes first, as it has more marks of its own. */
export const DIALECTS: readonly Dialect[] = [runway, jobs, aleph];

/** What n8n's credentials and stored batches name. */
export function dialectOf(value: unknown): Dialect | undefined {
	return DIALECTS.find((dialect) => dialect.value === value);
}
