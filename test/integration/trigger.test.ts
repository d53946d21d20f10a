/** What the trigger leaves for n8n to store, and which delivery starts the workflow. */
import { skip } from '../support/fastClock';
import { createHmac } from 'node:crypto';
import axios, { type AxiosRequestConfig } from 'axios';
import { WebhookContext } from 'n8n-core';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { simulator, useSimulator } from '../support/aleph';
import { poll, until } from '../support/poll';
import { startTask } from '../support/tasks';
import { serveTrigger, type Served } from '../support/webhook';
import { TRIGGER } from '../support/workflow';

useSimulator({ duration: 0 });

/** Where n8n keeps the static data of the trigger. */
const STORED = `node:${TRIGGER}`;

const running: Served[] = [];
afterEach(() => {
	for (const served of running.splice(0)) served.close();
});

async function serve(parameters?: INodeParameters, account?: IDataObject): Promise<Served> {
	const served = await serveTrigger(parameters, account);
	running.push(served);
	return served;
}

const newTask = async (prompt = 'Make it snow') => await startTask(simulator, { prompt });

/** The same callback each time, as the provider sends it again. */
async function deliver(url: string, taskId: string, request: AxiosRequestConfig = {}) {
	const body = { code: 200, msg: 'success', taskId };
	const { status } = await axios.post(url, body, { validateStatus: () => true, ...request });
	return status;
}

/** Lets the first start last until it is settled here; those after it succeed. */
function holdFirstStart(n8n: Served) {
	const begun = deferred();
	const end = deferred();
	n8n.start = async () => {
		n8n.start = async () => await Promise.resolve();
		begun.resolve();
		await end.promise;
	};
	return {
		begun: begun.promise,
		end: end.resolve,
		fail: () => end.reject(new Error('The database is gone')),
	};
}

/** A delivery whose caller hangs up while n8n starts the workflow. */
async function deliverAndHangUp(n8n: Served, taskId: string) {
	const { begun, ...start } = holdFirstStart(n8n);
	const caller = new AbortController();
	const first = deliver(n8n.url, taskId, { signal: caller.signal });
	await begun;
	caller.abort();
	await expect(first).rejects.toThrow('canceled');
	await until(() => n8n.hungUp === 1);
	return start;
}

/** A promise, and what fulfils or rejects it. */
function deferred() {
	let resolve!: () => void;
	let reject!: (error: Error) => void;
	const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
	return { promise, resolve, reject };
}

describe('n8n is given static data to store', () => {
	it('for a task that starts the workflow, and for nothing else', async () => {
		const n8n = await serve({ events: ['completed'] });
		const taskId = await newTask();
		expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(n8n.writes).toBe(1);

		expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(await deliver(n8n.url, await newTask('Bad [fail=moderation]'))).toBe(200);
		expect(await deliver(n8n.url, 'no-such-task')).toBe(403);
		expect(n8n.writes).toBe(1);
		expect(n8n.started).toMatchObject([{ taskId }]);
	});

	it('with the tasks of all deliveries at once, whose order of starting is any', async () => {
		const n8n = await serve();
		const starts: Array<() => void> = [];
		const allWait = deferred();
		n8n.start = async () => {
			const { promise, resolve } = deferred();
			starts.push(resolve);
			if (starts.length === 5) allWait.resolve();
			await promise;
		};
		const taskIds = await Promise.all(Array.from({ length: 5 }, async () => await newTask()));
		const answers = taskIds.map(async (taskId) => await deliver(n8n.url, taskId));
		await allWait.promise;
		for (const start of starts.reverse()) start();
		expect(await Promise.all(answers)).toEqual(Array(5).fill(200));
		const { delivered } = n8n.stored[STORED] as { delivered: string[] };
		expect(delivered.sort()).toEqual(taskIds.sort());
	});
});

it.each([0, 5])(
	'a task is remembered while 1,000 others follow it, though n8n hands over what was stored %d times before, and what is stored stays small',
	async (before) => {
		const n8n = await serve({ verifyWithApi: false });
		let copies: IDataObject[] = [];
		Object.defineProperty(n8n, 'stored', {
			get: () => copies.at(-1 - before) ?? {},
			set: (copy: IDataObject) => (copies = [...copies, copy].slice(-1 - before)),
		});
		const taskIds = Array.from({ length: 2_000 }, (_, index) => `task-${index}`);
		for (const taskId of taskIds) await deliver(n8n.url, taskId);
		expect(n8n.started).toHaveLength(2_000);
		for (const taskId of taskIds.slice(-1_001)) expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(n8n.started).toHaveLength(2_000);
		const stored = copies.at(-1)!;
		const { delivered } = stored[STORED] as { delivered: string[] };
		expect(delivered).toEqual(expect.arrayContaining(taskIds.slice(-1_000)));
		expect(JSON.stringify(stored).length).toBeLessThan(1_500 * '"task-1999",'.length + 100);
	},
);

