/**
 * A client of the simulator that speaks the three APIs, and a receiver of their callbacks. All that
 * comes in is checked against the OpenAPI files, so that each story is also a check of the contract.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type RunwayML from '@runwayml/sdk';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import { startSimulator, type ApiName, type Settings, type TaskRequest } from '../simulator';
import { answerFaults, faultsOf } from '../simulator/contract';
import type { components } from '../simulator/openapi';

type Schemas = components['schemas'];

/** An answer of any of the APIs. */
export interface Answer<Data = unknown> {
	/** The HTTP status. */
	status: number;
	/** What kie.ai says in the body; at Runway the status. */
	code: number;
	/** What an error says. */
	msg: string;
	/** The data of a kie.ai envelope; at Runway the whole body. */
	data: Data;
	headers: AxiosResponse['headers'];
}

/** What a record or a callback tells, whichever API it is of. */
export interface Report {
	taskId: unknown;
	state: 'running' | 'succeeded' | 'failed';
	code?: number | string | null;
	reason?: string | null;
	video?: string | null;
	image?: string | null;
	/** The request, as the record repeats it. */
	sent?: unknown;
}

interface Spoken {
	create: string;
	/** Where the state of a task is. */
	read: (taskId: string) => string;
	credit: string;
	body: (request: Partial<TaskRequest>) => object;
	/** What the API calls a field of a request, in its refusals. */
	field: (name: 'prompt' | 'videoUrl' | 'aspectRatio' | 'seed') => string;
	taskIdIn: (data: never) => string;
	creditsIn: (data: never) => number;
	reportOf: (record: never) => Report;
	/** What refusals are called. */
	codes: Record<'input' | 'credits' | 'maintenance' | 'media', number>;
}

interface Called extends Spoken {
	/** The schema of its callbacks. */
	callback: string;
	reportOfCallback: (body: never) => Report;
}

const kie = {
	credit: '/api/v1/chat/credit',
	taskIdIn: ({ taskId }: { taskId: string }) => taskId,
	creditsIn: (credits: number) => credits,
	codes: { input: 422, credits: 402, maintenance: 455, media: 451 },
};

const INPUT_NAMES: Record<string, string> = {
	prompt: 'prompt',
	videoUrl: 'video_url',
	waterMark: 'watermark',
	uploadCn: 'upload_cn',
	aspectRatio: 'aspect_ratio',
	seed: 'seed',
	referenceImage: 'reference_image',
};

const aleph: Called = {
	...kie,
	create: '/api/v1/aleph/generate',
	read: (taskId) => `/api/v1/aleph/record-info?taskId=${taskId}`,
	callback: 'Callback',
	body: (request) => request,
	field: (name) => name,
	reportOf: (record: Schemas['RecordInfo']) => ({
		taskId: record.taskId,
		state: record.successFlag === 1 ? 'succeeded' : record.errorMessage ? 'failed' : 'running',
		code: record.errorCode,
		reason: record.errorMessage,
		video: record.response?.resultVideoUrl,
		image: record.response?.resultImageUrl,
		sent: parsed(record.paramJson),
	}),
	reportOfCallback: ({ code, msg, data, taskId }: Schemas['Callback']) => ({
		taskId: taskId ?? data?.task_id,
		state: code === 200 ? 'succeeded' : 'failed',
		reason: msg,
		video: data?.result_video_url ?? data?.video_url,
	}),
};

const jobs: Called = {
	...kie,
	create: '/api/v1/jobs/createTask',
	read: (taskId) => `/api/v1/jobs/recordInfo?taskId=${taskId}`,
	callback: 'JobCallback',
	body: ({ callBackUrl, ...request }) => ({
		model: 'runway/gen4-aleph',
		...(callBackUrl && { callBackUrl }),
		input: Object.fromEntries(
			Object.entries(request).map(([name, value]) => [INPUT_NAMES[name], value]),
		) as object,
	}),
	field: (name) => `input/${INPUT_NAMES[name]}`,
	reportOf: reportOfJob,
	reportOfCallback: ({ code, data }: Schemas['JobCallback']) => {
		const report = reportOfJob(data);
		if ((code === 200) !== (report.state === 'succeeded')) {
			fault(`callback ${code}: ${data.state}`);
		}
		return report;
	},
};

const JOB_STATES: Partial<Record<string, Report['state']>> = {
	success: 'succeeded',
	fail: 'failed',
};

function reportOfJob(record: Schemas['JobRecord']): Report {
	const results = parsed(record.resultJson) as Schemas['JobResults'] | null;
	if (results) fault(faultsOf('JobResults', results));
	const { input, ...request } = (parsed(record.param) ?? {}) as Record<string, string>;
	return {
		taskId: record.taskId,
		state: JOB_STATES[record.state] ?? 'running',
		code: Number(record.failCode),
		reason: record.failMsg,
		video: results?.resultUrls?.[0],
		image: results?.firstFrameUrl,
		sent: input === undefined ? null : { ...request, input: JSON.parse(input) as unknown },
	};
}

const RUNWAY_NAMES = {
	prompt: 'promptText',
	videoUrl: 'videoUri',
	aspectRatio: 'targetAspectRatio',
	seed: 'seed',
};

