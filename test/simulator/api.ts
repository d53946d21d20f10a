/** The routes of both APIs and of what they share, upload host included, behind one check of the key. */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { components } from '../../nodes/Aleph/api/openapi';
import { answerBadly, blockedByFirewall, done, Refusal } from './answers';
import { faultsOf } from './contract';
import { API_NAMES, DIALECTS, type ApiName } from './dialects';
import { generate } from './generate';
import type { World } from './world';

type UploadAnswer = components['schemas']['UploadAnswer'];
type DownloadUrlRequest = components['schemas']['DownloadUrlRequest'];

const UPLOAD = '/api/file-stream-upload';
const DOWNLOAD_LINK_MS = 20 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

export async function apiRoutes(app: FastifyInstance, world: World): Promise<void> {
	await app.register(multipart, { limits: { fileSize: Infinity } });
	app.addHook('onRequest', (request, reply, next) => {
		// It stands before the API, and looks at no key.
		if (request.routeOptions.url === UPLOAD && world.settings.firewall) {
			blockedByFirewall(reply);
			return;
		}
		next(reasonToRefuse(world, keyOf(request)));
	});

	for (const api of API_NAMES) {
		await app.register((scope, _options, next) => next(void taskRoutes(scope, world, api)));
	}
	app.get('/api/v1/chat/credit', (_request, reply) =>
		world.settings.creditEndpoint ? done(world.settings.credits) : reply.callNotFound(),
	);
	app.post('/api/v1/common/download-url', (request) => done(downloadLink(world, request.body)));
	app.post(UPLOAD, (request, reply) =>
		world.settings.upload ? upload(world, request) : reply.callNotFound(),
	);
}

function taskRoutes(app: FastifyInstance, world: World, api: ApiName): void {
	const { create, read, words } = DIALECTS[api];
	app.addHook('onRequest', (_request, _reply, next) => {
		const { apis } = world.settings;
		next(apis === 'both' || apis === api ? undefined : new Refusal(505));
	});
	app.post(create, (request, reply) => generate(world, api, keyOf(request), request, reply));
	app.route({
		method: 'GET',
		url: read,
		preSerialization: (_request, _reply, payload, next) => {
			const { msg, ...answer } = payload as { msg: string };
			next(null, { ...answer, [words]: msg });
		},
		handler: (request, reply) => readRecord(world, api, request, reply),
	});
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

function readRecord(
	world: World,
	api: ApiName,
	request: FastifyRequest,
	reply: FastifyReply,
): unknown {
	world.counters.recordInfoRead();
	const { taskId } = request.query as { taskId?: unknown };
	if (typeof taskId !== 'string' || taskId === '') throw new Refusal(422, 'taskId is required');
	const task = world.tasks.get(taskId);
	if (task?.api !== api) throw new Refusal(422, 'recordInfo is null');

	const settings = world.settingsFor(task);
	request.settings = settings;
	const fault = settings.readFaults[task.reads++];
	if (fault) return answerBadly(fault, reply);
	if (Date.now() < task.createdAt + settings.lag * 1000)
		throw new Refusal(422, 'recordInfo is null');
	return done(DIALECTS[api].record(task, settings, world.filesBase(settings)));
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
	const { uploadRate: rate, uploadExpires, stall } = world.settings;
	const line = { rate, stalls: stall === 'upload', signal: world.ending.signal };
	const { name, path, size, type } = await world.uploads.receive(request, line);
	const now = Date.now();
	const address = path.split('/').map(encodeURIComponent).join('/');
	const data = {
		fileName: name,
		filePath: path,
		downloadUrl: `${world.filesBase(world.settings)}/files/uploads/${address}`,
		fileSize: size,
		mimeType: type,
		uploadedAt: new Date(now).toISOString(),
		...(uploadExpires !== null && {
			expiresAt: new Date(now + uploadExpires * HOUR_MS).toISOString(),
		}),
	};
	return { success: true, ...done(data) };
}