it('a task whose download takes longer than five minutes starts the workflow once', async () => {
	const n8n = await serve({ options: { download: ['video'] } });
	const taskId = await newTask();
	simulator.settings.stall = 'download';
	const caller = new AbortController();
	const first = deliver(n8n.url, taskId, { signal: caller.signal });
	const downloads = () => simulator.requests().filter(({ path }) => path.includes('/files/'));
	await until(() => downloads().length === 1);
	skip(6 * 60_000);
	expect(await deliver(n8n.url, taskId)).toBe(503);
	expect(downloads()).toHaveLength(1);
	caller.abort();
	await expect(first).rejects.toThrow('canceled');
});

it('20 deliveries of one task at the same instant start the workflow once', async () => {
	const n8n = await serve();
	const taskId = await newTask();
	const answers = Array.from({ length: 20 }, async () => await deliver(n8n.url, taskId));
	expect(await Promise.all(answers)).toEqual(Array(20).fill(200));
	expect(n8n.started).toMatchObject([{ taskId }]);
});

describe('a start that fails', () => {
	it('gives one of those that wait its turn, and not all of them', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		const { begun, fail } = holdFirstStart(n8n);
		const first = deliver(n8n.url, taskId);
		await begun;
		const others = Array.from({ length: 5 }, async () => await deliver(n8n.url, taskId));
		fail();
		expect(await first).toBe(500);
		expect(await Promise.all(others)).toEqual(Array(5).fill(200));
		expect(n8n.started).toMatchObject([{ taskId }]);
	});

	it('leaves nothing in what others store meanwhile', async () => {
		const n8n = await serve();
		const [failing, other] = [await newTask(), await newTask()];
		const { begun, fail } = holdFirstStart(n8n);
		const answer = deliver(n8n.url, failing);
		await begun;
		expect(await deliver(n8n.url, other)).toBe(200);
		expect(n8n.stored).toEqual({ [STORED]: { delivered: [other] } });
		fail();
		expect(await answer).toBe(500);
	});

	it('gives the next delivery its turn, also where the provider has hung up by then', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		const { fail } = await deliverAndHangUp(n8n, taskId);
		const second = deliver(n8n.url, taskId);
		fail();
		expect(await second).toBe(200);
		expect(n8n.started).toMatchObject([{ taskId }]);
	});
});

describe('a start that n8n never ends', () => {
	it('lets the next delivery wait for some seconds, and stands in nobody’s way in the end', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		const { begun } = holdFirstStart(n8n);
		const caller = new AbortController();
		const first = deliver(n8n.url, taskId, { signal: caller.signal });
		await begun;
		expect(await deliver(n8n.url, taskId)).toBe(503);
		expect(n8n.started).toEqual([]);

		// The provider comes again and again.
		let status = 503;
		while (status === 503) status = await deliver(n8n.url, taskId);
		expect(status).toBe(200);
		expect(n8n.started).toMatchObject([{ taskId }]);
		caller.abort();
		await expect(first).rejects.toThrow('canceled');
	});
});

describe.each([true, false])(
	'a callback whose caller has hung up, with deduplication: %s',
	(on) => {
		it('goes on, and what comes again waits for it and is acknowledged', async () => {
			const n8n = await serve({ deduplicate: on });
			const taskId = await newTask();
			const { end } = await deliverAndHangUp(n8n, taskId);
			const again = deliver(n8n.url, taskId);
			end();
			expect(await again).toBe(200);
			expect(n8n.started).toMatchObject([{ taskId }]);
		});

		it('is acknowledged as well when it comes again later, and costs no second question to the API', async () => {
			const n8n = await serve({ deduplicate: on });
			const taskId = await newTask();
			const { end } = await deliverAndHangUp(n8n, taskId);
			end();
			await until(() => n8n.started.length === 1);
			expect(await deliver(n8n.url, taskId)).toBe(200);
			expect(n8n.started).toMatchObject([{ taskId }]);
			expect(simulator.stats().recordInfo.requests).toBe(1);
		});

		it('starts the workflow when it comes again if the first start has failed, without asking the API again', async () => {
			const n8n = await serve({ deduplicate: on });
			const taskId = await newTask();
			const { fail } = await deliverAndHangUp(n8n, taskId);
			const again = deliver(n8n.url, taskId);
			fail();
			expect(await again).toBe(200);
			expect(n8n.started).toMatchObject([{ taskId }]);
			expect(simulator.stats().recordInfo.requests).toBe(1);
		});
	},
);

