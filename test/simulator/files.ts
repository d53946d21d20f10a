/** Public files: the sample to start from, results, and uploads. None needs a key, or should see it. */
import { createReadStream, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, RouteHandlerMethod } from 'fastify';
import { firewall } from './access';
import { transfer, type Connection } from './connection';
import { statusOfLink, type Link } from './results';
import type { State } from './state';
import { stateOf, type Task } from './tasks';

interface Source {
	type: string;
	size: number;
	open: () => Readable;
	sha256?: string;
	connection?: Connection;
}

const TYPES: Record<string, string> = {
	png: 'image/png',
	mp4: 'video/mp4',
	mov: 'video/quicktime',
	zip: 'application/zip',
};

const LOOKS: Array<[RegExp, string]> = [
	[/snow|winter/i, 'snow'],
	[/night|dark|moon/i, 'night'],
	[/old film|vintage|black.and.white|sepia/i, 'old-film'],
];

const CHUNK = Buffer.from(Array.from({ length: 64 * 1024 }, (_, index) => index % 256));

export function fileRoutes(app: FastifyInstance, state: State): void {
	firewall(app, state);
	app.addHook('onRequest', (request, reply, next) => {
		if (request.headers.authorization === undefined) return next();
		state.counters.authorizedFileRequests++;
		void reply.code(400).send({ code: 400, msg: 'A file must not be sent the key' });
	});

	const serve = (url: string, handler: RouteHandlerMethod) =>
		app.route({ method: ['GET', 'HEAD'], url, handler });
	serve('/files/sample.mp4', (_request, reply) => send(reply, onDisk('source.mp4')));
	serve('/files/result/:name', (request, reply) => {
		const [taskId = '', extension = ''] = (request.params as { name: string }).name.split('.');
		const task = state.tasks.get(taskId);
		// A result is there once its task has succeeded.
		if (!task || task.deleted || stateOf(task) !== 'succeeded') return send(reply, undefined);
		const status = statusOfLink(task, request.query as Link, state.settingsFor(task));
		if (status !== null)
			return reply.code(status).send({ code: status, msg: 'Expired or refused' });
		return send(reply, resultSource(state, task, extension));
	});
	serve('/files/uploads/*', (request, reply) => {
		const file = state.uploads.find((request.params as { '*': string })['*']);
		return send(reply, file && { ...file, open: () => createReadStream(file.location) });
	});
}

function resultSource(state: State, task: Task, extension: string): Source | undefined {
	const { resultSize, thumbnailFault, downloadRate, stall } = state.settingsFor(task);
	const connection: Connection = {
		rate: downloadRate,
		stalls: stall === 'download',
		signal: state.ending.signal,
	};
	const look = lookOf(task.request.prompt);
	if (extension === 'png') {
		return thumbnailFault ? undefined : { ...onDisk(`${look}.png`), connection };
	}
	const type = TYPES[extension];
	if (!type) return undefined;
	if (resultSize !== null) {
		return { type, size: resultSize, open: () => Readable.from(pattern(resultSize)), connection };
	}
	return { ...onDisk(extension === 'zip' ? 'frames.zip' : `${look}.mp4`), type, connection };
}

/** The clip that a prompt makes of the sample. */
function lookOf(prompt: string): string {
	const found = LOOKS.find(([words]) => words.test(prompt));
	return found ? found[1] : 'tinted';
}

function onDisk(name: string): Source {
	const location = join(__dirname, 'media', name);
	const type = TYPES[extname(name).slice(1)] ?? 'application/octet-stream';
	return { type, size: statSync(location).size, open: () => createReadStream(location) };
}

/** Each byte is its position modulo 256; one chunk serves for all. */
function* pattern(size: number): Generator<Buffer> {
	for (let left = size; left > 0; left -= CHUNK.length) {
		yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
	}
}

function send(reply: FastifyReply, source: Source | undefined): FastifyReply {
	if (!source) {
		reply.callNotFound();
		return reply;
	}
	void reply.type(source.type).header('content-length', source.size);
	if (source.sha256) void reply.header('etag', `"${source.sha256}"`);
	if (reply.request.method === 'HEAD') return reply.send();
	const { connection, open } = source;
	return reply.send(connection ? Readable.from(transfer(connection, open())) : open());
}
