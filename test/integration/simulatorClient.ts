/**
 * A client of the simulator that speaks both APIs, and a receiver of their callbacks. All that
 * comes in is checked against the OpenAPI file, so that each story is also a check of the contract.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import type { components } from '../simulator/openapi';
import { startSimulator, type Settings } from '../simulator';
import { answerFaults, faultsOf } from '../simulator/contract';

type Schemas = components['schemas'];
export type Order = Schemas['GenerateRequest'];
export type ApiName = 'aleph' | 'jobs';

export interface Envelope<Data = unknown> {
	code: number;
	msg: string;
	message?: string;
	data: Data;
}

/** What a record or a callback says, whichever API it is of. */
export interface Told {
	taskId: unknown;
	state: 'running' | 'succeeded' | 'failed';
	code?: number | null;
	reason?: string | null;
	video?: string | null;
	image?: string | null;
	/** The request, as the record repeats it. */
	sent?: unknown;
}

interface Spoken {
	create: string;
	read: string;
	/** The schema of its callbacks. */
	callback: string;
	body(order: Partial<Order>): object;
	/** What the API calls a field of an order, in its refusals. */
	field(name: keyof Order): string;
	tellRecord: (data: never) => Told;
	tellCallback: (body: never) => Told;
}

const INPUT_NAMES = {
	prompt: 'prompt',
	videoUrl: 'video_url',
	waterMark: 'watermark',
	uploadCn: 'upload_cn',
	aspectRatio: 'aspect_ratio',
	seed: 'seed',
	referenceImage: 'reference_image',
} as const;

const JOB_STATES = { success: 'succeeded', fail: 'failed' } as const;

export const SPOKEN: Record<ApiName, Spoken> = {
	aleph: {
		create: '/api/v1/aleph/generate',
		read: '/api/v1/aleph/record-info',
		callback: 'Callback',
		body: (order) => order,
		field: (name) => name,
		tellRecord: (data: Schemas['RecordInfo']) => ({
			taskId: data.taskId,
			state: data.successFlag === 1 ? 'succeeded' : data.errorMessage ? 'failed' : 'running',
			code: data.errorCode,
			reason: data.errorMessage,
			video: data.response?.resultVideoUrl,
			image: data.response?.resultImageUrl,
			sent: parsed(data.paramJson),
		}),
		tellCallback: ({ code, msg, data, taskId }: Schemas['Callback']) => ({
			taskId: taskId ?? data?.task_id,
			state: code === 200 ? 'succeeded' : 'failed',
			reason: msg,
			video: data?.result_video_url ?? data?.video_url,
		}),
	},
	jobs: {
		create: '/api/v1/jobs/createTask',
		read: '/api/v1/jobs/recordInfo',
		callback: 'JobCallback',
		body: ({ callBackUrl, ...order }) => ({
			model: 'runway/gen4-aleph',
			...(callBackUrl && { callBackUrl }),
			input: Object.fromEntries(
				Object.entries(order).map(([name, value]) => [INPUT_NAMES[name as 'seed'], value]),
			),
		}),
		field: (name) => `input/${INPUT_NAMES[name as 'seed']}`,
		tellRecord: tellJob,
		tellCallback: ({ code, data }: Schemas['JobCallback']) => {
			const told = tellJob(data);
			if ((code === 200) !== (told.state === 'succeeded')) fault(`callback ${code}: ${data.state}`);
			return told;
		},
	},
};

function tellJob(data: Schemas['JobRecord']): Told {
	const results = parsed(data.resultJson) as Schemas['JobResults'] | null;
	if (results) fault(faultsOf('JobResults', results));
	return {
		taskId: data.taskId,
		state: JOB_STATES[data.state as keyof typeof JOB_STATES] ?? 'running',
		code: Number(data.failCode),
		reason: data.failMsg,
		video: results?.resultUrls?.[0],
		image: results?.firstFrameUrl,
		sent: parsed(data.param),
	};
}

function parsed(json: string | null | undefined): unknown {
	return json ? JSON.parse(json) : null;
}

