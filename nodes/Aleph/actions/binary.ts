/** The binary data of an input item, as a file to upload. */
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { asText } from '../task/json';
import type { Api } from '../api/connect';
import { harmlessName, withExtension } from '../api/fileName';
import { uploadFile, type LocalFile, type UploadedFile } from '../api/upload';
import { inputError } from './errors';

/** Small enough to be seen moving on a slow line. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Throws an error that names the field where there is no such file.
 * @param field as the user knows it
 * @param property the binary property that the user has named in it
 */
export function readBinary(
	functions: IExecuteFunctions,
	itemIndex: number,
	field: string,
	property: unknown,
): IBinaryData {
	const name = asText(property) ?? '';
	const files = functions.getInputData()[itemIndex]?.binary ?? {};
	const binary = Object.hasOwn(files, name) ? files[name] : undefined;
	if (binary) return binary;
	const names = Object.keys(files);
	throw inputError(
		functions.getNode(),
		itemIndex,
		`This item has no binary field "${name}"`,
		`Nothing was sent. "${field}" must name a binary field of the item. ${names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none: check that the previous node outputs a file.'}`,
	);
}

/** Uploads a file. Throws an ApiFailure. */
export async function upload(
	functions: IExecuteFunctions,
	api: Api,
	binary: IBinaryData,
	name?: string,
): Promise<UploadedFile> {
	return await uploadFile(api, await asLocalFile(functions, binary, name));
}

async function asLocalFile(
	{ helpers }: IExecuteFunctions,
	binary: IBinaryData,
	name?: string,
): Promise<LocalFile> {
	const { id, mimeType } = binary;
	const file = { name: harmlessName(name ?? '') || nameOf(binary), mimeType };
	if (id) {
		const { fileSize } = await helpers.getBinaryMetadata(id);
		return { ...file, size: fileSize, open: () => helpers.getBinaryStream(id, CHUNK_BYTES) };
	}
	// n8n's binary mode "default" keeps the content in the item itself.
	const content = Buffer.from(binary.data, 'base64');
	return {
		...file,
		size: content.length,
		open: async () => await Promise.resolve(inChunks(content)),
	};
}

function nameOf({ fileName, fileExtension, mimeType }: IBinaryData): string {
	const named = harmlessName(fileName ?? '');
	if (named) return named;
	return withExtension(fileExtension ? harmlessName(`file.${fileExtension}`) : 'file', mimeType);
}

async function* inChunks(content: Buffer) {
	for (let start = 0; start < content.length; start += CHUNK_BYTES) {
		yield await Promise.resolve(content.subarray(start, start + CHUNK_BYTES));
	}
}

/**
 * Tells whether it is still the same file when the node runs again. n8n moves what a webhook has
 * brought to another folder meanwhile, which is in the id.
 */
export function identityOf({ id, data }: IBinaryData): string {
	return id?.split('/').at(-1) ?? data;
}
