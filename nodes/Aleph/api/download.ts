/** Files down from the host of a result, written while they come in. */
import type { IBinaryData } from 'n8n-workflow';
import { asText } from '../task/json';
import type { Api, NodeFunctions } from './connect';
import { ApiFailure } from './failure';
import { nameOfDownload, typeOfName, withExtension } from './fileName';
import { isHttpUrl, networkFailure } from './request';
import { IDLE_MS, lineOfFiles, transfer, type Watch } from './transfer';

const line = lineOfFiles();

/**
 * Downloads a file into n8n's binary data. No credential goes along. Throws an ApiFailure.
 * @param idle milliseconds in which nothing moves, after which it has failed
 */
export async function downloadFile(
	{ functions, owner, signal }: Pick<Api, 'functions' | 'owner' | 'signal'>,
	url: string | null,
	idle = IDLE_MS,
): Promise<IBinaryData> {
	if (!isHttpUrl(url)) throw new ApiFailure('notFound', null, 'the API gave no URL for it');
	return await transfer(
		{ url, owner, idle, line, signal },
		async (watch) => await downloadOnce(functions, url, watch, signal),
	);
}

/** Of Node.js, but not by its name: `stream` is not for community packages. */
type Readable = Exclude<
	Parameters<NodeFunctions['helpers']['prepareBinaryData']>[0],
	Buffer | Uint8Array
>;

interface StreamAnswer {
	statusCode: number;
	headers: Record<string, unknown>;
	body: Readable;
}

async function downloadOnce(
	{ helpers }: NodeFunctions,
	url: string,
	watch: Watch,
	signal?: AbortSignal,
): Promise<IBinaryData> {
	const abortSignal = AbortSignal.any([watch.signal, ...(signal ? [signal] : [])]);
	const asked = helpers.httpRequest({
		url,
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		timeout: 0,
		abortSignal,
	}) as Promise<StreamAnswer>;
	const { statusCode, headers, body } = await asked.catch((error: unknown) => {
		throw networkFailure(error, url);
	});
	if (statusCode !== 200) {
		body.destroy();
		throw downloadFailure(statusCode, url);
	}
	watch.moved();
	const type = typeTold(headers);
	const name = withExtension(nameOfDownload(url, headers), type);
	try {
		return await helpers.prepareBinaryData(
			watched(body, watch),
			name,
			type ?? typeOfName(name) ?? 'application/octet-stream',
		);
	} catch (error) {
		const isOfTheLine = abortSignal.aborted || body.errored;
		throw isOfTheLine ? networkFailure(error, url) : storageFailure(error as Error);
	}
}

/** The same stream, with an eye on each chunk. */
function watched(body: Readable, watch: Watch): Readable {
	return body.map((chunk: Uint8Array) => {
		watch.moved();
		return chunk;
	});
}

/** The file came in, and n8n could not store it. */
function storageFailure({ message }: Error): ApiFailure {
	return new ApiFailure('local', null, message);
}

function downloadFailure(statusCode: number, url: string): ApiFailure {
	const kind = statusCode === 429 || statusCode >= 500 ? 'server' : 'notFound';
	return new ApiFailure(kind, statusCode, `HTTP ${statusCode} at ${new URL(url).origin}`);
}

/** Null where the answer says nothing of use. */
function typeTold(headers: Record<string, unknown>): string | null {
	const [type = ''] = (asText(headers['content-type']) ?? '').split(';');
	return /^[\w.+-]+\/[\w.+-]+$/.test(type.trim()) && !/octet-stream/i.test(type)
		? type.trim().toLowerCase()
		: null;
}
