/** A server that answers each account as it was told to, however wrong that is. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ECHO, type Answer } from './answers';

/** By path. */
export type Answers = Record<string, Answer>;

export const PATHS = {
	generate: '/api/v1/aleph/generate',
	record: '/api/v1/aleph/record-info',
	credits: '/api/v1/chat/credit',
	upload: '/api/file-stream-upload',
} as const;

/** Those that differ from one API to the other. */
export const API_PATHS = {
	aleph: { generate: PATHS.generate, record: () => PATHS.record, credits: PATHS.credits },
	jobs: {
		generate: '/api/v1/jobs/createTask',
		record: () => '/api/v1/jobs/recordInfo',
		credits: PATHS.credits,
	},
	runway: {
		generate: '/v1/video_to_video',
		record: (taskId = 'a-task') => `/v1/tasks/${encodeURIComponent(taskId)}`,
		credits: '/v1/organization',
	},
} as const;

interface Told {
	answer: Answer;
	/** How often to give it before the path is said not to exist. */
	times: number;
	requests: number;
}

const GONE: Answer = {
	status: 404,
	headers: { 'content-type': 'application/json' },
	body: '{"code":404,"msg":"Not found","data":null}',
	delivery: 'whole',
};

export interface HostileServer {
	url: string;
	/** Tells how to answer the holder of a key, or nobody with an empty one. */
	answer(key: string, answers: Answers, times?: number): void;
	/** How many requests the holder of a key has sent to a path. */
	requests(key: string, path: string): number;
	/** How many requests anybody has sent. */
	allRequests(): number;
	close(): Promise<void>;
}

export async function startHostileServer(): Promise<HostileServer> {
	/** By key and path. */
	const told = new Map<string, Told>();
	let all = 0;
	const server = createServer((request, response) => {
		all++;
		// Read to its end, as an answer before that would be another story.
		request.resume().on('end', () => respond(request, response, told));
		request.on('error', () => {});
		response.on('error', () => {});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		answer: (key, answers, times = Infinity) => {
			for (const [path, answer] of Object.entries(answers)) {
				told.set(key + path, { answer, times, requests: 0 });
			}
		},
		requests: (key, path) => told.get(key + path)?.requests ?? 0,
		allRequests: () => all,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

function respond(
	request: IncomingMessage,
	response: ServerResponse,
	told: Map<string, Told>,
): void {
	const key = (request.headers.authorization ?? '').replace('Bearer ', '');
	const path = (request.url ?? '').split('?')[0] ?? '';
	const here = told.get(key + path);
	if (!here) return send(response, GONE);
	here.requests++;
	send(response, here.requests > here.times ? GONE : withEcho(here.answer, key));
}

function withEcho(answer: Answer, key: string): Answer {
	return { ...answer, body: answer.body.replaceAll(ECHO, key) };
}

const HALF_A_SECOND = 500;

function send(response: ServerResponse, { status, headers, body, delivery }: Answer): void {
	const { socket } = response;
	switch (delivery) {
		case 'silent':
			return;
		case 'cut':
			socket?.destroy();
			return;
		case 'garbage':
			socket?.end('EHLO mail.example.com\r\n\r\n');
			return;
	}
	response.strictContentLength = false;
	response.writeHead(status, headers);
	switch (delivery) {
		case 'whole':
			response.end(body);
			return;
		case 'cutInside':
			response.write(body.slice(0, 1) || ' ', () => socket?.destroy());
			return;
		case 'trickling': {
			const timer = setInterval(() => response.write(' '), HALF_A_SECOND);
			response.on('close', () => clearInterval(timer));
		}
	}
}
