import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axios from 'axios';
import type { INodeParameters } from 'n8n-workflow';
import type { Credential } from '../support/n8n/client';
import { outputOf } from '../support/n8n/execution';
import { installN8n } from '../support/n8n/install';
import { newCredential, publishTrigger, restart, triggeredItems, useN8n } from '../support/realN8n';
import { startTask } from '../support/tasks';
import { TRIGGER, triggerWorkflow } from '../support/workflow';

const world = useN8n({ duration: 0 });

const HMAC_KEY = 'the-hmac-key-of-the-account';

interface Trigger {
	url: string;
	workflowId: string;
}

async function newTrigger(
	parameters: INodeParameters = {},
	credential: Credential = world.credential,
): Promise<Trigger> {
	const { client } = world;
	const { workflowId, path } = await publishTrigger({ client, credential }, parameters);
	return { url: `${world.n8n.url}/webhook/${path}`, workflowId };
}

/** Starts a task on the simulator, which calls back when it ends, within moments. */
const generate = async (prompt: string, callBackUrl?: string) =>
	await startTask(world.simulator, { prompt, callBackUrl });

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
	const config = { headers, validateStatus: () => true, maxBodyLength: Infinity };
	// Of a text axios would make JSON.
	const data = typeof body === 'string' ? Buffer.from(body) : body;
	const answer = await axios.post<unknown>(url, data, config);
	return { status: answer.status, data: answer.data };
}

function signed(taskId: string, key = HMAC_KEY, age = 0): Record<string, string> {
	const timestamp = String(Math.floor(Date.now() / 1000) - age);
	const signature = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
	return { 'X-Webhook-Timestamp': timestamp, 'X-Webhook-Signature': signature };
}

const done = (taskId: string, url = 'https://evil.example/video.mp4') => ({
	code: 200,
	msg: 'success',
	data: { result_video_url: url },
	taskId,
});

const GOOD = { status: 200, data: { code: 200, msg: 'success' } };

/** Changes n8n's database behind its back. */
async function sql(statement: string): Promise<void> {
	const { node } = await installN8n();
	const database = join(world.n8n.userFolder, '.n8n', 'database.sqlite');
	// n8n writes there, too.
	const script = `const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
		database.exec('PRAGMA busy_timeout = 120000');
		database.exec(process.argv[2]);`;
	await promisify(execFile)(node, ['-e', script, database, statement]);
}

/** While `work` goes on, n8n cannot start this workflow: its database does not take the execution. */
async function whileStartsFail({ workflowId }: Trigger, work: () => Promise<void>) {
	await sql(
		`CREATE TRIGGER no_start BEFORE INSERT ON execution_entity
		WHEN NEW.workflowId = '${workflowId}' BEGIN SELECT RAISE(ABORT, 'The disk is full'); END`,
	);
	try {
		await work();
	} finally {
		await sql('DROP TRIGGER no_start');
	}
}

const itemsOf = async ({ workflowId }: Trigger, expected: number) =>
	await triggeredItems(world, workflowId, expected);

