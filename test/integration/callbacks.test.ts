/** What the trigger answers to each callback, and what it starts the workflow with. */
import '../support/fastClock';
import { createHmac } from 'node:crypto';
import axios from 'axios';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { get, newAccount, simulator, useSimulator } from '../support/aleph';
import { logged, runNode } from '../support/engine';
import { good } from '../support/hostile/answers';
import { server, useHostileServers } from '../support/hostile/run';
import { PATHS } from '../support/hostile/server';
import { until } from '../support/poll';
import { publishTrigger, serveTrigger, type Served } from '../support/webhook';

useSimulator({ duration: 0 });
useHostileServers();

const running: Served[] = [];
afterEach(() => {
	for (const served of running.splice(0)) served.close();
});

async function serve(parameters?: INodeParameters, account?: IDataObject): Promise<Served> {
	const served = await serveTrigger(parameters, account);
	running.push(served);
	return served;
}

async function deliver(
	{ url }: Served,
	body: unknown,
	headers: Record<string, string> = { 'content-type': 'application/json' },
) {
	const data = typeof body === 'string' ? body : JSON.stringify(body);
	const { status, data: answer } = await axios.post<{ code: number; msg: string }>(url, data, {
		headers,
		validateStatus: () => true,
	});
	expect(answer.code).toBe(status);
	return { status, msg: answer.msg };
}

const done = (taskId: unknown) => ({ code: 200, msg: 'success', taskId });

const newTask = async (prompt = 'Make it snow') => await simulator.startTask({ prompt });

describe('a good callback', () => {
	it('starts the workflow with what the API says, whatever it says itself', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		const forged = { result_video_url: 'https://example.com/other.mp4' };
		expect(await deliver(n8n, { ...done(taskId), data: forged })).toEqual({
			status: 200,
			msg: 'success',
		});
		expect(n8n.started).toMatchObject([
			{
				taskId,
				status: 'success',
				videoUrl: expect.stringContaining(`/files/result/${taskId}.mp4`) as string,
				prompt: 'Make it snow',
			},
		]);
		expect(Object.keys(n8n.started[0]!)).toHaveLength(10);
	});

	it.each([
		['of the Aleph API', (taskId: string) => ({ code: 200, msg: '', data: { task_id: taskId } })],
		['with short names', (taskId: string) => ({ code: '200', msg: '', data: { taskId } })],
		[
			'of the Jobs API',
			(taskId: string) => ({ code: 200, msg: '', data: { taskId, state: 'success' } }),
		],
		[
			'with a state that nobody knows',
			(taskId: string) => ({ code: 200, msg: '', data: { taskId, state: 'succeeded' } }),
		],
	])('is understood in each spelling: %s', async (_, body) => {
		const n8n = await serve();
		const taskId = await newTask();
		expect(await deliver(n8n, body(taskId))).toMatchObject({ status: 200 });
		expect(n8n.started).toMatchObject([{ taskId, status: 'success' }]);
	});

	it('of a task that failed tells so, or starts nothing, as the user wants', async () => {
		const taskId = await newTask('Bad [fail=moderation]');
		const failed = { code: 400, msg: 'flagged', taskId };
		const all = await serve();
		expect(await deliver(all, failed)).toMatchObject({ status: 200 });
		expect(all.started).toMatchObject([{ taskId, status: 'failed' }]);
		const some = await serve({ events: ['completed'] });
		expect(await deliver(some, failed)).toMatchObject({ status: 200 });
		expect(some.started).toEqual([]);
	});

	it('comes out, not simplified, as it was sent', async () => {
		const n8n = await serve({ simplify: false });
		const body = { ...done(await newTask()), data: { extra: [1, { two: 2 }] } };
		await deliver(n8n, body);
		expect(n8n.started).toEqual([body]);
	});

	it('is believed without the API if the user wants that, but nothing is downloaded', async () => {
		const n8n = await serve({ verifyWithApi: false, options: { download: ['video'] } });
		const data = { result_video_url: `${simulator.url}/files/sample.mp4` };
		await deliver(n8n, { ...done('a-task'), data });
		expect(n8n.started).toMatchObject([{ taskId: 'a-task', videoUrl: data.result_video_url }]);
		expect(simulator.requests()).toEqual([]);
	});
});

describe('one task', () => {
	it('spelled with blanks, in two callbacks, starts the workflow once, under its own id', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		for (const id of [`${taskId} `, ` ${taskId}`, taskId]) {
			expect(await deliver(n8n, done(id))).toMatchObject({ status: 200 });
		}
		expect(n8n.started).toMatchObject([{ taskId }]);
		expect(await deliver(n8n, done(taskId.toUpperCase()))).toMatchObject({ status: 403 });
		expect(n8n.started).toHaveLength(1);
	});

	it('may have a number for an id', async () => {
		const n8n = await serve({ verifyWithApi: false });
		await deliver(n8n, done(12_345));
		expect(n8n.started).toMatchObject([{ taskId: '12345' }]);
	});

	it('that still runs starts nothing, and is not remembered', async () => {
		const n8n = await serve({ verifyWithApi: false });
		const data = { taskId: 'a-task', state: 'generating' };
		expect(await deliver(n8n, { code: 200, msg: '', data })).toMatchObject({ status: 200 });
		expect(n8n.started).toEqual([]);
		await deliver(n8n, { code: 200, msg: '', data: { ...data, state: 'success' } });
		expect(n8n.started).toMatchObject([{ taskId: 'a-task' }]);
	});
});

