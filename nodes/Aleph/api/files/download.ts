/** Files down from the host of a result, written while they come in. No credential goes along. */
import type { IBinaryData } from 'n8n-workflow';
import { asNumber, asText } from '../../task/json';
import { isHttpUrl } from '../../task/url';
import type { NodeContext } from '../../n8n';
import type { HttpAnswer } from '../dialects/dialect';
import { ApiError } from '../error';
import { networkError } from '../networkError';
import { sendWithoutKey } from '../request';
import { nameOfDownload, typeOfFile, withExtension } from './fileName';
import { transfer, watched, type IdleTimer, type Transfer } from './transfer';

/** Downloads a file into n8n's binary data. Throws an ApiError, or n8n's error if it cannot store the file. */
export async function downloadFile(ctx: NodeContext, turn: Transfer): Promise<IBinaryData> {
	const { url } = turn;
	if (!isHttpUrl(url)) throw new ApiError('noFile', null, 'the API gave no URL for it');
	return await transfer(turn, async (timer) => await downloadOnce(ctx, url, timer));
}

/** Node's `Readable`; community packages may not import `stream`. */
type Readable = Exclude<
	Parameters<NodeContext['helpers']['prepareBinaryData']>[0],
	Buffer | Uint8Array
>;

interface StreamAnswer extends HttpAnswer {
	body: Readable;
}

async function downloadOnce(ctx: NodeContext, url: string, timer: IdleTimer): Promise<IBinaryData> {
	const { statusCode, headers, body } = await sendWithoutKey<StreamAnswer>(ctx, {
		url,
		encoding: 'stream',
		// n8n's HTTP client takes compressed content that was cut for the whole.
		headers: { 'Accept-Encoding': 'identity' },
		abortSignal: timer.signal,
	});
	if (statusCode !== 200) {
		body.destroy();
		throw statusError(statusCode, url);
	}
	const type = typeOf(headers);
	const name = withExtension(nameOfDownload(url, headers), type);
	const source = new Source(body, timer, type);
	const stored = ctx.helpers.prepareBinaryData(source.stream(), name, typeOfFile(type, name));
	const binary = await stored.catch((error: unknown) => {
		// Whether the connection or n8n's storage failed is told by which of the two streams did.
		if (source.error instanceof ApiError) throw source.error;
		const isOfStorage = source.error === undefined && !timer.signal.aborted;
		throw isOfStorage ? error : networkError(source.error ?? error, url);
	});
	source.checkLength(asNumber(headers['content-length']));
	return binary;
}

/** What comes in: watched, and refused if it is not a file. */
class Source {
	/** What went wrong with the connection or the content. */
	error: unknown;

	private bytes = 0;

	constructor(
		private readonly body: Readable,
		private readonly timer: IdleTimer,
		private readonly type: string | null,
	) {}

	/** The class comes from the stream at hand. */
	stream(): Readable {
		const { from } = this.body.constructor as unknown as {
			from: (chunks: AsyncIterable<Uint8Array>) => Readable;
		};
		const chunks = watched(
			this.body as AsyncIterable<Uint8Array>,
			({ length }) => {
				this.bytes += length;
				this.timer.moved(length);
			},
			(error) => (this.error = error),
		);
		return from(this.judged(chunks));
	}

	/** Hosts may send a page in small pieces: so the first ones are held back until they tell what comes. */
	private async *judged(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
		let start: Buffer | undefined = Buffer.alloc(0);
		for await (const chunk of chunks) {
			if (!start) {
				yield chunk;
				continue;
			}
			start = Buffer.concat([start, chunk]);
			if (start.length < TELLING_BYTES) continue;
			yield this.refuseText(start);
			start = undefined;
		}
		if (start && start.length > 0) yield this.refuseText(start);
	}

	private refuseText(start: Uint8Array): Uint8Array {
		const instead = textInstead(start, this.type);
		if (instead === null) return start;
		throw (this.error = new ApiError('noFile', null, `the host sent ${instead}`));
	}

	checkLength(told: number | null): void {
		if (this.bytes === 0) throw new ApiError('noFile', null, 'the file is empty');
		if (told !== null && told !== this.bytes) {
			throw new ApiError('interrupted', null, `${this.bytes} of ${told} bytes came in`);
		}
	}
}

const TELLING_BYTES = 200;

/** What came with status 200 although it is no file; null if it may be one. */
function textInstead(start: Uint8Array, type: string | null): string | null {
	const told = type ?? '';
	const text = Buffer.from(start.subarray(0, TELLING_BYTES)).toString();
	if (MESSAGE.test(text)) return 'a text instead of the file';
	if (PAGE_TYPE.test(told) || PAGE.test(text)) return 'a web page';
	// A host may say of any file that it is text.
	const isText = TEXT_TYPE.test(told) && !text.includes('\0');
	return isText ? 'a text instead of the file' : null;
}

const PAGE_TYPE = /^(text\/html|application\/xhtml\+xml)$/;
/** Markup of any kind, since no video, image or archive begins like this. */
const PAGE = /^\s*<[a-z!?]/i;

/** No video or thumbnail is of such a type: not even an SVG. */
const TEXT_TYPE = /^text\/|[/+](json|xml)$/;

/** An error in JSON, or in the XML of storages such as S3. */
const MESSAGE = /^\s*((\[\s*)?\{\s*"|<\?xml\b|<Error\b)/;

/** Another URL may help if this one is refused; the same one may after an error of the server. */
function statusError(statusCode: number, url: string): ApiError {
	const kind = statusCode === 429 || statusCode >= 500 ? 'server' : 'noFile';
	return new ApiError(kind, statusCode, `HTTP ${statusCode} at ${new URL(url).origin}`);
}

/** Null if the answer says nothing of use. */
function typeOf(headers: Record<string, unknown>): string | null {
	const [type = ''] = (asText(headers['content-type']) ?? '').split(';');
	return /^[\w.+-]+\/[\w.+-]+$/.test(type.trim()) && !/octet-stream/i.test(type)
		? type.trim().toLowerCase()
		: null;
}
