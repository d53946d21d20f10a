/** What an account at kie.ai or Apikley has beside tasks: credits, links to results, and uploads. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { faultsOf } from './contract';
import { done } from './dialects/envelope';
import { ApiError } from './errors';
import type { components } from './openapi';
import { freshUrl } from './results';
import type { State } from './state';

type UploadAnswer = components['schemas']['UploadAnswer'];
type DownloadUrlRequest = components['schemas']['DownloadUrlRequest'];

const LINK_MS = 20 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

export function kieAccount(app: FastifyInstance, state: State): void {
	app.get('/api/v1/chat/credit', (_request, reply) =>
		state.settings.creditEndpoint ? done(state.settings.credits) : reply.callNotFound(),
	);
	app.post('/api/v1/common/download-url', (request) => done(downloadLink(state, request.body)));
}

export function kieUpload(app: FastifyInstance, state: State): void {
	app.addHook('preSerialization', (_request, _reply, payload, next) => {
		next(null, { success: (payload as { code: number }).code === 200, ...(payload as object) });
	});
	app.post('/api/file-stream-upload', (request, reply) =>
		state.settings.upload ? upload(state, request) : reply.callNotFound(),
	);
}

function downloadLink(state: State, body: unknown): string {
	const faults = faultsOf('DownloadUrlRequest', body);
	if (faults) throw new ApiError(422, faults);
	const { url } = body as DownloadUrlRequest;
	if (!url.startsWith(`${state.filesBase(state.settings)}/files/result/`)) {
		throw new ApiError(422, 'url is not that of a generated file');
	}
	return freshUrl(url.split('?')[0] ?? '', 2, LINK_MS);
}

async function upload(state: State, request: FastifyRequest): Promise<UploadAnswer> {
	const { fields, file } = await state.uploads.receive(request, state.uploadConnection());
	const { uploadPath, fileName } = fields;
	if (!file) throw new ApiError(422, 'file is required');
	if (typeof uploadPath !== 'string') throw new ApiError(422, 'uploadPath is required');
	const { name, path, size, type } = state.uploads.store(file, uploadPath, fileName);
	const now = Date.now();
	const address = path.split('/').map(encodeURIComponent).join('/');
	const { uploadExpires } = state.settings;
	const data = {
		fileName: name,
		filePath: path,
		downloadUrl: `${state.filesBase(state.settings)}/files/uploads/${address}`,
		fileSize: size,
		mimeType: type,
		uploadedAt: new Date(now).toISOString(),
		...(uploadExpires !== null && {
			expiresAt: new Date(now + uploadExpires * HOUR_MS).toISOString(),
		}),
	};
	return { success: true, ...done(data) };
}
