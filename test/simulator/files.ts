/** Public files: the sample to start from, results, and uploads. None needs a key, or should see it. */
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, RouteHandlerMethod } from 'fastify';
import { through, type Line } from './line';
import { stateOf } from './tasks';
import type { World } from './world';

interface Source {
	type: string;
	size: number;
	open: () => Readable;
	sha256?: string;
	line?: Line;
}

const CHUNK = Buffer.from(Array.from({ length: 64 * 1024 }, (_, index) => index % 256));

export function fileRoutes(app: FastifyInstance, world: World): void {
	app.addHook('onRequest', (request, reply, next) => {
		if (request.headers.authorization === undefined) return next();
		world.counters.authorizedFileRequests++;
		void reply.code(400).send({ code: 400, msg: 'A file must not be sent the key' });
	});

	const serve = (url: string, handler: RouteHandlerMethod) =>
		app.route({ method: ['GET', 'HEAD'], url, handler });
	serve('/files/sample.mp4', (_request, reply) => send(reply, onDisk('sample.mp4')));
	serve('/files/result/:name', (request, reply) => {
		const { name } = request.params as { name: string };
		return send(reply, resultSource(world, name));
	});
	serve('/files/uploads/*', (request, reply) => {
		const file = world.uploads.find((request.params as { '*': string })['*']);
		return send(reply, file && { ...file, open: () => createReadStream(file.location) });
	});
}

/** A result is there once its task has succeeded. */
function resultSource(world: World, name: string): Source | undefined {
	const [, taskId = '', extension] = /^(.+)\.(mp4|png)$/.exec(name) ?? [];
	const task = world.tasks.get(taskId);
	if (!task || stateOf(task) !== 'succeeded') return undefined;
	const { resultSize, thumbnailFault, downloadRate: rate, stall } = world.settingsFor(task);
	const line: Line = { rate, stalls: stall === 'download', signal: world.ending.signal };
	if (extension === 'png') return thumbnailFault ? undefined : { ...onDisk('result.png'), line };
	if (resultSize === null) return { ...onDisk('result.mp4'), line };
	const open = () => Readable.from(pattern(resultSize));
	return { type: 'video/mp4', size: resultSize, open, line };
}

function onDisk(name: string): Source {
	const location = join(__dirname, 'media', name);
	const type = name.endsWith('.png') ? 'image/png' : 'video/mp4';
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
	const { line } = source;
	return reply.send(line ? Readable.from(through(line, source.open())) : source.open());
}