const RUNWAY_STATES: Partial<Record<string, Report['state']>> = {
	SUCCEEDED: 'succeeded',
	FAILED: 'failed',
	CANCELLED: 'failed',
};

const runway: Spoken = {
	create: '/v1/video_to_video',
	read: (taskId) => `/v1/tasks/${taskId}`,
	credit: '/v1/organization',
	body: ({ prompt, videoUrl, aspectRatio, publicFigures, ...request }) => ({
		model: 'aleph2',
		promptText: prompt,
		videoUri: videoUrl,
		targetAspectRatio: aspectRatio,
		...(publicFigures && { contentModeration: { publicFigureThreshold: publicFigures } }),
		...request,
	}),
	field: (name) => RUNWAY_NAMES[name],
	taskIdIn: ({ id }: { id: string }) => id,
	creditsIn: ({ creditBalance }: RunwayML.OrganizationRetrieveResponse) => creditBalance,
	reportOf: (task: RunwayML.TaskRetrieveResponse) => ({
		taskId: task.id,
		state: RUNWAY_STATES[task.status] ?? 'running',
		code: task.status === 'FAILED' ? task.failureCode : undefined,
		reason: task.status === 'FAILED' ? task.failure : undefined,
		video: task.status === 'SUCCEEDED' ? task.output[0] : undefined,
	}),
	codes: { input: 400, credits: 400, maintenance: 503, media: 400 },
};

const CALLED = { aleph, jobs };
export const SPOKEN: Record<ApiName, Spoken> = { aleph, jobs, runway };

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

export const REQUEST = { prompt: 'snow', videoUrl: 'https://example.com/in.mp4' };

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
	const send = async (body: unknown) =>
		answerOf<never>(
			await http.post<never>(spoken.create, body, {
				headers: { 'content-type': 'application/json' },
				timeout: 1000,
			}),
		);
	const generate = (request: Partial<TaskRequest> = REQUEST) => send(spoken.body(request));
	const read = async (taskId: string) =>
		answerOf<never>(await http.get<never>(spoken.read(taskId)));
	const askCredits = async () => answerOf<never>(await http.get<never>(spoken.credit));
	return {
		http,
		send,
		generate,
		start: async (request?: Partial<TaskRequest>) => {
			const { code, data } = await generate(request);
			expect(code).toBe(200);
			return spoken.taskIdIn(data);
		},
		read,
		report: async (taskId: string) => spoken.reportOf((await read(taskId)).data),
		askCredits,
		credits: async () => spoken.creditsIn((await askCredits()).data),
		upload: async (content = Buffer.from('video'), fileName?: string) => {
			const form = new FormData();
			form.append('file', new Blob([content], { type: 'video/mp4' }), 'my clip.mp4');
			form.append('uploadPath', 'in');
			if (fileName) form.append('fileName', fileName);
			const path = '/api/file-stream-upload';
			return answerOf<Schemas['UploadedFile']>(await http.post(path, form));
		},
	};
}

interface Body {
	code?: number;
	msg?: string;
	error?: string;
	data?: unknown;
}

/** Opens kie.ai's envelope, if there is one. */
function answerOf<Data>({ status, headers, data: body }: AxiosResponse<Body>): Answer<Data> {
	const { code = status, msg = '', error = msg, data = body } = body ?? {};
	return { status, headers, code, msg: error, data: data as Data };
}

function client(baseURL: string, key: string): AxiosInstance {
	const http = axios.create({
		baseURL,
		headers: { authorization: `Bearer ${key}`, 'x-runway-version': '2024-11-06' },
		validateStatus: () => true,
	});
	http.interceptors.response.use((answer: AxiosResponse<unknown>) => {
		const { method = 'get', url = '' } = answer.config;
		const contentType = String(answer.headers['content-type']).split(';')[0] ?? '';
		const { status, data: body } = answer;
		const path = url.split('?')[0] ?? '';
		const faults = answerFaults(method, path, { status, contentType, body });
		fault(faults && `${method} ${url}: ${faults}`);
		return answer;
	});
	return http;
}

/** A simulator whose tasks end at once, and a request that asks to be called back. */
export async function called(settings: Partial<Settings>, api: keyof typeof CALLED = 'aleph') {
	const receiver = await receive(CALLED[api]);
	const simulated = await simulate({ duration: 0, callbackRetryDelay: 0.05, ...settings }, api);
	return { api: simulated, receiver, request: { ...REQUEST, callBackUrl: receiver.url } };
}

interface Received {
	headers: IncomingMessage['headers'];
	body: unknown;
	report: Report;
}

interface Receiver {
	url: string;
	answerWith(status: number): void;
	next(): Promise<Received>;
	close(): Promise<void>;
}

/** Receives callbacks; `next` waits for the next one. */
async function receive({ callback, reportOfCallback }: Called): Promise<Receiver> {
	const received: Received[] = [];
	let status = 200;
	const server: Server = createServer((request, response) => {
		let text = '';
		request.on('data', (chunk: Buffer) => (text += chunk.toString()));
		request.on('end', () => {
			const body: unknown = JSON.parse(text);
			const faults = faultsOf(callback, body);
			fault(faults && `callback: ${faults}`);
			received.push({
				headers: request.headers,
				body,
				report: reportOfCallback(body as never),
			});
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