describe('what is no callback is answered 400', () => {
	const nested = `{"code":200,"taskId":"a-task","data":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;

	it.each<[string, unknown]>([
		['without a task', { code: 200, msg: 'success' }],
		['without a code', { taskId: 'a-task' }],
		['with a code that is none', { code: 'good', taskId: 'a-task' }],
		['with an id of blanks', done('  ')],
		['with an id of 201 characters', done('x'.repeat(201))],
		['with an id of 60 kB', done('x'.repeat(60_000))],
		['with a control character in its id', done('a\u0000task')],
		['with an id that is a list', done(['a-task'])],
		['that is a list', [done('a-task')]],
		['that is null', 'null'],
		['nested 30,000 deep', nested],
	])('%s', async (_, body) => {
		const n8n = await serve({ verifyWithApi: false });
		expect(await deliver(n8n, body)).toEqual({
			status: 400,
			msg: 'The body must be a JSON object with a task ID and a code',
		});
		expect(n8n.started).toEqual([]);
		expect(n8n.writes).toBe(0);
	});

	it.each([
		'application/x-www-form-urlencoded',
		'application/x-www-form-urlencoded; x=/json',
		'text/plain',
		'text/plain; x=+json',
		'multipart/form-data; boundary=x',
	])('as %s', async (type) => {
		const n8n = await serve({ verifyWithApi: false });
		const answer = await deliver(n8n, 'code=200&taskId=a-task', { 'content-type': type });
		expect(answer.status).toBe(400);
		expect(n8n.started).toEqual([]);
	});
});

describe('a signature', () => {
	const signed = (taskId: string, key: string, age = 0) => {
		const timestamp = String(Math.floor(Date.now() / 1_000) - age);
		const signature = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
		return {
			'content-type': 'application/json',
			'x-webhook-timestamp': timestamp,
			'x-webhook-signature': signature,
		};
	};

	it.each(['a-key', ' a-key\r\n', 'a\u200b-key'])(
		'with the key %j in the credential is right, however it was pasted',
		async (webhookHmacKey) => {
			const n8n = await serve({}, { webhookHmacKey });
			const taskId = await newTask();
			expect(await deliver(n8n, done(taskId), signed(taskId, 'a-key'))).toMatchObject({
				status: 200,
			});
			expect(n8n.started).toMatchObject([{ taskId }]);
		},
	);

	it('that is missing, wrong, of another task or old is refused, and the log says so', async () => {
		const n8n = await serve({}, { webhookHmacKey: 'a-key' });
		const taskId = await newTask();
		const headers = [
			undefined,
			signed(taskId, 'another-key'),
			signed('another-task', 'a-key'),
			signed(taskId, 'a-key', 6 * 60),
		];
		for (const each of headers) {
			logged.length = 0;
			expect(await deliver(n8n, done(taskId), each)).toEqual({
				status: 401,
				msg: 'The signature is missing, wrong or too old',
			});
			expect(logged.join()).toContain(`rejected a callback for task ${taskId}`);
		}
		expect(n8n.started).toEqual([]);
		expect(simulator.requests().filter(({ method }) => method === 'GET')).toEqual([]);
	});
});

it('a video that cannot be downloaded starts the workflow all the same, with the error', async () => {
	simulator.settings.resultBase = `${simulator.url}/gone`;
	const n8n = await serve({ options: { download: ['video'] } });
	const taskId = await newTask();
	expect(await deliver(n8n, done(taskId))).toMatchObject({ status: 200 });
	const error = 'The video is ready, but could not be downloaded';
	expect(n8n.started).toMatchObject([{ taskId, error }]);
});

describe('the API', () => {
	it('that does not know the task makes it 403', async () => {
		const n8n = await serve();
		expect(await deliver(n8n, done('no-such-task'))).toEqual({
			status: 403,
			msg: 'The API does not know this task',
		});
		expect(n8n.started).toEqual([]);
	});

	it.each([
		['no-such-task', {}, 'The API does not know this task. Check the task ID.'],
		['a-task', { apiKey: 'wrong-key' }, 'The API key was refused. Check the API key'],
		['a-task', { baseUrl: 'http://127.0.0.1:1' }, 'could not be reached'],
	])(
		'that cannot verify a callback for %j with %j is told to the log',
		async (taskId, account, reason) => {
			const n8n = await serve({}, account);
			logged.length = 0;
			await deliver(n8n, done(taskId));
			expect(logged.join()).toContain(`rejected a callback for task ${taskId}: `);
			expect(logged.join()).toContain(reason);
		},
	);

	it.each([
		['another task', { taskId: 'another-task', state: 'success' }],
		['another model', { taskId: 'a-task', model: 'veo3', state: 'success' }],
	])('whose record is of %s makes it 403', async (_, record) => {
		const n8n = await serve({}, { baseUrl: server.url, apiKey: 'a-key-of-a-callback' });
		server.answer('a-key-of-a-callback', {
			'/api/v1/jobs/recordInfo': good(record),
			[PATHS.record]: good(null),
		});
		expect(await deliver(n8n, done('a-task'))).toMatchObject({ status: 403 });
		expect(n8n.started).toEqual([]);
	});

	it('that cannot be asked makes it 503, and the next try comes through', async () => {
		const n8n = await serve();
		const taskId = await newTask();
		simulator.settings.maintenance = true;
		expect(await deliver(n8n, done(taskId))).toEqual({
			status: 503,
			msg: 'The task could not be verified, try again',
		});
		simulator.settings.maintenance = false;
		expect(await deliver(n8n, done(taskId))).toMatchObject({ status: 200 });
		expect(n8n.started).toMatchObject([{ taskId }]);
	});

	it('that says that the task still runs makes it 503', async () => {
		const n8n = await serve();
		const taskId = await newTask('Slow [duration=600]');
		expect(await deliver(n8n, done(taskId))).toEqual({
			status: 503,
			msg: 'The task is still running, try again',
		});
		expect(n8n.started).toEqual([]);
	});

	it('that says so, and then cannot be asked again in time, has said so', async () => {
		const n8n = await serve();
		const taskId = await newTask('Slow [duration=600]');
		const answer = deliver(n8n, done(taskId));
		await until(() => simulator.stats().recordInfo.requests > 0);
		simulator.settings.maintenance = true;
		expect(await answer).toEqual({ status: 503, msg: 'The task is still running, try again' });
		expect(n8n.started).toEqual([]);
	});

	it('is asked for a task of an execution without waiting for a flood of forged callbacks', async () => {
		const MANY = 500;
		const { apiKey } = newAccount();
		const n8n = await serve({}, { apiKey });
		const taskId = await newTask();
		const forged = Array.from(
			{ length: MANY },
			async (_, n) => await deliver(n8n, done(`no-${n}`)),
		);
		await until(() => simulator.stats().recordInfo.requests > 5);
		const { items } = await runNode({
			parameters: get(taskId),
			credential: newAccount({ apiKey }),
		});
		expect(items[0]?.json).toMatchObject({ taskId, status: 'success' });
		expect(simulator.stats().recordInfo.requests).toBeLessThan(MANY);
		const answers = await Promise.all(forged);
		// 503 if the machine is too slow to ask for so many within 10 seconds.
		for (const { status } of answers) expect([403, 503]).toContain(status);
		expect(n8n.started).toEqual([]);
	});
});

describe('publishing', () => {
	const files = (videoOutputProperty: string, thumbnailOutputProperty: string) => ({
		options: { download: ['video', 'thumbnail'], videoOutputProperty, thumbnailOutputProperty },
	});

	it.each<[string, INodeParameters]>([
		[
			'"Put Video in Field" and "Put Thumbnail in Field" must not have the same name: "file"',
			files('file', 'file'),
		],
		['"Put Video in Field" has a reserved name', files('__proto__', 'file')],
		['"Trigger On" is empty', { events: [] }],
		['"Trigger On" must be a list of completed, failed', { events: '={{ null }}' }],
		['"Trigger On" must be one of completed, failed', { events: ['ended'] }],
		['"Verify with API" must be true or false', { verifyWithApi: '={{ "maybe" }}' }],
		['"Deduplicate" must be true or false', { deduplicate: '={{ undefined }}' }],
		['"Simplify" must be true or false', { simplify: '={{ [] }}' }],
	])('is refused: %s', async (message, parameters) => {
		await expect(publishTrigger(parameters)).rejects.toMatchObject({ message });
	});

	it('is refused with Runway, which sends no callbacks', async () => {
		await expect(publishTrigger({}, { provider: 'runway' })).rejects.toMatchObject({
			message: 'Runway sends no callbacks, so this trigger would never start',
			description: expect.stringContaining('Wait for Completion') as string,
		});
	});

	it.each([
		[{ apiKey: '' }, 'The API key in the credential is empty'],
		[{ provider: 'kie', api: 'runway' }, 'The credential names no provider, or none with this API'],
	])(
		'is refused with a credential with which every callback would be lost: %j',
		async (account, message) => {
			await expect(publishTrigger({}, account)).rejects.toMatchObject({ message });
		},
	);

	it('goes well otherwise, and sends nothing', async () => {
		await publishTrigger();
		await publishTrigger({ events: '={{ "completed, failed" }}', ...files('video', 'image') });
		expect(simulator.requests()).toEqual([]);
	});
});
