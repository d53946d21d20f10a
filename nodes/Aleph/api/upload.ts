/** Files up to the provider, read while they are sent. */
import { randomUUID } from 'crypto';
import type { IDataObject } from 'n8n-workflow';
import { asNumber, asObject, asText, type Json } from '../task/json';
import { asTime, isoTime } from '../task/task';
import type { Api, NodeFunctions } from './connect';
import { ApiFailure, asFailure } from './failure';
import { isHttpUrl, request } from './request';
import { IDLE_MS, lineOfFiles, transfer, type Watch } from './transfer';

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
	/** ISO 8601. */
	expiresAt: string;
}

/** The provider keeps uploads for three days, where its answer does not name the time. */
const UPLOAD_LIFETIME_MS = 3 * 24 * 60 * 60_000;
const UPLOAD_FOLDER = 'n8n-runway-aleph';

const line = lineOfFiles();

/**
 * Uploads a file, again after failures that pass: it costs nothing. Throws an ApiFailure.
 * @param idle milliseconds in which nothing moves, after which it has failed
 */
export async function uploadFile(api: Api, file: LocalFile, idle = IDLE_MS): Promise<UploadedFile> {
	if (!api.uploadUrl) throw new ApiFailure('noUpload', null, '');
	if (!isHttpUrl(api.uploadUrl))
		throw new ApiFailure('upload', null, 'the Upload URL in the credential is not a URL');
	const answer = await transfer(
		{ url: api.uploadUrl, owner: api.owner, idle, line, signal: api.signal },
		async (watch) => await uploadOnce(api, file, watch),
	).catch((error: unknown) => {
		throw asUploadFailure(asFailure(error));
	});
	const data = asObject(answer);
	if (!isHttpUrl(data.downloadUrl)) {
		throw new ApiFailure('upload', 200, 'The response has no URL');
	}
	return {
		url: data.downloadUrl,
		fileName: file.name,
		size: asNumber(data.fileSize) ?? file.size,
		mimeType: asText(data.mimeType) ?? file.mimeType,
		expiresAt: expiryOf(data),
	};
}

/** What is wrong with the account or the network has its own advice. */
function asUploadFailure({ kind, code, reason }: ApiFailure): ApiFailure {
	const isKnown = kind === 'credential' || kind === 'firewall';
	return new ApiFailure(isKnown ? kind : 'upload', code, reason);
}

async function uploadOnce(api: Api, file: LocalFile, watch: Watch): Promise<unknown> {
	const log = progressLog(api.functions, file);
	const form = new FormData();
	// A file of the same folder and name would replace an earlier one.
	form.append('uploadPath', `${UPLOAD_FOLDER}/${randomUUID()}`);
	form.append('fileName', file.name);
	const onProgress = (bytes: number) => {
		watch.moved();
		log(bytes);
	};
	form.append('file', new StreamedFile(file, onProgress, watch.signal));
	return await request(api, {
		method: 'POST',
		baseUrl: api.uploadUrl,
		path: '/api/file-stream-upload',
		body: form,
		timeout: 0,
		stalled: watch.signal,
	});
}

/** A file whose content is read while it is sent, where the platform's own has it in memory. */
class StreamedFile extends File {
	override readonly size: number;

	constructor(
		private readonly source: LocalFile,
		private readonly onProgress: (bytes: number) => void,
		/** Ends the reading: a request that was answered early leaves the rest unread, and the file open. */
		private readonly signal: AbortSignal,
	) {
		super([], source.name, { type: source.mimeType });
		this.size = source.size;
	}

	override stream() {
		const chunks = this.chunks();
		this.signal.addEventListener('abort', () => void chunks.return(), { once: true });
		return ReadableStream.from(chunks);
	}

	private async *chunks(): AsyncGenerator<Uint8Array, void> {
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

/** Later than this, epoch seconds are milliseconds. */
const MOST_SECONDS = 1e11;

function expiryOf({ expiresAt }: Json): string {
	const number = asNumber(expiresAt);
	const isSeconds = number !== null && number < MOST_SECONDS;
	const told = asTime(isSeconds ? number * 1000 : expiresAt) ?? 0;
	const now = Date.now();
	return isoTime(told > now ? told : now + UPLOAD_LIFETIME_MS)!;
}
