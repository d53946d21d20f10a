/** The test of a credential: what it says of a good key, of a bad one, and of everything else. */
import '../support/fastClock';
import { CredentialTestContext } from 'n8n-core';
import type {
	ICredentialDataDecryptedObject,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
	INodeType,
} from 'n8n-workflow';
import { connectionOf } from '../../nodes/Aleph/api/connection';
import type { Settings } from '../simulator';
import { newAccount, simulator, useSimulator } from '../support/aleph';
import { additionalData, loaded, nodeTypes } from '../support/engine';
import { good, plain, type Answer } from '../support/hostile/answers';
import { elsewhere, server, useHostileServers } from '../support/hostile/run';
import { API_PATHS } from '../support/hostile/server';

useSimulator();
useHostileServers();

const APIS = ['jobs', 'aleph', 'runway'] as const;
type Api = (typeof APIS)[number];

const GOOD = { status: 'OK', message: 'The API key is good' };
const bad = (message: unknown) => ({ status: 'Error', message });

const RUNWAY_KEY = `key_${'0123456789abcdef'.repeat(8)}`;

/** As n8n runs it, by the name that each node gives. */
async function testOf(
	data: ICredentialDataDecryptedObject,
	context?: ICredentialTestFunctions,
): Promise<INodeCredentialTestResult> {
	await loaded;
	const results = ['aleph', 'alephTrigger'].map(async (name) => {
		const type = nodeTypes.getByName(`n8n-nodes-runway-aleph.${name}`) as INodeType;
		const { testedBy } = type.description.credentials![0]!;
		const test = type.methods!.credentialTest![testedBy as string]!;
		const functions = context ?? new CredentialTestContext(additionalData({ credential: data }));
		return await test.call(functions, {
			id: '1',
			name: 'Runway Aleph API',
			type: 'alephApi',
			data,
		});
	});
	const [first, second] = await Promise.all(results);
	expect(second).toEqual(first);
	return first!;
}

