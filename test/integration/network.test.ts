/** What certainly never left is told from what may have arrived, and a key goes where it belongs. */
import '../support/fastClock';
import dns from 'node:dns';
import { createServer as createSilentServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { IDataObject, INode } from 'n8n-workflow';
import { limited } from '../../nodes/Aleph/api/signals';
import { startSimulator } from '../simulator';
import { generate, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { logged, runNode, start } from '../support/engine';
import { good, plain } from '../support/hostile/answers';
import { elsewhere, itemOf, KEY, run, server, useHostileServers } from '../support/hostile/run';
import { PATHS } from '../support/hostile/server';
import { freePorts } from '../support/n8n/ports';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();
useHostileServers();

const running: Server[] = [];
afterEach(() => {
	for (const each of running.splice(0)) each.close();
});

/** Where nobody listens, nor will another test. */
async function freePort(): Promise<number> {
	const [port = 0] = await freePorts(1);
	return port;
}

type Lookup = [host: string, options: object, done: (error: null, found: object[]) => void];

describe('a request that certainly never left', () => {
	async function expectNothingCharged(account: IDataObject, reason: string) {
		const settings: Partial<INode> = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };
		const credential = newAccount(account);
		const { error } = await runNode({ parameters: generate(), credential, settings });
		expect(error?.message).toBe('The API could not be reached');
		expect(error?.description).toMatch(/^Nothing was charged for this item\. /);
		expect(error?.description).toContain(reason);
	}

	it('as nobody listens there has charged nothing', async () => {
		await expectNothingCharged({ baseUrl: `http://127.0.0.1:${await freePort()}` }, 'ECONNREFUSED');
	});

	it('as the server there speaks no TLS has charged nothing', async () => {
		await expectNothingCharged({ baseUrl: server.url.replace('http', 'https') }, 'EPROTO');
	});

	it('as the connection was cut before TLS was ready has charged nothing', async () => {
		const cutting = createSilentServer((socket) => socket.once('data', () => socket.end()));
		running.push(cutting.listen(0, '127.0.0.1'));
		await once(cutting, 'listening');
		const { port } = cutting.address() as AddressInfo;
		await expectNothingCharged({ baseUrl: `https://127.0.0.1:${port}` }, 'ECONNRESET');
	});

	it('as the name of the host is not known has charged nothing', async () => {
		await expectNothingCharged({ baseUrl: 'http://api.invalid' }, 'http://api.invalid');
	});

	it('as none of several addresses can be connected to has charged nothing', async () => {
		const baseUrl = `http://several.test:${await freePort()}`;
		const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
		const lookup = jest.spyOn(dns, 'lookup').mockImplementation(((...[, , done]: Lookup) => {
			done(null, addresses);
		}) as never);
		await expectNothingCharged({ baseUrl }, 'ECONNREFUSED').finally(() => lookup.mockRestore());
	});

	it('as n8n could not read the credential has sent nothing', async () => {
		const unreadable = new Proxy(newAccount(), {
			ownKeys: () => {
				throw new Error('Credential with ID "1" does not exist for type "alephApi".');
			},
		});
		const { error } = await runNode({ parameters: generate(), credential: unreadable });
		expect(error?.message).toContain('Credential with ID "1" does not exist');
		expect(simulator.requests()).toEqual([]);
	});

	it('is sent again, and once only, when the API can be reached again', async () => {
		const port = await freePort();
		const first = await startSimulator({ port });
		const { url } = first;
		const execution = start({
			parameters: generate({
				prompt: promptOfItem,
				waitForCompletion: false,
				options: { generateRate: 1 },
			}),
			items: prompts(2),
			credential: newAccount({ baseUrl: url, uploadUrl: url }),
		});
		await until(() => first.stats().generate.accepted === 1);
		await first.close();
		// In the meantime the second is tried in vain.
		await new Promise((resolve) => setTimeout(resolve, 15_000));
		const second = await startSimulator({ port });
		const { items, error } = await execution.result;
		const { accepted, requests } = second.stats().generate;
		await second.close();
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['processing', 'processing']);
		expect({ accepted, requests }).toEqual({ accepted: 1, requests: 1 });
	});
});

