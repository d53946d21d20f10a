/** Uploaded files: streamed into a temporary folder, and gone when the simulator ends. */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, posix } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { transfer, type Connection } from './connection';

interface ReceivedFile {
	name: string;
	size: number;
	type: string;
	sha256: string;
	/** Where it lies on disk, under a name that owes nothing to the sender. */
	location: string;
}

export interface StoredFile extends ReceivedFile {
	/** What its URL ends with. */
	path: string;
}

interface Form {
	fields: Record<string, unknown>;
	file?: ReceivedFile;
	/** The names of the fields that came after the file. */
	late: string[];
}

export class Uploads {
	/** Made for the first file. */
	private folder: string | undefined;
	private readonly files = new Map<string, StoredFile>();

	find(path: string): StoredFile | undefined {
		return this.files.get(path);
	}

	all(): StoredFile[] {
		return [...this.files.values()];
	}

	/** Reads a whole upload form. */
	async receive(request: FastifyRequest, connection: Connection): Promise<Form> {
		const form: Form = { fields: {}, late: [] };
		for await (const part of request.parts()) {
			if (part.type === 'file') {
				form.file = await this.write(part, connection);
				continue;
			}
			form.fields[part.fieldname] = part.value;
			if (form.file) form.late.push(part.fieldname);
		}
		return form;
	}

	/** Puts a file in its place, where it replaces an earlier one. Without a name it gets a new one. */
	store(file: ReceivedFile, folder: string, fileName: unknown): StoredFile {
		const name =
			(typeof fileName === 'string' && fileName) || `${randomUUID()}${extname(file.name)}`;
		const path = posix.join('/', folder, name).slice(1);
		const stored = { ...file, name, path };
		const replaced = this.files.get(path);
		// The newest is the last, wherever its forerunner was.
		this.files.delete(path);
		this.files.set(path, stored);
		if (replaced) rmSync(replaced.location, { force: true });
		return stored;
	}

	private async write(part: MultipartFile, connection: Connection): Promise<ReceivedFile> {
		this.folder ??= mkdtempSync(join(tmpdir(), 'aleph-uploads-'));
		const location = join(this.folder, randomUUID());
		const hash = createHash('sha256');
		let size = 0;
		const measure = new Transform({
			transform(chunk: Buffer, _encoding, done) {
				hash.update(chunk);
				size += chunk.length;
				done(null, chunk);
			},
		});
		const slowed = (chunks: AsyncIterable<Buffer>) => transfer(connection, chunks);
		await pipeline(part.file as Readable, slowed, measure, createWriteStream(location));
		const { filename, mimetype } = part;
		return { name: filename ?? '', type: mimetype, location, size, sha256: hash.digest('hex') };
	}

	remove(): void {
		if (this.folder) rmSync(this.folder, { recursive: true, force: true });
	}
}