describe('a callback of the provider', () => {
	it.each(['camel', 'snake', 'short'] as const)(
		'in the spelling "%s" becomes the item that the node would give',
		async (spelling) => {
			world.simulator.settings.spelling = spelling;
			const trigger = await newTrigger();
			const taskId = await generate('Make it snow', trigger.url);
			const [item, ...others] = await itemsOf(trigger, 1);
			expect(others).toEqual([]);
			expect(item).toMatchObject({
				taskId,
				status: 'success',
				videoUrl: expect.stringContaining(world.simulator.url) as string,
				prompt: 'Make it snow',
			});
		},
	);

	it('of a failed task becomes an item as well, or not, as the user has chosen', async () => {
		const both = await newTrigger();
		await generate('Bad [fail=moderation]', both.url);
		expect(await itemsOf(both, 1)).toMatchObject([
			{ status: 'failed', errorMessage: expect.stringContaining('moderation') as string },
		]);
		const completed = await newTrigger({ events: ['completed'] });
		await generate('Bad [fail=moderation]', completed.url);
		const taskId = await generate('Make it snow', completed.url);
		expect(await itemsOf(completed, 1)).toMatchObject([{ taskId, status: 'success' }]);
	});

	it('not simplified comes as it was sent', async () => {
		const trigger = await newTrigger({ simplify: false });
		const taskId = await generate('Make it snow', trigger.url);
		expect(await itemsOf(trigger, 1)).toMatchObject([
			{ code: 200, taskId, data: { result_video_url: expect.any(String) as string } },
		]);
	});

	it('brings the files of the task where the user wants them', async () => {
		const trigger = await newTrigger({
			options: { download: ['video', 'thumbnail'], videoOutputProperty: 'film' },
		});
		await generate('Make it snow', trigger.url);
		await itemsOf(trigger, 1);
		const { workflowId } = trigger;
		const [{ id } = { id: '' }] = await world.client.listExecutions({ workflowId });
		const [item] = outputOf(await world.client.execution(id), TRIGGER);
		expect(item?.binary).toMatchObject({
			film: { mimeType: 'video/mp4' },
			thumbnail: { mimeType: 'image/png' },
		});
	});

	it('is answered 503 while the API cannot be asked, and comes through when it is sent again', async () => {
		const trigger = await newTrigger();
		const taskId = await generate('Make it snow [readFaults=500,500,500,500,500] [lag=0]');
		const first = await post(trigger.url, done(taskId));
		expect(first).toEqual({
			status: 503,
			data: { code: 503, msg: 'The task could not be verified, try again' },
		});
		expect(await post(trigger.url, done(taskId))).toEqual(GOOD);
		expect(await itemsOf(trigger, 1)).toHaveLength(1);
	});

	it('is answered 500 while n8n cannot start the workflow, and comes through when it is sent again', async () => {
		const trigger = await newTrigger();
		const taskId = await generate('Make it snow');
		const deliver = async () => await post(trigger.url, done(taskId));
		await whileStartsFail(trigger, async () => {
			const answers = await Promise.all([deliver(), deliver(), deliver()]);
			expect(answers.map(({ status }) => status)).toEqual([500, 500, 500]);
		});
		expect(await Promise.all([deliver(), deliver(), deliver()])).toEqual([GOOD, GOOD, GOOD]);
		expect(await itemsOf(trigger, 1)).toMatchObject([{ taskId }]);
	});

	it('is answered 503 when the credential cannot be read, and starts nothing', async () => {
		const credential = await newCredential(world);
		const trigger = await newTrigger({}, credential);
		const taskId = await generate('Make it snow');
		await sql(`UPDATE credentials_entity SET data = 'garbled' WHERE id = '${credential.id}'`);
		expect(await post(trigger.url, done(taskId))).toEqual({
			status: 503,
			data: { code: 503, msg: 'The callback could not be handled, try again' },
		});
		expect(await world.client.listExecutions({ workflowId: trigger.workflowId })).toEqual([]);
	});

	it('for a task that the API says is running is answered 503', async () => {
		const trigger = await newTrigger();
		const taskId = await generate('Slow [duration=600]');
		expect(await post(trigger.url, done(taskId))).toEqual({
			status: 503,
			data: { code: 503, msg: 'The task is still running, try again' },
		});
	});
});

describe('deliveries of one task', () => {
	it('start the workflow once, also at the same instant and after a restart', async () => {
		Object.assign(world.simulator.settings, { rateLimit: 1000, concurrency: 1000 });
		const trigger = await newTrigger();
		const generateMany = async (count: number) =>
			await Promise.all(Array.from({ length: count }, async () => await generate('Make it snow')));
		const deliver = async (taskId: string) => await post(trigger.url, done(taskId));

		const burst = await generateMany(20);
		expect(await Promise.all(burst.map(deliver))).toEqual(Array(20).fill(GOOD));
		const [often = '', failing = ''] = await generateMany(2);
		const deliveries = Array.from({ length: 20 }, async () => await deliver(often));
		expect(await Promise.all(deliveries)).toEqual(Array(20).fill(GOOD));
		await whileStartsFail(trigger, async () => {
			expect((await deliver(failing)).status).toBe(500);
		});
		expect(await itemsOf(trigger, 21)).toHaveLength(21);

		await restart(world, 'kill');
		for (const taskId of [...burst, often, failing]) expect(await deliver(taskId)).toEqual(GOOD);
		const taskIds = (await itemsOf(trigger, 22)).map(({ taskId }) => taskId);
		expect(taskIds.sort()).toEqual([...burst, often, failing].sort());
	});
});

