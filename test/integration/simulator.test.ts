/**
 * The simulator, over real HTTP. Every answer and every callback is checked against the OpenAPI
 * file on its way in, so that each story below is also a check of the contract.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import { startSimulator, type Settings, type Simulator } from '../simulator';
import { answerFaults, faultsOf } from '../simulator/contract';

interface Envelope<Data = unknown> {
	code: number;
	msg: string;
	data: Data;
}

const VIDEO = 'https://example.com/in.mp4';
const running: Array<Simulator | Receiver> = [];
const contractFaults: string[] = [];

afterEach(async () => {
	await Promise.all(running.splice(0).map((each) => each.close()));
	expect(contractFaults.splice(0)).toEqual([]);
});

describe('generate and record-info', () => {
	it('runs a task from request to result', async () => {
		const api = await simulate({ duration: 0.5 });
		const order = { prompt: 'make it snow', videoUrl: VIDEO, aspectRatio: '16:9', seed: 7 };
		const taskId = await api.start(order);

		const early = (await api.read(taskId)).data.data;
		expect(early).toMatchObject({ taskId, successFlag: 0, response: null, completeTime: null });
		expect(JSON.parse(early.paramJson)).toEqual(order);

		await sleep(550);
		const late = (await api.read(taskId)).data.data;
		expect(late).toMatchObject({ successFlag: 1, errorCode: 0, errorMessage: '' });
		const video = await axios.get<Buffer>(late.response.resultVideoUrl, {
			responseType: 'arraybuffer',
		});
		expect(video.headers['content-type']).toBe('video/mp4');
		expect(video.data.subarray(4, 8).toString()).toBe('ftyp');
	});

	it.each([
		['moderation', 400, /moderation/],
		['internal', 500, /Internal Error/],
		['the dog ate it', 400, /^the dog ate it$/],
	])('fails a task with %s', async (fail, errorCode, message) => {
		const api = await simulate({ duration: 0, fail, failedFlag: 3 });
		const { data } = (await api.read(await api.start())).data;
		expect(data).toMatchObject({ successFlag: 3, errorCode, response: null });
		expect(data.errorMessage).toMatch(message);
	});

	it('draws the same failures from the same seed', async () => {
		const drawn = async () => {
			const api = await simulate({ duration: { min: 0, max: 9 }, failRate: 0.5, seed: 3 });
			for (let count = 0; count < 10; count++) await api.start();
			return api.simulator
				.tasks()
				.map(({ failure, createdAt, endsAt }) => [failure, Math.round(endsAt - createdAt)]);
		};
		const first = await drawn();
		expect(await drawn()).toEqual(first);
		expect(new Set(first.map(String)).size).toBeGreaterThan(2);
	});

	it.each(['iso', 'iso-local', 'epoch'] as const)('writes times as %s', async (times) => {
		const api = await simulate({ times });
		const { createTime } = (await api.read(await api.start())).data.data;
		const time = times === 'iso-local' ? `${String(createTime)}Z` : createTime;
		expect(Math.abs(new Date(time).getTime() - Date.now())).toBeLessThan(2000);
		expect(/Z$/.test(String(createTime))).toBe(times === 'iso');
	});

	it('does not know a task as long as it lags', async () => {
		const api = await simulate({ lag: 0.5 });
		const taskId = await api.start();
		expect((await api.read(taskId)).data).toMatchObject({ code: 422, msg: 'recordInfo is null' });
		await sleep(550);
		expect((await api.read(taskId)).data.code).toBe(200);
		expect((await api.read('another')).data.msg).toBe('recordInfo is null');
	});

	it.each([
		[{ videoUrl: VIDEO }, 'prompt is required'],
		[{ prompt: 'snow' }, 'videoUrl is required'],
		[{ prompt: 'snow', videoUrl: VIDEO, aspectRatio: '5:4' }, 'aspectRatio must be'],
		[{ prompt: 'snow', videoUrl: VIDEO, seed: '7' }, 'seed must be integer'],
		[{ prompt: '[duration=long]', videoUrl: VIDEO }, 'duration must be a number'],
	])('refuses %j', async (body, reason) => {
		const api = await simulate({});
		const { data } = await api.generate(body);
		expect(data.code).toBe(422);
		expect(data.msg).toContain(reason);
		expect(api.simulator.stats().generate).toMatchObject({ accepted: 0, refused: 1 });
	});

	it('refuses what is not JSON', async () => {
		const api = await simulate({});
		expect((await api.generate(Buffer.from('{"prompt":'))).data.code).toBe(422);
	});

	it('obeys directives for one task only', async () => {
		const api = await simulate({ duration: 60 });
		const failed = await api.start({
			prompt: 'snow [duration=0] [fail=moderation]',
			videoUrl: VIDEO,
		});
		const normal = await api.start({ prompt: 'snow [really] [sic=1]', videoUrl: VIDEO });
		expect((await api.read(failed)).data.data.errorMessage).toMatch(/moderation/);
		expect((await api.read(normal)).data.data.errorMessage).toBeNull();
		const refused = await api.generate({ prompt: 'snow [refuse=451]', videoUrl: VIDEO });
		expect(refused.data.code).toBe(451);
	});
});

describe('refusals', () => {
	it.each([
		['body', 200],
		['status', 401],
	] as const)('shows errors in the %s', async (errorStyle, status) => {
		const api = await simulate({ errorStyle }, 'wrong-key');
		const answers = await Promise.all([api.generate(), api.read('x'), api.credit(), api.upload()]);
		for (const answer of answers) {
			expect(answer.status).toBe(status);
			expect(answer.data.code).toBe(401);
		}
		expect(api.simulator.stats().unauthorized).toBe(4);
	});

	it('refuses the 21st of a burst', async () => {
		const api = await simulate({ retryAfter: 3 });
		const answers = await Promise.all(Array.from({ length: 21 }, () => api.generate()));
		const refused = answers.filter(({ data }) => data.code !== 200);
		expect(refused.map(({ data }) => data.code)).toEqual([429]);
		expect(refused[0]?.data.msg).toMatch(/Rate limit/);
		expect(refused[0]?.headers['retry-after']).toBe('3');
		expect(api.simulator.stats().generate).toMatchObject({ accepted: 20, refusedByRate: 1 });
	});

	it('lets only so many tasks run at once, for each key', async () => {
		const api = await simulate({ concurrency: 2, duration: 0.6 });
		const codes = async (key: string) => {
			const answers = await Promise.all([1, 2, 3].map(() => api.generate(undefined, key)));
			return answers.map(({ data }) => data.code).sort();
		};
		expect(await codes('one')).toEqual([200, 200, 429]);
		expect(await codes('two')).toEqual([200, 200, 429]);
		expect(api.simulator.stats()).toMatchObject({ running: 4, peakRunning: 4 });
		await sleep(650);
		expect(await codes('one')).toEqual([200, 200, 429]);
	});

	it('runs out of credits', async () => {
		const api = await simulate({ credits: 15 });
		await api.start();
		expect((await api.credit()).data.data).toBe(5);
		expect((await api.generate()).data.code).toBe(402);
	});

	it('is closed for maintenance, and open again', async () => {
		const api = await simulate({ maintenance: true, retryAfter: 2, errorStyle: 'status' });
		for (const answer of [await api.generate(), await api.read('x'), await api.upload()]) {
			expect(answer.status).toBe(455);
			expect(answer.headers['retry-after']).toBe('2');
		}
		api.simulator.settings.maintenance = false;
		await api.start();
	});

	it('fetches the media if told to', async () => {
		const api = await simulate({ fetchVideo: true });
		const { url } = api.simulator;
		const sample = `${url}/files/sample.mp4`;
		const codeFor = async (order: object) =>
			(await api.generate({ prompt: 'snow', ...order })).data.code;
		expect(await codeFor({ videoUrl: sample })).toBe(200);
		expect(await codeFor({ videoUrl: `${url}/files/missing.mp4` })).toBe(451);
		expect(await codeFor({ videoUrl: `${url}/stats` })).toBe(451);
		expect(await codeFor({ videoUrl: sample, referenceImage: sample })).toBe(451);
		expect(api.simulator.stats().authorizedFileRequests).toBe(0);
	});
});

describe('faults', () => {
	it.each([
		['cutBefore', 'ECONNRESET', 0],
		['cutAfter', 'ECONNRESET', 1],
		['errorBefore', 200, 0],
		['errorAfter', 200, 1],
		['html', 502, 1],
		['hang', 'ECONNABORTED', 1],
	] as const)('generates badly: %s', async (generateFault, outcome, accepted) => {
		const api = await simulate({ generateFault });
		const answer = await api.generate().catch((error: { code: string }) => error);
		expect(
			'status' in answer && answer.status ? answer.status : 'code' in answer && answer.code,
		).toBe(outcome);
		expect(api.simulator.tasks()).toHaveLength(accepted);
	});

	it('reads badly as often as told', async () => {
		const api = await simulate({ readFaults: ['500', '429', 'cut', '455', 'html'] });
		const taskId = await api.start();
		const seen: unknown[] = [];
		for (let count = 0; count < 6; count++) {
			const answer = await api.read(taskId).catch((error: { code: string }) => error.code);
			seen.push(typeof answer === 'string' ? answer : (answer.data.code ?? answer.status));
		}
		expect(seen).toEqual([500, 429, 'ECONNRESET', 455, 502, 200]);
	});
});

describe('callbacks', () => {
	it.each([
		['camel', (id: string) => ({ taskId: id, data: { result_video_url: resultOf(id) } })],
		['snake', (id: string) => ({ data: { task_id: id, result_video_url: resultOf(id) } })],
		['short', (id: string) => ({ taskId: id, data: { video_url: resultOf(id) } })],
	] as const)('spells them in %s', async (spelling, expected) => {
		const { api, receiver, order } = await called({ spelling });
		const taskId = await api.start(order);
		const { body, headers } = await receiver.next();
		expect(body).toMatchObject({ code: 200, ...expected(taskId) });
		expect(headers['user-agent']).toContain('kie.ai');
		expect(headers).not.toHaveProperty('x-webhook-signature');
	});

	it.each(['camel', 'snake'] as const)('tells of a failure in %s', async (spelling) => {
		const { api, receiver, order } = await called({ spelling, fail: 'moderation' });
		const taskId = await api.start(order);
		const { body } = await receiver.next();
		expect(body).toMatchObject({ code: 400, msg: expect.stringMatching(/moderation/) as string });
		expect(JSON.stringify(body)).toContain(taskId);
	});

	it('signs id and time', async () => {
		const { api, receiver, order } = await called({ hmacKey: 'secret' });
		const taskId = await api.start(order);
		const { headers } = await receiver.next();
		const timestamp = String(headers['x-webhook-timestamp']);
		const expected = createHmac('sha256', 'secret').update(`${taskId}.${timestamp}`);
		expect(headers['x-webhook-signature']).toBe(expected.digest('base64'));
		expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(3);
	});

	it('sends a lost one again', async () => {
		const { api, receiver, order } = await called({ lose: 2 });
		await api.start(order);
		await receiver.next();
		await until(() => api.simulator.stats().callbacks.delivered === 1);
		expect(api.simulator.stats().callbacks).toMatchObject({ sent: 1, lost: 2, failed: 0 });
	});

	it('delivers every second one twice', async () => {
		const { api, receiver, order } = await called({ doubleEvery: 2, loseEvery: 2 });
		await api.start(order);
		await receiver.next();
		const taskId = await api.start(order);
		const twice = [await receiver.next(), await receiver.next()];
		for (const { body } of twice) expect(body).toMatchObject({ taskId });
		await until(() => api.simulator.stats().callbacks.doubled === 1);
		expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, lost: 1, delivered: 2 });
		expect(api.simulator.stats().duplicates).toBe(1);
	});

	it('gives up after so many answers that are not 200', async () => {
		const { api, receiver, order } = await called({ callbackRetries: 2 });
		receiver.answerWith(201);
		await api.start(order);
		await until(() => api.simulator.stats().callbacks.failed === 1);
		expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, delivered: 0 });
		expect(api.simulator.tasks()[0]).toMatchObject({ state: 'succeeded', callback: 'failed' });
	});

	it('sends none if told so', async () => {
		const { api, order } = await called({ callbacks: false });
		await api.start(order);
		await sleep(100);
		expect(api.simulator.stats().callbacks.due).toBe(0);
	});
});

describe('files', () => {
	it('gives back what was uploaded', async () => {
		const api = await simulate({});
		const content = Buffer.alloc(3_000_000, 'video');
		const { data } = (await api.upload(content)).data;
		expect(data).toMatchObject({ filePath: 'in/my clip.mp4', fileSize: content.length });

		const file = await axios.get<Buffer>(data.downloadUrl, { responseType: 'arraybuffer' });
		expect(sha256(file.data)).toBe(sha256(content));
		expect(api.simulator.stats().uploads).toEqual([
			{ path: 'in/my clip.mp4', size: content.length, sha256: sha256(content) },
		]);
	});

	it('refuses an upload without a file', async () => {
		const api = await simulate({});
		const form = new FormData();
		form.append('uploadPath', 'in');
		const { data } = await api.http.post<Envelope>('/api/file-stream-upload', form);
		expect(data).toMatchObject({ success: false, code: 422, msg: 'file is required' });
	});

	it('streams a result of any size', async () => {
		const resultSize = 200_000_001;
		const api = await simulate({ duration: 0, resultSize });
		const { resultVideoUrl } = (await api.read(await api.start())).data.data.response;
		expect((await axios.head(resultVideoUrl)).headers['content-length']).toBe(String(resultSize));

		const { data } = await axios.get<Readable>(resultVideoUrl, { responseType: 'stream' });
		let size = 0;
		for await (const chunk of data as AsyncIterable<Buffer>) {
			if (chunk[0] !== size % 256) throw new Error(`wrong byte at ${size}`);
			size += chunk.length;
		}
		expect(size).toBe(resultSize);
	});

	it('makes a download link for a result', async () => {
		const api = await simulate({ duration: 0 });
		const { resultImageUrl } = (await api.read(await api.start())).data.data.response;
		const link = (url: string) =>
			api.http.post<Envelope<string>>('/api/v1/common/download-url', { url });
		const image = await axios.get<Buffer>((await link(resultImageUrl)).data.data);
		expect(image.headers['content-type']).toBe('image/png');
		expect((await link(VIDEO)).data.code).toBe(422);
		expect((await link('')).data.code).toBe(422);
	});

	it('objects to being sent the key', async () => {
		const api = await simulate({});
		const { status } = await api.http.get('/files/sample.mp4');
		expect(status).toBe(400);
		expect(api.simulator.stats().authorizedFileRequests).toBe(1);
		expect(api.simulator.requests()).toMatchObject([
			{ method: 'GET', path: '/files/sample.mp4', hasAuthorization: true, status: 400 },
		]);
	});
});

describe('control', () => {
	it('is changed as it runs, and reset', async () => {
		const api = await simulate({ lag: 1 });
		await api.start();
		const { data: settings } = await api.http.patch<Settings>('/settings', {
			fail: 'internal',
			duration: { min: 1, max: 2 },
		});
		expect(settings).toMatchObject({ fail: 'internal', lag: 1, duration: { min: 1, max: 2 } });
		expect((await api.http.patch('/settings', { speed: 1 })).status).toBe(422);
		expect((await api.http.patch('/settings', { lag: 'long' })).status).toBe(422);

		expect((await api.http.get('/stats')).data).toMatchObject({ generate: { accepted: 1 } });
		await api.http.post('/reset');
		expect(api.simulator.settings).toMatchObject({ fail: 'none', lag: 1, credits: 1000 });
		expect(api.simulator.stats().generate.accepted).toBe(0);
	});

	it('can do without the routes of kie.ai', async () => {
		const api = await simulate({ creditEndpoint: false, upload: false });
		expect((await api.credit()).status).toBe(404);
		expect((await api.upload()).status).toBe(404);
	});
});

/** A simulator, and the calls of its API with a key. */
async function simulate(settings: Partial<Settings>, key = 'key') {
	const simulator = await startSimulator(settings);
	running.push(simulator);
	const http = client(simulator.url, key);
	const generate = (body: unknown = { prompt: 'snow', videoUrl: VIDEO }, asKey = key) =>
		http.post<Envelope<{ taskId: string }>>('/api/v1/aleph/generate', body, {
			headers: { authorization: `Bearer ${asKey}`, 'content-type': 'application/json' },
			timeout: 1000,
		});
	return {
		simulator,
		http,
		generate,
		start: async (order?: object) => {
			const { data } = await generate(order);
			expect(data.code).toBe(200);
			return data.data.taskId;
		},
		read: (taskId: string) =>
			http.get<Envelope<ReadRecord>>('/api/v1/aleph/record-info', { params: { taskId } }),
		credit: () => http.get<Envelope<number>>('/api/v1/chat/credit'),
		upload: (content = Buffer.from('video')) => {
			const form = new FormData();
			form.append('file', new Blob([content], { type: 'video/mp4' }), 'my clip.mp4');
			form.append('uploadPath', 'in');
			return http.post<Envelope<{ downloadUrl: string }>>('/api/file-stream-upload', form);
		},
	};
}

