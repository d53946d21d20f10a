/** Files up to the provider, read while they are sent. */
import { asNumber, asText } from '../../task/json';
import { asTime, isoTime } from '../../task/task';
import { asUrl, isHttpUrl, sendable } from '../../task/url';
import type { NodeContext } from '../../n8n';
import type { Connection } from '../connection';
import type {
	FileFacts,
	HttpAnswer,
	Send,
	UploadCall,
	UploadedFile,
	UploadReport,
} from '../dialects/dialect';
import { ApiError, type ApiErrorKind } from '../error';
import { request, send, sendWithoutKey } from '../request';
import { transfer, watched, type IdleTimer, type Transfer } from './transfer';

/** A file to send, read anew for each attempt. */
export interface LocalFile extends FileFacts {
	open: () => Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Uploads a file, again after errors that pass: it costs nothing. Throws an ApiError, or n8n's error if it
 * cannot read the file.
 */
export async function uploadFile(
	ctx: NodeContext,
	connection: Connection,
	file: LocalFile,
	turn: Omit<Transfer, 'url' | 'limiter'>,
): Promise<UploadedFile> {
	const { dialect, uploadUrl, baseUrl, limiters, provider } = connection;
	const url = uploadUrl || baseUrl;
	const ask: Send = async (call) => await request(ctx, connection, call, turn.signal);
	const moved = transfer({ url, limiter: limiters.uploads, ...turn }, async (timer) => {
		const call = await dialect.upload(file, uploadUrl, ask);
		return await uploadOnce(ctx, connection, call, { file, timer });
	});
	const report = await moved.catch((error: unknown) => {
		throw error instanceof ApiError ? asUploadError(error) : error;
	});
	return uploadedFile(file, report, provider.uploadLifetime);
}

/** What has its own advice, besides what is wrong with the account, the network, or the moment. */
const OWN_ADVICE: readonly ApiErrorKind[] = ['firewall', 'noUpload', 'notFound', 'denied'];

/** All that makes a batch wait or halt keeps its kind; the rest is that of one file. */
function asUploadError(error: ApiError): ApiError {
	const { kind, code, reason, isNotSent, isThrottled, isAccountError } = error;
	const isKept = isNotSent || isThrottled || isAccountError || OWN_ADVICE.includes(kind);
	return isKept ? error : new ApiError('upload', code, reason);
}

async function uploadOnce(
	ctx: NodeContext,
	connection: Connection,
	{ url, fields, withKey, read }: UploadCall,
	{ file, timer }: { file: LocalFile; timer: IdleTimer },
): Promise<UploadReport> {
	const source = new StreamedFile(file, timer, progressLog(ctx, file));
	const form = new FormData();
	for (const [name, value] of Object.entries(fields)) form.append(name, value);
	form.append('file', source);
	const sending = { url, signal: timer.signal, body: form };
	const sent = withKey
		? send(ctx, connection, { method: 'POST' }, sending)
		: sendToStorage(ctx, sending);
	const answer = await sent.catch((error: unknown) => {
		// A file that n8n cannot read is no fault of the connection's.
		throw source.error ?? error;
	});
	return read(answer);
}

/** The API has named the place, with all that it needs: the key stays here. */
async function sendToStorage(
	ctx: NodeContext,
	{ url, signal, body }: { url: string; signal: AbortSignal; body: FormData },
): Promise<HttpAnswer> {
	if (!isHttpUrl(url)) throw new ApiError('notTheApi', null, 'The response has no upload URL');
	return await sendWithoutKey(ctx, {
		method: 'POST',
		url,
		body,
		disableFollowRedirect: true,
		abortSignal: signal,
	});
}

/** A file whose content is read while it is sent. The platform's own has it in memory. */
class StreamedFile extends File {
	override readonly size: number;

	/** What went wrong with reading it. */
	error: unknown;

	constructor(
		private readonly source: LocalFile,
		private readonly timer: IdleTimer,
		private readonly log: (bytes: number) => void,
	) {
		super([], source.name, { type: source.mimeType });
		this.size = source.size;
	}

	override stream() {
		const chunks = this.chunks();
		// A request that was answered early leaves the rest unread, and the file open.
		this.timer.signal.addEventListener('abort', () => void chunks.return(), { once: true });
		return ReadableStream.from(chunks);
	}

	private async *chunks(): AsyncGenerator<Uint8Array, void> {
		const note = (error: unknown) => (this.error = error);
		const content = await this.source.open().catch((error: unknown) => {
			note(error);
			throw error;
		});
		const onChunk = ({ length }: Uint8Array) => {
			this.timer.moved(length);
			this.log(length);
		};
		yield* watched(content, onChunk, note);
	}
}

/** Tells n8n's log about each quarter of a file. */
function progressLog({ logger }: NodeContext, { name, size }: LocalFile) {
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

function uploadedFile(file: LocalFile, report: UploadReport, lifetime: number): UploadedFile {
	const url = sendable(asText(report.url)?.trim() ?? '');
	// A task that is started with it would be refused, or fail after it was paid for.
	if (!asUrl(url)) throw new ApiError('upload', 200, 'The response has no URL');
	const told = asNumber(report.size) ?? 0;
	return {
		url,
		fileName: file.name,
		size: told > 0 ? told : file.size,
		mimeType: asText(report.mimeType) ?? file.mimeType,
		expiresAt: expiryOf(report.expiresAt, lifetime),
	};
}

/** When an upload ends, as the answer says, else after the shortest time that the provider documents. */
function expiryOf(expiresAt: unknown, lifetime: number): string {
	const told = asTime(expiresAt) ?? 0;
	const now = Date.now();
	return isoTime(told > now ? told : now + lifetime)!;
}
