/** Uploaded files: streamed into a temporary folder, and gone when the simulator ends. */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, posix } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Refusal } from './answers';
import { through, type Line } from './line';

export interface StoredFile {
	/** What its URL ends with. */
	path: string;
	name: string;
	size: number;
	type: string;
	sha256: string;
	/** Where it lies on disk, under a name that owes nothing to the sender. */
	location: string;
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

	/**
	 * Reads a whole upload form; its fields may come in any order. The file replaces an earlier one of
	 * the same folder and name.
	 */
	async receive(request: FastifyRequest, line: Line): Promise<StoredFile> {
		const fields: Record<string, unknown> = {};
		let sent: (Written & { name: string; type: string }) | undefined;
		for await (const part of request.parts()) {
			if (part.type === 'field') fields[part.fieldname] = part.value;
			else sent = { ...(await this.write(part, line)), name: part.filename, type: part.mimetype };
		}
		const { uploadPath, fileName } = fields;
		if (!sent) throw new Refusal(422, 'file is required');
		if (typeof uploadPath !== 'string') throw new Refusal(422, 'uploadPath is required');
		const name =
			(typeof fileName === 'string' && fileName) || `${randomUUID()}${extname(sent.name ?? '')}`;
		const path = posix.join('/', uploadPath, name).slice(1);
		const stored = { ...sent, name, path };
		const replaced = this.files.get(path);
		// The newest is the last, wherever its forerunner was.
		this.files.delete(path);
		this.files.set(path, stored);
		if (replaced) rmSync(replaced.location, { force: true });
		return stored;
	}

	private async write(part: MultipartFile, line: Line): Promise<Written> {
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
		const slowed = (chunks: AsyncIterable<Buffer>) => through(line, chunks);
		await pipeline(part.file as Readable, slowed, measure, createWriteStream(location));
		return { location, size, sha256: hash.digest('hex') };
	}

	remove(): void {
		if (this.folder) rmSync(this.folder, { recursive: true, force: true });
	}
}

type Written = Pick<StoredFile, 'location' | 'size' | 'sha256'>;