interface ReadRecord {
	paramJson: string;
	createTime: string | number;
	errorMessage: string | null;
	response: { resultVideoUrl: string; resultImageUrl: string };
}

/** A simulator whose tasks end at once, and an order that asks to be called back. */
async function called(settings: Partial<Settings>) {
	const receiver = await receive();
	const api = await simulate({ duration: 0, callbackRetryDelay: 0.05, ...settings });
	const order = { prompt: 'snow', videoUrl: VIDEO, callBackUrl: receiver.url };
	return { api, receiver, order };
}

function client(baseURL: string, key: string): AxiosInstance {
	const http = axios.create({
		baseURL,
		headers: { authorization: `Bearer ${key}` },
		validateStatus: () => true,
	});
	http.interceptors.response.use((answer: AxiosResponse<unknown>) => {
		const { method = 'get', url = '' } = answer.config;
		const contentType = String(answer.headers['content-type']).split(';')[0] ?? '';
		const faults = answerFaults(method, url, {
			status: answer.status,
			contentType,
			body: answer.data,
		});
		if (faults) contractFaults.push(`${method} ${url}: ${faults}`);
		return answer;
	});
	return http;
}

interface Received {
	headers: IncomingMessage['headers'];
	body: unknown;
}

interface Receiver {
	url: string;
	answerWith(status: number): void;
	next(): Promise<Received>;
	close(): Promise<void>;
}

/** Receives callbacks; `next` waits for the next one. */
async function receive(): Promise<Receiver> {
	const received: Received[] = [];
	let status = 200;
	const server: Server = createServer((request, response) => {
		let text = '';
		request.on('data', (chunk: Buffer) => (text += chunk.toString()));
		request.on('end', () => {
			const body: unknown = JSON.parse(text);
			const faults = faultsOf('Callback', body);
			if (faults) contractFaults.push(`callback: ${faults}`);
			received.push({ headers: request.headers, body });
			response.writeHead(status).end(JSON.stringify({ code: 200, msg: 'success' }));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const receiver: Receiver = {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/done`,
		answerWith: (code) => (status = code),
		next: async () => {
			await until(() => received.length > 0);
			return received.shift() as Received;
		},
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
	running.push(receiver);
	return receiver;
}

async function until(holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 3000;
	while (!holds()) {
		if (Date.now() > deadline) throw new Error(`waited in vain for ${holds.toString()}`);
		await sleep(10);
	}
}

function resultOf(taskId: string): string {
	return expect.stringContaining(`/files/result/${taskId}.mp4`) as string;
}

function sha256(content: Buffer): string {
	return createHash('sha256').update(content).digest('hex');
}
