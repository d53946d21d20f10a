/**
 * docs/messages.md shows what users read when something goes wrong: none of the messages in the source is
 * missing there, and the texts are those that a user gets.
 */
import '../support/fastClock';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Settings } from '../simulator';
import { generate, get, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { runNode, type Result, type Setup } from '../support/engine';
import { descriptionsOfSource, messagesOfSource, patternOf } from '../support/sourceMessages';
import { prompts } from '../support/tasks';

useSimulator();

interface Case extends Partial<Setup> {
	given?: Partial<Settings>;
	account?: IDataObject;
}

const brief = { timeout: 0.02 };

const file = { data: { data: 'AAAA', mimeType: 'video/mp4', fileName: 'video.mp4' } };
const upload = { resource: 'file', operation: 'upload', binaryProperty: 'data' };
const credits = { resource: 'account', operation: 'getCredits' };
const options = (options: IDataObject): Case => ({
	parameters: generate({ options } as INodeParameters),
});

const keyframes = (...keyframe: IDataObject[]): Case => ({
	account: { api: 'runway' },
	...options({ keyframes: { keyframe } }),
});
const image = 'https://example.com/frame.png';

/** The headings of the document, and what leads to each. */
const cases: Record<string, () => Case | Promise<Case>> = {
	'Wrong API key': () => ({ account: { apiKey: 'wrong-key' } }),
	'Key of another provider': () => ({
		account: { provider: 'kie', apiKey: `key_${'0123456789abcdef'.repeat(8)}` },
	}),
	'HMAC key without a value': () => ({ account: { webhookHmacKey: null } }),
	'Credential without a provider': () => ({ account: { provider: '' } }),
	'Not enough credits': () => ({ given: { credits: 0 } }),
	'Fewer credits than "Keep Credits"': () => ({
		given: { credits: 40 },
		...options({ keepCredits: 50 }),
	}),
	'Credits that cannot be checked': () => ({
		given: { creditEndpoint: false },
		...options({ keepCredits: 50 }),
	}),
	'Key limit reached': () => ({ given: { refuse: 433 } }),
	'Feature switched off': () => ({ given: { refuse: 505 } }),
	'Model that the account does not have': () => ({ given: { modelGone: true } }),
	'Region that is not served': () => ({ given: { refuse: 4030 } }),
	'Connection denied': () => ({ given: { refuse: 550 } }),
	'Base URL of another server': () => ({ account: { baseUrl: `${simulator.url}/elsewhere` } }),
	'Base URL that is not a URL': () => ({ account: { baseUrl: 'ftp://api.kie.ai' } }),
	'URL with a user name': () => ({ account: { baseUrl: 'https://me:secret@example.com' } }),
	'Unreachable host': () => ({ account: { baseUrl: 'http://127.0.0.1:1' } }),
	'Refused parameters': () => ({ given: { refuse: 422 } }),
	'Media that cannot be fetched': () => ({ given: { refuse: 451 } }),
	'Rate limit': () => ({ given: { refuse: 429 }, ...options(brief) }),
	'Limit of the day': () => ({
		account: { api: 'runway' },
		given: { dailyLimit: 0 },
		...options(brief),
	}),
	Maintenance: () => ({ given: { maintenance: true }, ...options(brief) }),
	'Not confirmed': () => ({ given: { generateFault: 'cutAfter' } }),
	'Not confirmed by the answer': () => ({ given: { generateFault: 'errorAfter' } }),
	'Refused by moderation': () => ({ given: { fail: 'moderation' } }),
	'Internal error': () => ({ given: { fail: 'internal' } }),
	'Success without a video': () => ({ given: { noVideo: true } }),
	Timeout: () => ({ given: { duration: 60 }, ...options(brief) }),
	'Timeout while status checks fail': () => ({
		given: { readFaults: Array<string>(9).fill('500') },
		...options(brief),
	}),
	'Video that cannot be downloaded': () => ({
		given: { resultBase: `${simulator.url}/gone` },
		...options({ download: ['video'] }),
	}),
	'One of several items': () => ({
		parameters: generate({ prompt: promptOfItem }),
		items: prompts(3, (n) => (n === 1 ? 'Bad [fail=moderation]' : `Video ${n}`)),
	}),
	'Provider that cannot cancel': () => ({
		parameters: { resource: 'video', operation: 'cancel', taskId: 'a-task' },
	}),
	'One of several tasks to cancel': async () => {
		const account = { api: 'runway', apiKey: 'key-that-cancels' };
		const running = { prompt: 'Make it snow [duration=600]' };
		const taskId = await simulator.startTask(running, { api: 'runway', key: account.apiKey });
		return {
			account,
			parameters: { resource: 'video', operation: 'cancel', taskId: '={{ $json.taskId }}' },
			items: [{ taskId: 'no-such-task' }, { taskId }],
		};
	},
	'Unknown task': () => ({ parameters: get('no-such-task') }),
	'Firewall of the provider': () => ({
		given: { firewall: true },
		parameters: upload,
		binary: file,
	}),
	'Upload that fails': () => ({
		// Its storage takes no file as small as this.
		account: { api: 'runway' },
		parameters: upload,
		binary: file,
	}),
	'Provider without upload': () => ({
		account: { uploadUrl: '' },
		parameters: upload,
		binary: file,
	}),
	'Endpoint that the provider does not have': () => ({
		given: { creditEndpoint: false },
		parameters: credits,
	}),
	'Empty prompt': () => ({ parameters: generate({ prompt: ' ' }) }),
	'Prompt that is not text': () => ({
		parameters: generate({ prompt: '={{ { text: "Snow" } }}' }),
	}),
	'Object inside a text': () => ({
		parameters: generate({ prompt: '=Like {{ { a: 1 } }}' }),
	}),
	'Empty URL': () => ({ parameters: generate({ videoUrl: '={{ $json.url }}' }) }),
	'Not a URL': () => ({ parameters: generate({ videoUrl: 'video.mp4' }) }),
	'Several URLs in one field': () => ({
		parameters: generate({ videoUrl: 'https://a.example.com/1.mp4, https://a.example.com/2.mp4' }),
	}),
	'Missing file': () => ({ parameters: generate({ videoSource: 'binary' }) }),
	'Missing file beside others': () => ({
		parameters: { ...upload, binaryProperty: 'video' },
		binary: file,
	}),
	'File without content': () => ({
		parameters: { ...upload, binaryProperty: '={{ ({ mimeType: "video/mp4" }) }}' },
		binary: file,
	}),
	'Files that look alike': () => ({
		parameters: { ...upload, binaryProperty: '={{ $binary.b }}' },
		binary: { a: file.data, b: { ...file.data, data: 'BBBB' } },
	}),
	'Empty file': () => ({ parameters: upload, binary: { data: { ...file.data, data: '' } } }),
	'File that is not base64': () => ({
		parameters: upload,
		binary: { data: { ...file.data, data: 'Hello, world!' } },
	}),
	'Name of a storage in place of a file': () => ({
		parameters: upload,
		binary: { data: { ...file.data, data: 'filesystem-v2' } },
	}),
	'File for a provider without upload': () => ({
		account: { uploadUrl: '' },
		parameters: generate({ videoSource: 'binary' }),
		binary: file,
	}),
	'Not a file name': () => ({
		parameters: { ...upload, fileName: 'videos/' },
		binary: file,
	}),
	'Two reference images': () =>
		options({
			referenceImage: 'https://example.com/style.png',
			referenceImageBinaryProperty: 'image',
		}),
	'Unknown aspect ratio': () => options({ aspectRatio: '2:1' }),
	'Not a whole number': () => options({ seed: 1.5 }),
	'Number that is too small': () => options({ generateRate: 0 }),
	'Timeout of zero': () => options({ timeout: 0 }),
	'Number that is too small or too large': () => options({ pollInterval: 0 }),
	'Number that an expression does not give': () => options({ keepCredits: '={{ $json.budget }}' }),
	'Neither true nor false': () => ({ parameters: generate({ simplify: 'maybe' }) }),
	'Not a list': () => options({ download: 1 }),
	'Option of another API': () => ({
		account: { api: 'runway' },
		...options({ waterMark: 'draft' }),
	}),
	'Canceling on stop where the provider cannot': () => options({ onStop: 'cancel' }),
	'Too many keyframes': () => keyframes(...Array<IDataObject>(6).fill({ image })),
	'Ranges for some keyframes': () =>
		keyframes({ image, hasRange: true, start: 0, end: 1 }, { image, seconds: 2 }),
	'Range that ends before it starts': () => keyframes({ image, hasRange: true, start: 2, end: 1 }),
	'Canceling on stop while sleeping': () => ({
		account: { api: 'runway' },
		parameters: generate({
			waitForCompletion: '={{ true }}',
			waitMode: 'sleep',
			options: { onStop: 'cancel' },
		}),
	}),
	'Callback URL while sleeping': () => ({
		parameters: generate({
			waitForCompletion: '={{ true }}',
			waitMode: 'sleep',
			options: { callBackUrl: 'https://example.com/hook' },
		}),
	}),
	'Two files for one field': () =>
		options({
			download: ['video', 'thumbnail'],
			videoOutputProperty: 'file',
			thumbnailOutputProperty: 'file',
		}),
	'Reserved field name': () => options({ download: ['video'], videoOutputProperty: '__proto__' }),
	'Empty task ID': () => ({ parameters: get('={{ $json.taskId }}') }),
	'Task ID that is not one': () => ({ parameters: get('={{ ({ taskId: 7 }) }}') }),
	'Custom API Call': () => ({
		parameters: { resource: 'video', operation: '__CUSTOM_API_CALL__' },
	}),
};

const document = readFileSync(path.resolve(__dirname, '../../docs/messages.md'), 'utf8');

/** Each section of the document: a heading, and the message with its description as a quote. */
const sections = new Map(
	document
		.split(/^### /m)
		.slice(1)
		.map((section) => {
			const [heading = '', ...lines] = section.split('\n');
			const quote = lines.filter((line) => line.startsWith('>'));
			return [heading, quote.map((line) => line.replace(/^> ?/, '')).join('\n')] as const;
		}),
);

describe('a message', () => {
	/** As a quote, or in a list of the answers to callbacks. */
	const inDocument = [...document.matchAll(/^(?:> (.+)|- \d{3}: `(.+)`)$/gm)].map(
		([, quoted, listed]) => quoted ?? listed!,
	);

	it.each(messagesOfSource())('is in the document: %s', (message) => {
		const pattern = new RegExp(`^${patternOf(message)}$`);
		expect(inDocument.filter((text) => pattern.test(text))).not.toEqual([]);
	});

	it.each(descriptionsOfSource())('is described in the document: %s', (description) => {
		const pattern = new RegExp(patternOf(description));
		expect(inDocument.filter((text) => pattern.test(text))).not.toEqual([]);
	});
});

it.each(Object.keys(cases))('%s', async (heading) => {
	const { given, account, ...setup } = await cases[heading]!();
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
		.replaceAll('<br>\n', '\n')
		.replaceAll(simulator.url, 'https://api.kie.ai')
		.replaceAll(host, 'api.kie.ai')
		.replaceAll('http://127.0.0.1:1', 'https://api.kie.ai')
		.replaceAll('/gone/', '/')
		.replaceAll(`${brief.timeout} minutes`, '30 minutes')
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-03-15T10:04:30.000Z')
		.replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, 'ee603959-debb-48d1-98c4-a6d1c717eba6');
}
