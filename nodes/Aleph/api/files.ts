/** Files: up to the provider's upload, and down from the host of a result. Both are streamed. */
import type { IBinaryData, IDataObject } from 'n8n-workflow';
import { asNumber, asObject, asText } from '../task/json';
import type { Api, NodeFunctions } from './client';
import { ApiFailure } from './failure';
import { isHttpUrl, networkFailure, request } from './request';
import { retrying } from './retry';

/** A file to send, read anew for each try. */
export interface LocalFile {
	name: string;
	mimeType: string;
	/** Bytes. */
	size: number;
	open: () => Promise<AsyncIterable<Uint8Array>>;
}

export interface UploadedFile extends IDataObject {
	url: string;
	fileName: string;
	/** Bytes. */
	size: number;
	mimeType: string;
	/** ISO 8601. The provider says "a day or so". */
	expiresAt: string;
}

const PATIENCE_MS = 60_000;
const IDLE_MS = 120_000;
const UPLOAD_LIFETIME_MS = 24 * 60 * 60_000;
const UPLOAD_FOLDER = 'n8n-runway-aleph';

/** Uploads a file, again after failures that pass: it costs nothing. Throws an ApiFailure. */
export async function uploadFile(api: Api, file: LocalFile): Promise<UploadedFile> {
	const began = Date.now();
	const data = await retrying(
		async () => asObject(await oneOfAFew(async () => await uploadOnce(api, file))),
		{
			until: (failure) => (failure.isPassing ? began + PATIENCE_MS : 0),
			signal: api.signal,
		},
	);
	const url = asText(data.downloadUrl);
	if (url === null) throw new ApiFailure('notTheApi', 200, 'The answer holds no URL');
	return {
		url,
		fileName: asText(data.fileName) ?? file.name,
		size: asNumber(data.fileSize) ?? file.size,
		mimeType: asText(data.mimeType) ?? file.mimeType,
		expiresAt: new Date(began + UPLOAD_LIFETIME_MS).toISOString(),
	};
}

async function uploadOnce(api: Api, file: LocalFile): Promise<unknown> {
	const form = new FormData();
	form.append('uploadPath', UPLOAD_FOLDER);
	form.append('fileName', file.name);
	form.append('file', new StreamedFile(file, progressLog(api.functions, file)));
	return await request(api, {
		method: 'POST',
		baseUrl: api.uploadUrl,
		path: '/api/file-stream-upload',
		body: form,
		timeout: IDLE_MS,
		idle: true,
	});
}

/** A file whose content is read while it is sent, where the platform's own has it in memory. */
class StreamedFile extends File {
	override readonly size: number;

	constructor(
		private readonly source: LocalFile,
		private readonly onProgress: (bytes: number) => void,
	) {
		super([], source.name, { type: source.mimeType });
		this.size = source.size;
	}

	override stream() {
		return ReadableStream.from(this.chunks());
	}

	private async *chunks() {
		for await (const chunk of await this.source.open()) {
			this.onProgress(chunk.length);
			yield chunk;
		}
	}
}

/** Tells n8n's log about each quarter of a file. */
function progressLog({ logger }: NodeFunctions, { name, size }: LocalFile) {
	let sent = 0;
	return (bytes: number) => {
		const quarter = Math.floor((4 * sent) / size);
		sent += bytes;
		if (Math.floor((4 * sent) / size) === quarter) return;
		logger.info(
			`Runway Aleph uploads ${name}: ${Math.floor((100 * sent) / size)} % of ${size} bytes`,
		);
	};
}

/** Downloads a file into n8n's binary data. No credential goes along. Throws an ApiFailure. */
export async function downloadFile(
	functions: NodeFunctions,
	url: string | null,
	signal?: AbortSignal,
): Promise<IBinaryData> {
	const began = Date.now();
	if (!isHttpUrl(url)) throw new ApiFailure('notFound', null, 'the API gave no URL for it');
	return await retrying(
		async () => await oneOfAFew(async () => await downloadOnce(functions, url, signal)),
		{
			until: (failure) => (failure.isPassing ? began + PATIENCE_MS : 0),
			signal,
		},
	);
}

interface StreamAnswer {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Parameters<NodeFunctions['helpers']['prepareBinaryData']>[0] & { destroy: () => void };
}

async function downloadOnce(
	{ helpers }: NodeFunctions,
	url: string,
	signal?: AbortSignal,
): Promise<IBinaryData> {
	try {
		const { statusCode, headers, body } = (await helpers.httpRequest({
			url,
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			timeout: IDLE_MS,
			abortSignal: signal,
		})) as StreamAnswer;
		if (statusCode === 200) {
			return await helpers.prepareBinaryData(body, fileNameOf(url, headers), mimeTypeOf(headers));
		}
		body.destroy();
		throw downloadFailure(statusCode, url);
	} catch (error) {
		throw error instanceof ApiFailure ? error : networkFailure(error, url);
	}
}

function downloadFailure(statusCode: number, url: string): ApiFailure {
	const kind = statusCode === 429 || statusCode >= 500 ? 'server' : 'notFound';
	return new ApiFailure(kind, statusCode, `HTTP ${statusCode} at ${new URL(url).origin}`);
}

/** The name that the answer gives, else the last part of the URL. */
function fileNameOf(url: string, headers: Record<string, unknown>): string {
	const disposition = asText(headers['content-disposition']) ?? '';
	const name = /filename="?([^";]+)"?/i.exec(disposition)?.[1];
	return name ?? decoded(new URL(url).pathname.split('/').at(-1) ?? '');
}

function decoded(name: string): string {
	try {
		return decodeURIComponent(name);
	} catch {
		return name;
	}
}

/** Undefined where the answer says nothing of use: n8n then goes by the file name. */
function mimeTypeOf(headers: Record<string, unknown>): string | undefined {
	const type = asText(headers['content-type'])?.split(';')[0];
	return type && !/octet-stream/.test(type) ? type : undefined;
}

/** How many files this process moves at once, however many tasks end together. */
const AT_ONCE = 5;

let moving = 0;
const waiting: Array<() => void> = [];

async function oneOfAFew<T>(move: () => Promise<T>): Promise<T> {
	if (moving >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
	else moving++;
	try {
		return await move();
	} finally {
		const next = waiting.shift();
		if (next) next();
		else moving--;
	}
}