const running: Array<{ close(): Promise<void> }> = [];
const contractFaults: string[] = [];

function fault(words: string): void {
	if (words) contractFaults.push(words);
}

/** After each test: ends what it started, and fails it for what was not as the contract says. */
export async function endAll(): Promise<void> {
	await Promise.all(running.splice(0).map((each) => each.close()));
	expect(contractFaults.splice(0)).toEqual([]);
}

export const ORDER: Order = { prompt: 'snow', videoUrl: 'https://example.com/in.mp4' };

/** A simulator, and the calls of one of its APIs with a key. */
export async function simulate(settings: Partial<Settings>, api: ApiName = 'aleph', key = 'key') {
	const simulator = await startSimulator(settings);
	running.push(simulator);
	return { simulator, ...speak(simulator.url, api, key) };
}

/** The calls of one API with a key. */
export function speak(url: string, api: ApiName, key = 'key') {
	const spoken = SPOKEN[api];
	const http = client(url, key);
	const send = (body: unknown) =>
		http.post<Envelope<{ taskId: string }>>(spoken.create, body, {
			headers: { 'content-type': 'application/json' },
			timeout: 1000,
		});
	const generate = (order: Partial<Order> = ORDER) => send(spoken.body(order));
	const read = (taskId: string) => http.get<Envelope<never>>(spoken.read, { params: { taskId } });
	return {
		http,
		send,
		generate,
		start: async (order?: Order) => {
			const { data } = await generate(order);
			expect(data.code).toBe(200);
			return data.data.taskId;
		},
		read,
		told: async (taskId: string) => spoken.tellRecord((await read(taskId)).data.data),
		credit: () => http.get<Envelope<number>>('/api/v1/chat/credit'),
		upload: (content = Buffer.from('video'), fileName?: string) => {
			const form = new FormData();
			form.append('file', new Blob([content], { type: 'video/mp4' }), 'my clip.mp4');
			form.append('uploadPath', 'in');
			if (fileName) form.append('fileName', fileName);
			return http.post<Envelope<Schemas['UploadedFile']>>('/api/file-stream-upload', form);
		},
	};
}

/** What the API says about its answer, under the name that it has there. */
export function wordsOf({ data }: AxiosResponse<Envelope>): string | undefined {
	return data.msg ?? data.message;
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
		const { status, data: body } = answer;
		const faults = answerFaults(method, url, { status, contentType, body });
		fault(faults && `${method} ${url}: ${faults}`);
		return answer;
	});
	return http;
}

/** A simulator whose tasks end at once, and an order that asks to be called back. */
export async function called(settings: Partial<Settings>, api: ApiName = 'aleph') {
	const receiver = await receive(SPOKEN[api]);
	const simulated = await simulate({ duration: 0, callbackRetryDelay: 0.05, ...settings }, api);
	return { api: simulated, receiver, order: { ...ORDER, callBackUrl: receiver.url } };
}

interface Received {
	headers: IncomingMessage['headers'];
	body: unknown;
	told: Told;
}

interface Receiver {
	url: string;
	answerWith(status: number): void;
	next(): Promise<Received>;
	close(): Promise<void>;
}

/** Receives callbacks; `next` waits for the next one. */
async function receive({ callback, tellCallback }: Spoken): Promise<Receiver> {
	const received: Received[] = [];
	let status = 200;
	const server: Server = createServer((request, response) => {
		let text = '';
		request.on('data', (chunk: Buffer) => (text += chunk.toString()));
		request.on('end', () => {
			const body: unknown = JSON.parse(text);
			const faults = faultsOf(callback, body);
			fault(faults && `callback: ${faults}`);
			received.push({ headers: request.headers, body, told: tellCallback(body as never) });
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

export async function until(holds: () => boolean): Promise<void> {
	const deadline = Date.now() + 3000;
	while (!holds()) {
		if (Date.now() > deadline) throw new Error(`waited in vain for ${holds.toString()}`);
		await sleep(10);
	}
}

export function resultOf(taskId: string): string {
	return expect.stringContaining(`/files/result/${taskId}.mp4`) as string;
}