describe('a forged callback', () => {
	let open: Trigger;
	let withKey: Trigger;
	let taskId: string;

	beforeAll(async () => {
		open = await newTrigger();
		withKey = await newTrigger({}, await newCredential(world, { webhookHmacKey: HMAC_KEY }));
	});
	beforeEach(async () => {
		taskId = await generate('Make it snow');
	});

	const large = 'x'.repeat(5 * 1024 * 1024);
	const nested = '['.repeat(100_000) + ']'.repeat(100_000);
	const json = { 'Content-Type': 'application/json' };

	it.each<[string, number, () => Promise<{ status: number; data: unknown }>]>([
		['without a signature', 401, () => post(withKey.url, done(taskId))],
		[
			'signed with a wrong key',
			401,
			() => post(withKey.url, done(taskId), signed(taskId, 'other')),
		],
		[
			'signed six minutes ago',
			401,
			() => post(withKey.url, done(taskId), signed(taskId, HMAC_KEY, 360)),
		],
		[
			'with the signature of another task',
			401,
			() => post(withKey.url, done(taskId), signed('another-task')),
		],
		['for a task that does not exist', 403, () => post(open.url, done('no-such-task'))],
		['that is an array', 400, () => post(open.url, [done(taskId)])],
		['without a task ID', 400, () => post(open.url, { code: 200, msg: 'success' })],
		['without a code', 400, () => post(open.url, { taskId })],
		['of 5 MB', 400, () => post(open.url, { ...done(taskId), large })],
		['nested 100,000 deep', 400, () => post(open.url, nested, json)],
		[
			'of another content type',
			400,
			() => post(open.url, 'taskId', { 'Content-Type': 'text/plain' }),
		],
		// n8n itself refuses this one, before the node sees it.
		['that is no JSON, but says so', 422, () => post(open.url, '{"taskId', json)],
	])('%s is answered %i', async (_, status, send) => {
		const answer = await send();
		expect(answer.status).toBe(status);
		expect(JSON.stringify(answer.data)).not.toMatch(/\bat .*\.js|stack/);
		if (status !== 422) expect(answer.data).toMatchObject({ code: status });
	});

	it('for a real task with someone else’s video gives the real video', async () => {
		const trigger = await newTrigger();
		expect(await post(trigger.url, done(taskId))).toEqual(GOOD);
		const [item] = await itemsOf(trigger, 1);
		expect(item?.videoUrl).toContain(world.simulator.url);
	});

	it('is not downloaded from while nothing is verified, signed or not', async () => {
		const asked: string[] = [];
		const inside = createServer(({ url = '' }, response) => {
			asked.push(url);
			response.end('a secret');
		}).listen(0, '127.0.0.1');
		await once(inside, 'listening');
		const address = `http://127.0.0.1:${(inside.address() as AddressInfo).port}/metadata`;
		const credential = await newCredential(world, { webhookHmacKey: HMAC_KEY });
		// An expression, since the editor offers the option only where something is verified.
		const parameters = { verifyWithApi: '={{ false }}', options: { download: ['video'] } };
		const trigger = await newTrigger(parameters, credential);
		expect(await post(trigger.url, done(taskId, address), signed(taskId))).toEqual(GOOD);
		expect(await itemsOf(trigger, 1)).toMatchObject([{ taskId, videoUrl: address }]);
		inside.close();
		expect(asked).toEqual([]);
		expect(world.n8n.logs()).toContain('downloads nothing while "Verify with API" is off');
	});

	it('has started nothing', async () => {
		expect(await itemsOf(open, 0)).toEqual([]);
		expect(await itemsOf(withKey, 0)).toEqual([]);
		expect(await world.client.listExecutions({ workflowId: open.workflowId })).toEqual([]);
	});

	it('differs from one that is signed with the key of the account', async () => {
		world.simulator.settings.hmacKey = HMAC_KEY;
		const before = (await itemsOf(withKey, 0)).length;
		await generate('Make it snow', withKey.url);
		expect(await itemsOf(withKey, before + 1)).toHaveLength(before + 1);
	});
});

describe('the editor', () => {
	it('listens for a test event', async () => {
		const { workflow, path } = triggerWorkflow();
		const workflowId = await world.client.importWorkflow(workflow, [world.credential]);
		await world.client.listenForTestEvent(workflowId, TRIGGER);
		const testUrl = `${world.n8n.url}/webhook-test/${path}`;
		const taskId = await generate('Make it snow', testUrl);
		expect(await itemsOf({ workflowId, url: testUrl }, 1)).toMatchObject([{ taskId }]);
	});
});
