/**
 * As much of Google Drive and Google Sheets as n8n's nodes need: one sheet, and files in folders. What is
 * there can be looked at and changed.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';

interface DriveFile {
	id: string;
	name: string;
	/** The id of the folder that it is in. */
	folder: string;
	content: Buffer;
}

export interface GoogleStub {
	/** What n8n has to be started with, so that its nodes come here. */
	env: Record<string, string>;
	/** The cells of the sheet; the first row has the names of the columns. */
	rows: string[][];
	files: DriveFile[];
	/** Puts a file there, and gives its id. */
	add(folder: string, name: string, content: Buffer): string;
	close(): Promise<void>;
}

/** What both apps' credentials hold once the user has signed in. */
export const SIGNED_IN = {
	clientId: 'client',
	clientSecret: 'secret',
	oauthTokenData: { access_token: 'token', token_type: 'Bearer' },
};

export async function startGoogleStub(): Promise<GoogleStub> {
	const files: DriveFile[] = [];
	const stub = {
		rows: [] as string[][],
		files,
		add: (folder: string, name: string, content: Buffer) => addFile(files, folder, name, content),
	};
	const app = Fastify({ forceCloseConnections: true, bodyLimit: 100 * 1024 * 1024 });
	app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
	sheet(app, stub);
	drive(app, stub);
	uploads(app, stub);
	const address = await app.listen({ port: 0, host: '127.0.0.1' });
	const env = {
		NODE_OPTIONS: `--import ${pathToFileURL(join(__dirname, 'redirect.ts')).href}`,
		GOOGLE_STUB_PORT: new URL(address).port,
	};
	return Object.assign(stub, { env, close: async () => await app.close() });
}

function sheet(app: FastifyInstance, stub: Pick<GoogleStub, 'rows'>): void {
	app.get('/v4/spreadsheets/:sheet', () => ({
		sheets: [{ properties: { sheetId: 0, title: 'Sheet1' } }],
	}));
	app.get('/v4/spreadsheets/:sheet/values/:range', () => ({ values: stub.rows }));
	app.post<{ Body: { data: Array<{ range: string; values: [[string]] }> } }>(
		'/v4/spreadsheets/:sheet/values::batchUpdate',
		({ body }) => {
			for (const { range, values } of body.data) {
				const [, letter = '', row = ''] = /!([A-Z])(\d+)$/.exec(range) ?? [];
				stub.rows[Number(row) - 1]![letter.charCodeAt(0) - 'A'.charCodeAt(0)] = values[0][0];
			}
			return {};
		},
	);
}

function drive(app: FastifyInstance, { files }: Pick<GoogleStub, 'files'>): void {
	app.get<{ Querystring: { q: string } }>('/drive/v3/files', ({ query: { q } }) => {
		const folder = /'([^']+)' in parents/.exec(q)?.[1];
		return { files: files.filter((file) => file.folder === folder).map(described) };
	});
	app.get<{ Params: { id: string }; Querystring: { alt?: string } }>(
		'/drive/v3/files/:id',
		({ params, query }, reply) => {
			const file = files.find(({ id }) => id === params.id);
			if (!file) return notFound(reply);
			return query.alt === 'media' ? reply.type('video/mp4').send(file.content) : described(file);
		},
	);
	app.patch<{
		Params: { id: string };
		Body: { name?: string };
		Querystring: { addParents?: string };
	}>('/drive/v3/files/:id', ({ params, body, query }, reply) => {
		const file = files.find(({ id }) => id === params.id);
		if (!file) return notFound(reply);
		file.name = body.name ?? file.name;
		file.folder = query.addParents ?? file.folder;
		return described(file);
	});
}

/** Either with a session, to which the bytes are sent, or all in one. */
function uploads(app: FastifyInstance, { files }: Pick<GoogleStub, 'files'>): void {
	app.post<{ Querystring: { uploadType: string }; Body: unknown }>(
		'/upload/drive/v3/files',
		({ query, body }, reply) => {
			const whole = query.uploadType === 'multipart' && Buffer.isBuffer(body);
			const id = addFile(files, '', '', whole ? lastPart(body) : Buffer.alloc(0));
			if (whole) return { id };
			return reply.header('location', `https://www.googleapis.com/sessions/${id}`).send();
		},
	);
	app.put<{ Params: { id: string }; Body: Buffer }>('/sessions/:id', ({ params: { id }, body }) => {
		const file = files.find((each) => each.id === id)!;
		file.content = Buffer.concat([file.content, body]);
		return { id };
	});
}

function addFile(files: DriveFile[], folder: string, name: string, content: Buffer): string {
	const id = randomUUID();
	files.push({ id, name, folder, content });
	return id;
}

function described({ id, name }: DriveFile): object {
	const webViewLink = `https://drive.google.com/file/d/${id}/view`;
	return { id, name, mimeType: 'video/mp4', webViewLink };
}

/** The content of the last part of a multipart body. */
function lastPart(body: Buffer): Buffer {
	const text = body.toString('latin1');
	const start = text.lastIndexOf('\r\n\r\n') + 4;
	return Buffer.from(text.slice(start, text.lastIndexOf('\r\n--')), 'latin1');
}

function notFound(reply: FastifyReply): FastifyReply {
	return reply.code(404).send({ error: { code: 404, message: 'File not found' } });
}