describe('a request that may have arrived', () => {
	it.each(['cutAfter', 'cutBefore', 'errorAfter', 'html'] as const)(
		'is not sent again: %s',
		async (generateFault) => {
			simulator.settings.generateFault = generateFault;
			const { error } = await runNode({
				parameters: generate(),
				credential: newAccount(),
				settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
			});
			expect(error?.message).toBe('The API did not confirm the task, so it may exist');
			expect(simulator.stats().generate.requests).toBe(1);
		},
	);

	it.each([
		{ code: 201, msg: 'created', data: { taskId: 'a-task' } },
		{ code: 0, msg: 'ok', data: { taskId: 'a-task' } },
		{ success: true, data: { taskId: 'a-task' } },
		{ code: 200, msg: 'ok', data: null, taskId: 'a-task' },
	])('has started the task that its answer names, whatever its shape: %j', async (body) => {
		const { items } = await run(generate({ waitForCompletion: false }), {
			[PATHS.generate]: plain(body),
		});
		expect(items[0]?.json.taskId).toBe('a-task');
	});

	it('has started nothing if its answer is an error, although it names a task', async () => {
		const { error } = await run(generate(), {
			[PATHS.generate]: plain({ code: 422, msg: 'too long', data: { taskId: 'a-task' } }),
		});
		expect(error?.message).toBe('The API refused the parameters: too long');
	});

	it('is not sent again if its answer is nested too deeply to be read', async () => {
		const body = `{"code":200,"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
		const { error, requests } = await run(generate(), {
			[PATHS.generate]: { ...good(null), body },
		});
		expect(error?.message).toBe('The API did not confirm the task, so it may exist');
		expect(requests(PATHS.generate)).toBe(1);
	});
});

describe('the key', () => {
	it('of another provider, to which the credential changes meanwhile, is sent nowhere', async () => {
		const credential = newAccount();
		simulator.settings.keys = [credential.apiKey as string];
		const execution = start({
			parameters: generate({
				prompt: 'Snow [duration=20]',
				videoSource: 'binary',
				options: { download: ['video'] },
			}),
			binary: { data: { data: 'A'.repeat(2_000), mimeType: 'video/mp4' } },
			credential,
		});
		await until(() => simulator.stats().recordInfo.requests > 0);
		Object.assign(credential, {
			apiKey: 'key-of-another-provider',
			baseUrl: elsewhere.url,
			uploadUrl: elsewhere.url,
		});
		const { items, error } = await execution.result;
		expect(error).toBeUndefined();
		expect(items[0]?.binary).toHaveProperty('video');
		expect(simulator.stats().unauthorized).toBe(0);
		expect(elsewhere.allRequests()).toBe(0);
	});

	it('is taken out of an answer as it was sent, without what is invisible in it', async () => {
		const apiKey = `${KEY}\u200b-copied\u2060 `;
		const answers = {
			[PATHS.credits]: plain({ code: 401, msg: 'No *the-key* here', data: null }),
		};
		server.answer(`${KEY}-copied`, answers);
		const { error } = await run({ resource: 'account', operation: 'getCredits' }, answers, {
			apiKey,
		});
		expect(error?.description).toContain('The API said: "No ***** here"');
		expect(logged.filter((line) => line.includes(KEY))).toEqual([]);
	});

	it.each(['application/json', 'text/plain'])(
		'of digits only does not break the answer in which it stands: %s',
		async (type) => {
			const apiKey = '4071926358';
			const data = { taskId: 'a-task', recordId: Number(apiKey), note: `for ${apiKey}` };
			const accepted = { ...good(data), headers: { 'content-type': type } };
			const { items, requests } = await run(
				generate({ waitForCompletion: false }),
				{ [PATHS.generate]: accepted },
				{ apiKey },
			);
			expect(items[0]?.json.taskId).toBe('a-task');
			expect(requests(PATHS.generate)).toBe(1);
		},
	);

	it('of digits only is not in what comes out', async () => {
		const apiKey = '4071926359';
		const record = { successFlag: 0, owner: Number(apiKey), [apiKey]: `of ${apiKey}` };
		const outcome = await run(
			{ resource: 'video', operation: 'get', taskId: 'a-task', simplify: false },
			{ [PATHS.record]: good(record) },
			{ apiKey },
		);
		expect(itemOf(outcome)).toEqual({ successFlag: 0, owner: '*****', '*****': 'of *****' });
	});
});

describe('where the editor shows HTML, as text', () => {
	it('there is what the API says', async () => {
		const msg = 'The <img src=x onerror=alert(1)> was refused';
		const { error } = await run(generate(), {
			[PATHS.generate]: plain({ code: 451, msg, data: null }),
		});
		expect(error?.description).toContain('&lt;img src=x');
		expect(error?.description).not.toContain('<img');
	});

	it('there is what it says of one of several items', async () => {
		const words = ['The <img src=x> was refused', 'no'];
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(2, (n) => `[refuse=422][refuseText=${words[n]}]`),
			credential: newAccount(),
			settings: { onError: 'stopWorkflow' },
		});
		expect(error?.description).toMatch(/Item 0: .*&lt;img src=x/);
		expect(error?.description).not.toContain('<img');
		expect(error?.description).toContain('0 of 2 videos are ready. To get them, retry');
	});

	it('there is what the user has entered', async () => {
		const { error } = await run(generate({ options: { seed: '<img src=x>' } }), {});
		expect(error?.description).toContain('It is "&lt;img src=x>"');
	});

	it('there is a task ID, whoever has given it', async () => {
		const get = { resource: 'video', operation: 'get', taskId: '<img src=x>' };
		const { error } = await runNode({ parameters: get, credential: newAccount() });
		expect(error?.description).toContain('Task ID: &lt;img src=x>.');
	});
});

it.each([
	'FileNotFoundError: input.mp4',
	'ENOTFOUND',
	'rolePermission EEXIST',
	'task was canceled',
])('what the API says arrives as it is: %s', async (msg) => {
	const { error } = await run(generate(), {
		[PATHS.generate]: plain({ code: 422, msg, data: null }),
	});
	const said = msg.replace('canceled', 'cancelled');
	expect(error?.message).toBe(`The API refused the parameters: ${said}`);
});

it('the limit of a request outlives the garbage collector', async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const { signal } = limited([new AbortController().signal, undefined], 300);
	const aborted = once(signal, 'abort');
	for (let round = 0; round < 10; round++) {
		collect();
		await new Promise(setImmediate);
	}
	await aborted;
	expect((signal.reason as Error).name).toBe('TimeoutError');
});
