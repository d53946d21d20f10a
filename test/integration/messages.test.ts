/**
 * docs/messages.md shows what users read when something goes wrong: none of the messages in the source is
 * missing there, and the texts are those that a user gets.
 */
import './fastClock';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { Settings } from '../simulator';
import { generate, get, newAccount, promptOfItem, prompts, simulator, useSimulator } from './aleph';
import { runNode, type Result, type Setup } from './engine';
import { isMessage, messagesOfSource } from './sourceMessages';

useSimulator();

interface Case extends Partial<Setup> {
	given?: Partial<Settings>;
	account?: IDataObject;
}

const brief = { timeout: 0.02 };

/** The headings of the document, and what leads to each. */
const cases: Record<string, () => Case> = {
	'Wrong API key': () => ({ account: { apiKey: 'wrong-key' } }),
	'Not enough credits': () => ({ given: { credits: 0 } }),
	'Quota of the key': () => ({ given: { refuse: 433 } }),
	'Feature switched off': () => ({ given: { apis: 'jobs' } }),
	'Connection denied': () => ({ given: { refuse: 550 } }),
	'Upstream busy': () => ({ given: { refuse: 408 } }),
	'Credits to keep': () => ({
		given: { credits: 50 },
		parameters: generate({ options: { keepCredits: 100 } }),
	}),
	'Credits that cannot be checked': () => ({
		given: { creditEndpoint: false },
		parameters: generate({ options: { keepCredits: 100 } }),
	}),
	Firewall: () => ({
		given: { firewall: true },
		parameters: { resource: 'file', operation: 'upload', binaryProperty: 'data' },
		binary: { data: { data: 'AAAA', mimeType: 'video/mp4', fileName: 'video.mp4' } },
	}),
	'Refused parameters': () => ({ given: { refuse: 422 } }),
	'Media that cannot be fetched': () => ({ given: { refuse: 451 } }),
	'Refused by moderation': () => ({ given: { fail: 'moderation' } }),
	'A task that fails': () => ({ given: { fail: 'internal' } }),
	'Rate limit': () => ({ given: { refuse: 429 }, parameters: generate({ options: brief }) }),
	Maintenance: () => ({ given: { maintenance: true }, parameters: generate({ options: brief }) }),
	'Error while generating': () => ({ given: { generateFault: 'errorAfter' } }),
	'Connection cut while generating': () => ({ given: { generateFault: 'cutAfter' } }),
	'Time-out': () => ({
		parameters: generate({ options: brief }),
		given: { duration: 60 },
	}),
	'A file that cannot be downloaded': () => ({
		given: { resultBase: `${simulator.url}/gone` },
		parameters: generate({ options: { download: ['video'] } }),
	}),
	'Unreachable host': () => ({ account: { baseUrl: 'http://127.0.0.1:1' } }),
	'Another server': () => ({ account: { baseUrl: `${simulator.url}/elsewhere` } }),
	'Unknown task': () => ({ parameters: get('no-such-task') }),
	'Custom API Call': () => ({
		parameters: { resource: 'video', operation: '__CUSTOM_API_CALL__' },
	}),
	'Empty prompt': () => ({ parameters: generate({ prompt: ' ' }) }),
	'Missing file': () => ({ parameters: generate({ videoSource: 'binary' }) }),
	'Two files for one field': () => ({
		parameters: generate({
			options: {
				download: ['video', 'thumbnail'],
				videoOutputProperty: 'file',
				thumbnailOutputProperty: 'file',
			},
		}),
	}),
	'Provider without upload': () => ({
		account: { uploadUrl: '' },
		parameters: { resource: 'file', operation: 'upload', binaryProperty: 'data' },
		binary: { data: { data: 'AAAA', mimeType: 'video/mp4', fileName: 'video.mp4' } },
	}),
	'Not a URL': () => ({ parameters: generate({ videoUrl: 'video.mp4' }) }),
	'Not a whole number': () => ({ parameters: generate({ options: { seed: 1.5 } }) }),
	'One of several items': () => ({
		parameters: generate({ prompt: promptOfItem }),
		items: prompts(3, (n) => (n === 1 ? 'Bad [fail=internal]' : `Video ${n}`)),
	}),
};

/** Each section of the document: a heading, and the message with its description as a quote. */
const sections = new Map(
	readFileSync(path.resolve(__dirname, '../../docs/messages.md'), 'utf8')
		.split(/^### /m)
		.slice(1)
		.map((section) => {
			const [heading = '', ...lines] = section.split('\n');
			const quote = lines.filter((line) => line.startsWith('>'));
			return [heading, quote.map((line) => line.replace(/^> ?/, '')).join('\n')] as const;
		}),
);

describe('a message', () => {
	const inDocument = [...sections.values()].map((text) => text.split('\n')[0]!);

	it.each(messagesOfSource())('is in the document: %s', (message) => {
		expect(inDocument.some((text) => isMessage(message, text))).toBe(true);
	});
});

it.each(Object.keys(cases))('%s', async (heading) => {
	const { given, account, ...setup } = cases[heading]!();
	Object.assign(simulator.settings, given);
	const credential = newAccount(account);
	const result = await runNode({ parameters: generate(), credential, ...setup });
	expect(shown(result)).toBe(sections.get(heading));
	expect(JSON.stringify(result.run)).not.toContain(credential.apiKey as string);
});

/** What differs from run to run, as the document writes it. */
function shown({ error }: Result): string {
	const text = `${error?.message}\n\n${error?.description}`;
	const host = simulator.url.replace('http://', '');
	return text
		.replaceAll(simulator.url, 'https://api.kie.ai')
		.replaceAll(host, 'api.kie.ai')
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-03-15T10:04:30.000Z')
		.replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, 'ee603959-debb-48d1-98c4-a6d1c717eba6');
}