describe('without deduplication', () => {
	it('each callback that is answered starts the workflow, also at the same time', async () => {
		const n8n = await serve({ deduplicate: false });
		const taskId = await newTask();
		const { begun, end } = holdFirstStart(n8n);
		const first = deliver(n8n.url, taskId);
		await begun;
		expect(await deliver(n8n.url, taskId)).toBe(200);
		end();
		expect(await first).toBe(200);
		expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(n8n.started).toMatchObject([{ taskId }, { taskId }, { taskId }]);
	});

	it('a callback that came again is an event when it comes once more', async () => {
		const n8n = await serve({ deduplicate: false });
		const taskId = await newTask();
		const { end } = await deliverAndHangUp(n8n, taskId);
		end();
		await until(() => n8n.started.length === 1);
		expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(n8n.started).toHaveLength(1);
		expect(await deliver(n8n.url, taskId)).toBe(200);
		expect(n8n.started).toHaveLength(2);
	});
});

describe('the credential', () => {
	it('is not read for each of the callbacks that come together', async () => {
		const reads = jest.spyOn(WebhookContext.prototype, 'getCredentials');
		const n8n = await serve();
		const taskIds = await Promise.all(Array.from({ length: 20 }, async () => await newTask()));
		const answers = taskIds.map(async (taskId) => await deliver(n8n.url, taskId));
		expect(await Promise.all(answers)).toEqual(Array(20).fill(200));
		expect(reads.mock.calls.length).toBeLessThan(20);
		reads.mockRestore();
	});

	it('that is edited counts within seconds: a callback without a signature is refused then', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		expect(await deliver(n8n.url, taskId)).toBe(200);
		n8n.credential.webhookHmacKey = 'a-key';
		await poll(
			async () => await deliver(n8n.url, taskId),
			(status) => status === 401,
			{ timeout: 10_000 },
		);
	});

	it('that cannot be read is read again by the next callback', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		const { provider } = n8n.credential;
		n8n.credential.provider = 'nobody';
		expect(await deliver(n8n.url, taskId)).toBe(503);
		n8n.credential.provider = provider;
		expect(await deliver(n8n.url, taskId)).toBe(200);
	});

	it.each([['my secret key'], ['ключ-42'], [42_424_242], [' a-key\n']])(
		'whose HMAC key is %j takes what is signed with it, and nothing else',
		async (webhookHmacKey) => {
			const n8n = await serve({ verifyWithApi: false }, { webhookHmacKey });
			const timestamp = String(Math.floor(Date.now() / 1_000));
			const signature = createHmac('sha256', String(webhookHmacKey).trim())
				.update(`some-task.${timestamp}`)
				.digest('base64');
			const headers = { 'X-Webhook-Timestamp': timestamp, 'X-Webhook-Signature': signature };
			expect(await deliver(n8n.url, 'some-task')).toBe(401);
			expect(await deliver(n8n.url, 'some-task', { headers })).toBe(200);
		},
	);

	it.each([null, undefined, {}, ' ', '\u200B'])(
		'whose HMAC key is an expression that gives %j lets nothing pass unsigned',
		async (webhookHmacKey) => {
			const n8n = await serve({ verifyWithApi: false }, { webhookHmacKey });
			expect(await deliver(n8n.url, 'some-task')).toBe(503);
			expect(n8n.started).toEqual([]);
		},
	);

	it('of one workflow says nothing of another', async () => {
		const [open, signed] = [await serve(), await serve({}, { webhookHmacKey: 'a-key' })];
		const taskId = await newTask();
		expect(await deliver(open.url, taskId)).toBe(200);
		expect(await deliver(signed.url, taskId)).toBe(401);
		expect(signed.started).toEqual([]);
	});
});