describe.each(APIS)('with the API "%s", a key', (api) => {
	it('that is good is good', async () => {
		expect(await testOf(newAccount({ api }))).toEqual(GOOD);
		expect(simulator.tasks()).toEqual([]);
	});

	it('that was pasted with blanks and line breaks is as good', async () => {
		simulator.settings.keys = ['the-good-key'];
		expect(await testOf(newAccount({ api, apiKey: ' the-good\u200b-key\r\n' }))).toEqual(GOOD);
	});

	it.each([
		...['"the-good-key"', "'the-good-key'", '\u201cthe-good-key\u201d', '"Bearer the-good-key"'],
		...['Bearer the-good-key', 'bearer\tthe-good-key', ' BEARER "the-good-key"\n'],
	])('that was pasted as %j is as good', async (apiKey) => {
		simulator.settings.keys = ['the-good-key'];
		expect(await testOf(newAccount({ api, apiKey }))).toEqual(GOOD);
	});

	it('that is wrong is wrong, whether the body says it or the status', async () => {
		for (const errorStyle of ['body', 'status'] as const) {
			simulator.settings.errorStyle = errorStyle;
			const result = await testOf(newAccount({ api, apiKey: 'wrong-key' }));
			expect(result).toEqual(
				bad(
					expect.stringMatching(
						/^The API key is wrong or missing, or its IP whitelist lacks the address of your n8n \(.+\)$/,
					),
				),
			);
		}
	});

	it.each<[Partial<Settings>, RegExp]>([
		[
			{ ipBlocked: true },
			/^The API key is wrong or missing, or its IP whitelist .+ \(The IP address is not in the whitelist/,
		],
		[
			{ maintenance: true },
			/^The API (is under maintenance: |had an internal error: )test again later/,
		],
	])('that cannot be checked is not good: %j', async (given, message) => {
		Object.assign(simulator.settings, given);
		expect(await testOf(newAccount({ api }))).toEqual(bad(expect.stringMatching(message)));
	});

	it('for another server is not good', async () => {
		expect(await testOf(newAccount({ api, baseUrl: `${simulator.url}/elsewhere` }))).toEqual(
			bad(
				'This server does not have the selected API: check the provider and, with "Other", the base URL',
			),
		);
	});
});

describe('an answer', () => {
	let accounts = 0;

	async function answered(api: Api, answer: Answer) {
		const apiKey = `the-tested-key-${++accounts}`;
		const { record, credits } = API_PATHS[api];
		const path = api === 'runway' ? credits : record();
		server.answer(apiKey, { [path]: answer });
		const result = await testOf(newAccount({ api, apiKey, baseUrl: server.url }));
		expect(result.message).not.toContain(apiKey);
		expect(server.requests(apiKey, path)).toBe(2);
		return result;
	}

	const coded = (code: unknown) => plain({ code, msg: 'So it is', data: null });

	it.each(['401', 401, 401.0, ' 401 '])('with the code %j is that of a wrong key', async (code) => {
		for (const api of ['jobs', 'aleph'] as const) {
			const result = await answered(api, coded(code));
			expect(result).toEqual(
				bad(
					'The API key is wrong or missing, or its IP whitelist lacks the address of your n8n (So it is)',
				),
			);
		}
	});

	it.each([0, 100, 201, 300, 418, 499, 500, '502', 599, 600, 999, 4031, -1, null, 'ok', {}])(
		'with the code %j is not that of a good key',
		async (code) => {
			for (const api of ['jobs', 'aleph'] as const) {
				expect(await answered(api, coded(code))).toMatchObject({ status: 'Error' });
			}
		},
	);

	it.each([
		[400, 'The API refused the test, and did not say whether the key is good (So it is)'],
		[402, 'The account has no credits left (So it is)'],
		[429, 'Too many requests: test again in a minute'],
		[430, 'Too many requests: test again in a minute'],
		[433, 'The API key has reached its own limit: raise it in your provider account'],
		[455, 'The API is under maintenance: test again later'],
		[505, 'The provider has switched this API off: choose another API or provider'],
		[550, 'The API denied the connection: check your provider account (So it is)'],
		[4030, 'The provider does not serve this region (So it is)'],
	])('with the code %i names the problem', async (code, message) => {
		for (const api of ['jobs', 'aleph'] as const) {
			expect(await answered(api, coded(code))).toEqual(bad(message));
			expect(await answered(api, coded(String(code)))).toEqual(bad(message));
		}
	});

	it.each([
		[
			401,
			{ error: 'Bad key' },
			'The API key is wrong or missing, or its IP whitelist lacks the address of your n8n (Bad key)',
		],
		[
			403,
			{ error: 'No model' },
			'The provider does not offer Aleph, or not to this account (No model)',
		],
		[429, { error: 'Slow down' }, 'Too many requests: test again in a minute'],
		[503, {}, 'The API had an internal error: test again later (HTTP 503)'],
	])('of Runway with the status %i names the problem', async (status, body, message) => {
		expect(await answered('runway', { ...plain(body), status })).toEqual(bad(message));
	});

	it.each([
		'',
		{},
		[],
		{ code: 404, msg: 'Not Found' },
		{ code: 401, msg: 'Bad key' },
		{ tier: null },
	])('of Runway that tells nothing of the account is not that of a good key: %j', async (body) => {
		const answer = body === '' ? { ...plain(body), body: '' } : plain(body);
		expect(await answered('runway', answer)).toEqual(
			bad(expect.stringMatching(/^The response did not come from the API/)),
		);
	});

	it.each(APIS)('that is a page is not of the API "%s"', async (api) => {
		const page = {
			status: 200,
			headers: { 'content-type': 'text/html' },
			body: '<!DOCTYPE html><title>Log in</title>',
			delivery: 'whole' as const,
		};
		expect(await answered(api, page)).toEqual(
			bad(
				'The response did not come from the API, but perhaps from a login page or a proxy: with "Other", check the base URL',
			),
		);
		expect(await answered(api, { ...page, status: 403 })).toEqual(
			bad('A firewall in front of the provider refused the request: the key was not checked'),
		);
	});

	it.each(APIS)('that leads elsewhere is not followed with the API "%s"', async (api) => {
		const headers = { location: `${elsewhere.url}/stolen` };
		const result = await answered(api, { ...good(null), status: 302, headers, body: '' });
		expect(result.status).toBe('Error');
		expect(elsewhere.allRequests()).toBe(0);
	});

	it.each(['cut', 'garbage'] as const)(
		'that is %s is a connection that was lost',
		async (delivery) => {
			const result = await answered('jobs', { ...good(null), delivery });
			expect(result).toEqual(
				bad(expect.stringMatching(/^The connection to the API was lost: test again/)),
			);
		},
	);

	it('that gives the key away does not show it', async () => {
		const result = await answered('jobs', plain({ code: 401, msg: 'Bearer *the-key* is wrong' }));
		expect(result).toEqual(
			bad(
				'The API key is wrong or missing, or its IP whitelist lacks the address of your n8n (Bearer ***** is wrong)',
			),
		);
	});
});

it('a server that cannot be reached is named', async () => {
	expect(await testOf(newAccount({ baseUrl: 'http://127.0.0.1:1' }))).toEqual(
		bad(
			'The API could not be reached: check n8n\'s internet access and, with "Other", the base URL (ECONNREFUSED at http://127.0.0.1:1)',
		),
	);
});

describe('without a request', () => {
	const requests: object[] = [];

	/** A provider far away, which says that the key is wrong. */
	const far = {
		helpers: {
			request: async (options: object) => {
				requests.push(options);
				return await Promise.resolve({ statusCode: 401, headers: {}, body: { error: 'Bad key' } });
			},
		},
	} as unknown as ICredentialTestFunctions;

	it.each([
		[
			{ provider: 'kie', apiKey: RUNWAY_KEY },
			'The API key looks like a key of Runway, but the provider is kie.ai',
		],
		[
			{ provider: 'apikley', apiKey: RUNWAY_KEY },
			'The API key looks like a key of Runway, but the provider is Apikley',
		],
		...[
			...[`"${RUNWAY_KEY}"`, `Bearer ${RUNWAY_KEY}`, `Bearer${RUNWAY_KEY}`, `${RUNWAY_KEY};`],
			...[`RUNWAYML_API_SECRET=${RUNWAY_KEY}`, `the key: ${RUNWAY_KEY.toUpperCase()} (mine)`],
		].map((apiKey): [ICredentialDataDecryptedObject, string] => [
			{ provider: 'kie', apiKey },
			'The API key looks like a key of Runway, but the provider is kie.ai',
		]),
		[{ provider: 'kie', apiKey: '' }, 'The API key in the credential is empty'],
		[{ provider: 'kie', apiKey: ' \n\u200b' }, 'The API key in the credential is empty'],
		[{ provider: 'kie', apiKey: 'Bearer ""' }, 'The API key in the credential is empty'],
		[
			{ provider: 'custom', api: 'jobs', apiKey: 'a-key', baseUrl: '' },
			'The base URL in the credential is not a URL',
		],
		[
			{ provider: 'custom', api: 'jobs', apiKey: 'a-key', baseUrl: 'ftp://x' },
			'The base URL in the credential is not a URL',
		],
		[
			{
				provider: 'custom',
				api: 'jobs',
				apiKey: 'a-key',
				baseUrl: 'https://me:secret@example.com',
			},
			'A URL in the credential contains a user name or password',
		],
		[
			{
				provider: 'custom',
				api: 'jobs',
				apiKey: 'a-key',
				baseUrl: 'example.com',
				uploadUrl: 'me@example.com',
			},
			'A URL in the credential contains a user name or password',
		],
		...['not a url', 'ftp://example.com'].map(
			(uploadUrl): [ICredentialDataDecryptedObject, string] => [
				{ provider: 'custom', api: 'jobs', apiKey: 'a-key', baseUrl: 'example.com', uploadUrl },
				'The upload URL in the credential is not a URL',
			],
		),
		...['example.com/?x=1', 'example.com/#a'].map(
			(baseUrl): [ICredentialDataDecryptedObject, string] => [
				{ provider: 'custom', api: 'runway', apiKey: 'a-key', baseUrl, uploadUrl: 'ftp://left' },
				'A URL in the credential contains a "?" or a "#"',
			],
		),
		[{ provider: 'custom', api: '', apiKey: 'a-key' }, 'Choose a provider and an API'],
		[{ provider: 'openrouter', apiKey: 'a-key' }, 'Choose a provider and an API'],
	])('%j is not good', async (credential, message) => {
		expect(await testOf(credential, far)).toEqual(bad(message));
		expect(requests).toEqual([]);
	});

	it('nothing else is judged: a key that does not look like one of Runway is asked for', async () => {
		expect(await testOf({ provider: 'runway', apiKey: 'a-key-of-kie' }, far)).toEqual(
			bad(
				'The API key is wrong or missing, and it does not look like a key of Runway: they begin with "key_" (Bad key)',
			),
		);
		expect(requests[0]).toMatchObject({
			uri: 'https://api.dev.runwayml.com/v1/organization',
			headers: {
				Authorization: 'Bearer a-key-of-kie',
				'X-Runway-Version': '2024-11-06',
				'User-Agent': 'n8n-nodes-runway-aleph',
			},
		});
	});

	it('a key of Runway with something around it is told from a key', async () => {
		const apiKey = `RUNWAYML_API_SECRET=${RUNWAY_KEY}`;
		expect(await testOf({ provider: 'runway', apiKey }, far)).toEqual(
			bad(
				'The API key is wrong or missing, and it does not look like a key of Runway: they begin with "key_" (Bad key)',
			),
		);
		expect(await testOf({ provider: 'runway', apiKey: RUNWAY_KEY }, far)).toEqual(
			bad('The API key is wrong or missing (Bad key)'),
		);
	});

	it('the hosts of a known provider are known, whatever else the credential holds', async () => {
		requests.length = 0;
		const left = {
			baseUrl: 'https://evil.example',
			uploadUrl: 'https://evil.example',
			api: 'jobs',
		};
		await testOf({ provider: 'kie', apiKey: 'a-key', ...left }, far);
		await testOf({ provider: 'apikley', apiKey: 'a-key', ...left }, far);
		expect(requests.map((options) => (options as { uri: string }).uri)).toEqual([
			...Array<string>(2).fill('https://api.kie.ai/api/v1/jobs/recordInfo'),
			...Array<string>(2).fill('https://api.apikley.ru/api/v1/aleph/record-info'),
		]);
		const uploadUrls = ['kie', 'apikley'].map(
			(provider) => connectionOf({ provider, apiKey: 'a-key', ...left })?.uploadUrl,
		);
		expect(uploadUrls).toEqual([
			'https://kieai.redpandaai.co',
			'https://api.apikley.ru/file-upload',
		]);
	});
});
