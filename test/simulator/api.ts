/** The routes of the API, upload host included, behind one check of the key. */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { components } from '../../nodes/Aleph/api/openapi';
import { answerBadly, done, Refusal } from './answers';
import { faultsOf } from './contract';
import { generate } from './generate';
import { recordInfo } from './tasks';
import type { World } from './world';

type UploadAnswer = components['schemas']['UploadAnswer'];
type DownloadUrlRequest = components['schemas']['DownloadUrlRequest'];

const DOWNLOAD_LINK_MS = 20 * 60 * 1000;

export async function apiRoutes(app: FastifyInstance, world: World): Promise<void> {
	await app.register(multipart, { limits: { fileSize: Infinity } });
	app.addHook('onRequest', (request, _reply, next) => {
		next(reasonToRefuse(world, keyOf(request)));
	});

	app.post('/api/v1/aleph/generate', (request, reply) =>
		generate(world, keyOf(request), request, reply),
	);
	app.get('/api/v1/aleph/record-info', (request, reply) => readRecord(world, request, reply));
	app.get('/api/v1/chat/credit', (_request, reply) =>
		world.settings.creditEndpoint ? done(world.settings.credits) : reply.callNotFound(),
	);
	app.post('/api/v1/common/download-url', (request) => done(downloadLink(world, request.body)));
	app.post('/api/file-stream-upload', (request, reply) =>
		world.settings.upload ? upload(world, request) : reply.callNotFound(),
	);
}

function keyOf(request: FastifyRequest): string {
	return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]?.trim() ?? '';
}

function reasonToRefuse(world: World, key: string): Refusal | undefined {
	const { keys, maintenance } = world.settings;
	const valid = keys ? keys.includes(key) : key !== '' && !key.startsWith('wrong');
	if (!valid) {
		world.counters.unauthorized++;
		return new Refusal(401);
	}
	return maintenance ? new Refusal(455) : undefined;
}

function readRecord(world: World, request: FastifyRequest, reply: FastifyReply): unknown {
	world.counters.recordInfoRead();
	const { taskId } = request.query as { taskId?: unknown };
	if (typeof taskId !== 'string' || taskId === '') throw new Refusal(422, 'taskId is required');
	const task = world.tasks.get(taskId);
	if (!task) throw new Refusal(422, 'recordInfo is null');

	const settings = world.settingsFor(task);
	request.settings = settings;
	const fault = settings.readFaults[task.reads++];
	if (fault) return answerBadly(fault, reply);
	if (Date.now() < task.createdAt + settings.lag * 1000)
		throw new Refusal(422, 'recordInfo is null');
	return done(recordInfo(task, settings, world.filesBase(settings)));
}

function downloadLink(world: World, body: unknown): string {
	const faults = faultsOf('DownloadUrlRequest', body);
	if (faults) throw new Refusal(422, faults);
	const { url } = body as DownloadUrlRequest;
	if (!url.startsWith(`${world.filesBase(world.settings)}/files/result/`)) {
		throw new Refusal(422, 'url is not that of a generated file');
	}
	return `${url}?expires=${Date.now() + DOWNLOAD_LINK_MS}`;
}

async function upload(world: World, request: FastifyRequest): Promise<UploadAnswer> {
	const { name, path, size, type } = await world.uploads.receive(request);
	const address = path.split('/').map(encodeURIComponent).join('/');
	const data = {
		fileName: name,
		filePath: path,
		downloadUrl: `${world.filesBase(world.settings)}/files/uploads/${address}`,
		fileSize: size,
		mimeType: type,
		uploadedAt: new Date().toISOString(),
	};
	return { success: true, ...done(data) };
}
