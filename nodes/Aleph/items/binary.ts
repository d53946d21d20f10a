/** The binary data of an input item, as a file to upload. */
import type { IBinaryData, IBinaryKeyData, IExecuteFunctions } from 'n8n-workflow';
import { harmlessName, typeOfFile, withExtension } from '../api/files/fileName';
import type { LocalFile } from '../api/files/upload';
import { asObject } from '../task/json';
import { brief, InvalidInput, isEmpty } from './parameters';

/** Small enough to be seen moving on a slow connection. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Throws an InvalidInput that names the field if there is no such file.
 * @param label of the field, as the user knows it
 * @param property a name or a path, or a binary object by an expression
 */
export function readBinary(
	ctx: IExecuteFunctions,
	itemIndex: number,
	label: string,
	property: unknown,
): IBinaryData {
	const input = ctx.getInputData()[itemIndex];
	// In n8n's combined binary mode the files are in the JSON; otherwise that name is the user's own.
	const files = { ...(asObject(input?.json._files) as IBinaryKeyData), ...input?.binary };
	const advice = adviceOn(label, Object.keys(files));
	if (isEmpty(property)) throw new InvalidInput(`"${label}" is empty`, advice);
	const isName = typeof property === 'string' || typeof property === 'number';
	const named = isName && Object.hasOwn(files, String(property)) ? files[String(property)] : null;
	const binary = named ?? givenBinary(property) ?? assertedBinary(ctx, itemIndex, property);
	if (!binary) {
		const which = isName ? brief(String(property)) : 'of this kind';
		throw new InvalidInput(`This item has no binary field ${which}`, advice);
	}
	const file = withContent(label, binary, Object.values(files));
	if (!hasContent(file)) throw new InvalidInput(`"${label}" gives a file without content`, advice);
	if (!isStored(file)) return { ...file, id: undefined, data: readBase64(label, file.data) };
	// What n8n noted when it stored the file.
	if (file.bytes === 0 || file.fileSize === '0 B') throw emptyFile(label);
	return file;
}

/** Whether n8n keeps the content outside of the item: IDs begin with the name of the storage, such as `s3:`. */
function isStored(binary: IBinaryData): boolean {
	const { id } = asObject(binary);
	return typeof id === 'string' && /^[\w-]+:./.test(id);
}

/** Without what stands around it in texts, with which its size would be told wrongly. */
function readBase64(label: string, text: string): string {
	if (STORAGES.includes(text)) {
		throw new InvalidInput(
			`"${label}" has the name of n8n's storage in place of a file`,
			'Check the node that outputs it: it has to pass on the whole binary object, with its "id".',
		);
	}
	const base64 = text.replace(/^\s*data:[^,]*;base64,|\s+/gi, '');
	if (!/^[\w+/-]*={0,2}$/.test(base64)) {
		throw new InvalidInput(
			`The content of "${label}" is not base64`,
			`It begins with ${brief(text.slice(0, 20))}: check the node that outputs it.`,
		);
	}
	if (Buffer.byteLength(base64, 'base64') > 0) return base64;
	throw emptyFile(label);
}

/** What n8n puts in place of the content that it stores elsewhere (n8n-core, `binary-data/utils`). */
const STORAGES = ['filesystem', 'filesystem-v2', 's3', 'azure', 'database'];

function emptyFile(label: string): InvalidInput {
	return new InvalidInput(`The file in "${label}" is empty`, EMPTY);
}

function adviceOn(label: string, names: string[]): string {
	const has =
		names.length > 0
			? `It has: ${names.join(', ')}.`
			: 'It has none: check that the previous node outputs a file.';
	return `"${label}" must name a binary field of the item. ${has}`;
}

const EMPTY = 'It has 0 bytes: check the node that outputs it.';

/** A binary object, as an expression gives it. */
function givenBinary(property: unknown): IBinaryData | null {
	return typeof asObject(property).mimeType === 'string' ? (property as IBinaryData) : null;
}

/** What n8n makes of a path; null if there is no file. */
function assertedBinary(
	{ helpers }: IExecuteFunctions,
	itemIndex: number,
	property: unknown,
): IBinaryData | null {
	try {
		const binary = helpers.assertBinaryData(itemIndex, property as string);
		return typeof binary.mimeType === 'string' ? binary : null;
	} catch {
		// What n8n says of it names neither the field nor what to do.
		return null;
	}
}

/** Expressions give a file without its content if n8n keeps that in the item itself: so it is found there. */
function withContent(label: string, binary: IBinaryData, files: IBinaryData[]): IBinaryData {
	if (hasContent(binary)) return binary;
	const isAlike = ({ fileName, mimeType, fileSize }: IBinaryData) =>
		fileName === binary.fileName && mimeType === binary.mimeType && fileSize === binary.fileSize;
	const alike = files.filter((file) => hasContent(file) && isAlike(file));
	if (new Set(alike.map(identityOf)).size > 1) {
		throw new InvalidInput(
			`"${label}" may mean several files of this item`,
			'They have the same name, type and size. Enter the name of the binary field instead of an expression.',
		);
	}
	return alike[0] ?? binary;
}

function hasContent(binary: IBinaryData): boolean {
	return typeof asObject(binary).data === 'string' || isStored(binary);
}

/**
 * Throws an InvalidInput if the file is empty.
 * @param name for the file at the provider, made harmless, if not its own
 */
export async function asLocalFile(
	{ helpers }: IExecuteFunctions,
	binary: IBinaryData,
	name?: string,
): Promise<LocalFile> {
	const { id, data } = binary;
	const mimeType = typeOfFile(binary.mimeType, binary.fileName ?? '', name ?? '');
	const file = { name: nameOf({ ...binary, mimeType }, name), mimeType };
	if (id) {
		const { fileSize } = await helpers.getBinaryMetadata(id);
		if (fileSize === 0) throw new InvalidInput(`The file "${file.name}" is empty`, EMPTY);
		return { ...file, size: fileSize, open: () => helpers.getBinaryStream(id, CHUNK_BYTES) };
	}
	// n8n's binary mode "default" keeps the content in the item itself. It is decoded when its turn comes.
	return {
		...file,
		size: Buffer.byteLength(data, 'base64'),
		open: async () => await Promise.resolve(inChunks(data)),
	};
}

/** The APIs tell by the extension what it is. */
function nameOf({ fileName, fileExtension, mimeType }: IBinaryData, name = fileName): string {
	return harmlessName(withExtension(harmlessName(name ?? '') || 'file', mimeType, fileExtension));
}

/** Four of them are three bytes. */
const CHUNK_CHARACTERS = 64 * 1024;

async function* inChunks(base64: string) {
	for (let start = 0; start < base64.length; start += CHUNK_CHARACTERS) {
		const chunk = base64.slice(start, start + CHUNK_CHARACTERS);
		yield await Promise.resolve(Buffer.from(chunk, 'base64'));
	}
}

/**
 * Tells whether it is still the same file when the node runs again. n8n may move a file to another folder,
 * which changes its ID but not the last part of it.
 */
export function identityOf(binary: IBinaryData): string {
	// A Code node may output anything.
	const { id, data } = asObject(binary);
	return String(typeof id === 'string' ? id.split('/').at(-1) : data);
}
