/** Files on their way: to the provider and back, over lines good and bad, under names good and bad. */
import { createHash, randomBytes } from 'node:crypto';
import axios from 'axios';
import { BinaryDataService } from 'n8n-core';
import type { IBinaryData, IBinaryKeyData, IDataObject, INodeParameters } from 'n8n-workflow';
import { readConnection } from '../../nodes/Aleph/api/connection';
import { downloadFile } from '../../nodes/Aleph/api/files/download';
import { uploadFile } from '../../nodes/Aleph/api/files/upload';
import { generate, get, newAccount, simulator, useSimulator } from '../support/aleph';
import { functionsOf, runNode, start, type Result } from '../support/engine';
import { good } from '../support/hostile/answers';
import {
	PATHS,
	startHostileServer,
	type Answers,
	type HostileServer,
} from '../support/hostile/server';

useSimulator({ duration: 0 });

const MEGABYTE = 1024 * 1024;

const upload = (parameters: INodeParameters = {}): INodeParameters => ({
	resource: 'file',
	operation: 'upload',
	binaryProperty: 'data',
	...parameters,
});

const video = (content: string, fields: Partial<IBinaryData> = {}): IBinaryKeyData => ({
	data: {
		data: Buffer.from(content).toString('base64'),
		mimeType: 'video/mp4',
		fileName: 'video.mp4',
		...fields,
	},
});

describe('two uploads of one name', () => {
	const contentOf = async ({ json }: Result['items'][number]) =>
		(await axios.get<string>(json.url as string)).data;

	it('never meet, within a run or across runs', async () => {
		const credential = newAccount();
		const setup = { parameters: upload(), credential };
		const first = await runNode({ ...setup, items: [{}, {}], binary: video('first') });
		const second = await runNode({ ...setup, binary: video('second') });
		const items = [...first.items, ...second.items];
		expect(await Promise.all(items.map(contentOf))).toEqual(['first', 'first', 'second']);
		expect(new Set(items.map(({ json }) => json.url)).size).toBe(3);
	});

	it('keep the name in the URL and in the item', async () => {
		const { items } = await runNode({
			parameters: upload(),
			binary: video('x'),
			credential: newAccount(),
		});
		expect(items[0]?.json.fileName).toBe('video.mp4');
		expect(items[0]?.json.url).toMatch(/\/video\.mp4$/);
	});

	it('never meet where they are the source of tasks', async () => {
		const setup = { parameters: generate({ videoSource: 'binary' }), credential: newAccount() };
		await runNode({ ...setup, binary: video('first') });
		await runNode({ ...setup, binary: video('second') });
		const urls = simulator.tasks().map(({ request }) => request.videoUrl);
		const contents = urls.map(async (url) => (await axios.get<string>(url)).data);
		expect(await Promise.all(contents)).toEqual(['first', 'second']);
	});
});

describe('a slow line', () => {
	const IDLE = 2_000;
	const SIZE = 40 * MEGABYTE;
	const chunk = new Uint8Array(64 * 1024);

	/** How much of the file was read, each time that it was. */
	let reads: Array<Promise<number>>;

	async function* content(end: (taken: number) => void) {
		let taken = 0;
		try {
			for (; taken < SIZE; taken += chunk.length) yield await Promise.resolve(chunk);
		} finally {
			end(taken);
		}
	}

	function open() {
		return new Promise<AsyncIterable<Uint8Array>>((opened) => {
			reads.push(new Promise((end) => opened(content(end))));
		});
	}

	async function send(account: IDataObject = {}, idle = IDLE) {
		reads = [];
		const ctx = await functionsOf({ parameters: upload(), credential: newAccount(account) });
		const connection = await readConnection(ctx);
		const file = { name: 'video.mp4', mimeType: 'video/mp4', size: SIZE, open };
		return await uploadFile(ctx, connection, file, { owner: Symbol('test'), idle });
	}

	async function fetchResult(idle = IDLE) {
		const { items } = await runNode({ parameters: generate(), credential: newAccount() });
		const ctx = await functionsOf({ parameters: get('x'), credential: newAccount() });
		const { limiters } = await readConnection(ctx);
		const turn = { owner: Symbol('test'), limiter: limiters.downloads };
		return await downloadFile(ctx, { url: items[0]!.json.videoUrl as string, idle, ...turn });
	}

	it('takes an upload for as long as it moves', async () => {
		simulator.settings.uploadRate = 10 * MEGABYTE;
		const began = Date.now();
		await expect(send()).resolves.toMatchObject({ fileName: 'video.mp4', size: SIZE });
		expect(Date.now() - began).toBeGreaterThan(IDLE);
	});

	it('takes a download for as long as it moves', async () => {
		Object.assign(simulator.settings, { downloadRate: MEGABYTE, resultSize: 3 * MEGABYTE });
		const began = Date.now();
		const { data, mimeType } = await fetchResult();
		expect(Buffer.from(data, 'base64')).toHaveLength(3 * MEGABYTE);
		expect(mimeType).toBe('video/mp4');
		expect(Date.now() - began).toBeGreaterThan(IDLE);
	});

	it('that stands still ends an upload, which is not sent again', async () => {
		simulator.settings.stall = 'upload';
		await expect(send({}, 500)).rejects.toMatchObject({
			kind: 'upload',
			reason: `nothing moved for 0.5 seconds at ${simulator.url}`,
		});
		expect(reads).toHaveLength(1);
	});

	it('that stands still ends a download', async () => {
		Object.assign(simulator.settings, { stall: 'download', resultSize: MEGABYTE });
		await expect(fetchResult(500)).rejects.toMatchObject({
			kind: 'interrupted',
			reason: `nothing moved for 0.5 seconds at ${simulator.url}`,
		});
	});

	it('that stands still is left at once by an execution that is stopped', async () => {
		simulator.settings.stall = 'upload';
		const setup = { parameters: upload(), binary: video('x'.repeat(MEGABYTE)) };
		const { result, cancel } = start({ ...setup, credential: newAccount() });
		while (simulator.requests().length === 0) await new Promise(setImmediate);
		await cancel();
		expect((await result).items).toEqual([]);
	}, 30_000);

	it('is not burdened with the rest of a file that has been refused', async () => {
		await expect(send({ apiKey: 'wrong-key' })).rejects.toMatchObject({ kind: 'credential' });
		expect(reads).toHaveLength(1);
		expect(await reads[0]).toBeLessThan(SIZE);
	});
});

describe('a thumbnail', () => {
	const both = { options: { download: ['video', 'thumbnail'] } };

	it('comes with the video', async () => {
		const { items } = await runNode({ parameters: generate(both), credential: newAccount() });
		expect(items[0]?.binary).toMatchObject({
			video: { mimeType: 'video/mp4' },
			thumbnail: { mimeType: 'image/png' },
		});
	});

	it('that there is none of leaves the video in place', async () => {
		simulator.settings.thumbnail = false;
		const { items, error } = await runNode({
			parameters: generate(both),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(Object.keys(items[0]?.binary ?? {})).toEqual(['video']);
		expect(items[0]?.json).toMatchObject({ status: 'success', imageUrl: null });
	});

	it.each(['runway', 'jobs'])(
		'that there is none of is told once, however many items there are: %s',
		async (api) => {
			simulator.settings.thumbnail = false;
			const { run } = await runNode({
				parameters: generate({ options: { download: ['thumbnail'] } }),
				items: [{}, {}, {}],
				credential: newAccount({ api }),
			});
			expect(run.data.resultData.runData['Runway Aleph']?.[0]?.hints).toEqual([
				{
					message: 'At least one video came without a thumbnail, because the provider gave none.',
					type: 'info',
					location: 'outputPane',
				},
			]);
		},
	);

	it('that nobody wants is no matter', async () => {
		simulator.settings.thumbnail = false;
		const { run } = await runNode({
			parameters: generate({ options: { download: ['video'] } }),
			credential: newAccount(),
		});
		expect(run.data.resultData.runData['Runway Aleph']?.[0]?.hints).toEqual([]);
	});

	it('that cannot be downloaded leaves the video in place, and a hint says so', async () => {
		simulator.settings.thumbnailFault = true;
		const { items, error, run } = await runNode({
			parameters: generate(both),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(Object.keys(items[0]?.binary ?? {})).toEqual(['video']);
		const [task] = simulator.tasks();
		expect(run.data.resultData.runData['Runway Aleph']?.[0]?.hints).toEqual([
			{
				message: `The thumbnail of task ${task!.taskId} could not be downloaded, so it is missing (HTTP 404 at ${simulator.url}).`,
				type: 'warning',
				location: 'outputPane',
			},
		]);
	});
});

describe('the name of a file', () => {
	it.each<[string, Partial<IBinaryData>, string]>([
		['nothing', { fileName: undefined, mimeType: 'x/y' }, 'file'],
		['its type alone', { fileName: undefined }, 'file.mp4'],
		['its extension alone', { fileName: undefined, fileExtension: 'mov' }, 'file.mov'],
		['a name without extension', { fileName: 'download' }, 'download.mp4'],
		['a name that ends otherwise', { fileName: 'holiday.final' }, 'holiday.final.mp4'],
		['another script', { fileName: 'мой фильм.mp4' }, 'мой фильм.mp4'],
		['quotes', { fileName: 'a "b" \'c\'.mp4' }, 'a "b" \'c\'.mp4'],
		['folders', { fileName: '../../etc/a\\video.mp4' }, 'video.mp4'],
		['line breaks', { fileName: 'a"\r\nX-Header: 1\r\n\r\nb.mp4' }, 'a"X-Header: 1b.mp4'],
		['dots only', { fileName: '..' }, 'file.mp4'],
	])('with %s is sent right and harmless', async (_, fields, name) => {
		const { items } = await runNode({
			parameters: upload(),
			binary: video('content', fields),
			credential: newAccount(),
		});
		expect(items[0]?.json.fileName).toBe(name);
		const [stored] = simulator.stats().uploads;
		expect(stored).toMatchObject({ size: 'content'.length });
		expect(stored?.path.split('/').at(-1)).toBe(name);
		const { data } = await axios.get<string>(items[0]!.json.url as string);
		expect(data).toBe('content');
	});

	it('is that which the user has given', async () => {
		const { items } = await runNode({
			parameters: upload({ fileName: 'other/name.mp4' }),
			binary: video('content'),
			credential: newAccount(),
		});
		expect(items[0]?.json.fileName).toBe('name.mp4');
	});

	it.each(['...', '/', 'folder/', '..\\'])(
		'is not that of the file itself where the user has given one that is none: %j',
		async (fileName) => {
			const { error } = await runNode({
				parameters: upload({ fileName }),
				binary: video('content'),
				credential: newAccount(),
			});
			expect(error?.message).toBe('"File Name" must be the name of a file');
			expect(error?.description).toContain(`It is ${JSON.stringify(fileName)}. `);
			expect(simulator.requests()).toEqual([]);
		},
	);
});

describe('what the host of a file answers', () => {
	let server: HostileServer;

	beforeAll(async () => {
		server = await startHostileServer();
	});
	afterAll(async () => await server.close());

	async function runOn(parameters: INodeParameters, answers: Answers) {
		const credential = newAccount({
			api: 'aleph',
			baseUrl: server.url,
			uploadUrl: server.url,
		});
		server.answer(credential.apiKey as string, answers);
		return await runNode({ parameters, credential, binary: video('x') });
	}

	async function download(path: string, headers: Record<string, string>, status = 200) {
		server.answer('', { [path]: { ...good(null), status, headers, body: 'content' } });
		const response = { resultVideoUrl: `${server.url}${path}` };
		const done = { successFlag: 1, response };
		const parameters = get('a-task', { options: { download: ['video'] } });
		return await runOn(parameters, { [PATHS.record]: good(done) });
	}

	it.each([
		['/1.mp4', {}, { fileName: '1.mp4', fileExtension: 'mp4', mimeType: 'video/mp4' }],
		['/2', { 'content-type': 'video/webm' }, { fileName: '2.webm', fileExtension: 'webm' }],
		['/3/', { 'content-type': 'video/mp4; x=y' }, { fileName: 'file.mp4', mimeType: 'video/mp4' }],
		['/4', {}, { fileName: '4', mimeType: 'application/octet-stream' }],
		[
			'/5',
			{ 'content-disposition': 'attachment; filename="../a\\"b\\".mp4"' },
			{ fileName: 'a"b".mp4', mimeType: 'video/mp4' },
		],
		[
			'/6',
			{ 'content-disposition': "attachment; filename=x; filename*=UTF-8''%D1%8F.mp4" },
			{ fileName: 'я.mp4', mimeType: 'video/mp4' },
		],
		[
			'/7.mp4',
			{ 'content-type': 'application/force-download' },
			{ fileName: '7.mp4', mimeType: 'video/mp4' },
		],
		['/8.zip', {}, { fileName: '8.zip', mimeType: 'application/zip' }],
		['/9', { 'content-type': 'application/zip' }, { fileName: '9.zip' }],
	])('names what comes from %s', async (path, headers, binary) => {
		const { items } = await download(path, { ...headers });
		expect(items[0]?.binary?.video).toMatchObject(binary);
		expect(items[0]?.binary?.video?.directory).toBeUndefined();
	});

	it.each([
		['2126-11-01T10:00:00+02:00', '2126-11-01T08:00:00.000Z'],
		['2126-11-01 10:00:00', '2126-11-01T10:00:00.000Z'],
		[4_949_510_400, '2126-11-05T00:00:00.000Z'],
		[4_949_510_400_000, '2126-11-05T00:00:00.000Z'],
	])('tells when an upload expires: %s', async (expiresAt, iso) => {
		const data = { downloadUrl: 'https://example.com/a.mp4', expiresAt };
		const { items } = await runOn(upload(), { [PATHS.upload]: good(data) });
		expect(items[0]?.json.expiresAt).toBe(iso);
	});

	it.each([undefined, null, '', 'soon', 0, '2001-01-01T00:00:00Z'])(
		'does not tell when an upload expires, which then is in a day: %j',
		async (expiresAt) => {
			const days = (count: number) => Date.now() + count * 24 * 60 * 60_000;
			const data = { downloadUrl: 'https://example.com/a.mp4', expiresAt };
			const earliest = days(1);
			const { items } = await runOn(upload(), { [PATHS.upload]: good(data) });
			const told = Date.parse(items[0]?.json.expiresAt as string);
			expect(told).toBeGreaterThanOrEqual(earliest);
			expect(told).toBeLessThanOrEqual(days(1));
		},
	);

	const uploaded = async (data: IDataObject) =>
		await runOn(upload(), { [PATHS.upload]: good(data) });

	it.each(['undefined', '/a.mp4', '//example.com/a.mp4', ' ', 7])(
		'is no place of an upload: %j',
		async (downloadUrl) => {
			const { error } = await uploaded({ downloadUrl });
			expect(error?.message).toBe('The file could not be uploaded');
			expect(error?.description).toContain('(The response has no URL)');
		},
	);

	it('is the place of an upload without the blanks around it', async () => {
		const { items } = await uploaded({ downloadUrl: ' https://example.com/a.mp4\n' });
		expect(items[0]?.json.url).toBe('https://example.com/a.mp4');
	});

	it.each([
		[7, 7],
		['7', 7],
		[0, 1],
		[-1, 1],
		['large', 1],
	])('tells the size of an upload, which is its own otherwise: %j', async (fileSize, size) => {
		const { items } = await uploaded({ downloadUrl: 'https://example.com/a.mp4', fileSize });
		expect(items[0]?.json.size).toBe(size);
	});

	it('is not followed where it redirects an upload', async () => {
		const elsewhere = { location: `${server.url}/elsewhere` };
		const answer = { ...good(null), status: 307, headers: elsewhere };
		const before = server.allRequests();
		const { error } = await runOn(upload(), { [PATHS.upload]: answer });
		expect(error?.message).toBe('This server does not know the request');
		expect(server.allRequests()).toBe(before + 1);
	});

	it('is followed where it redirects a download, without the key', async () => {
		server.answer('', { '/new.mp4': { ...good(null), headers: {}, body: 'content' } });
		const { items } = await download('/old.mp4', { location: '/new.mp4' }, 302);
		const { data } = items[0]!.binary!.video!;
		expect(Buffer.from(data, 'base64').toString()).toBe('content');
	});
});

describe('a file that n8n cannot store', () => {
	it('is downloaded once, and the reason is that of n8n', async () => {
		const url = `${simulator.url}/files/sample.mp4`;
		const ctx = await functionsOf({ parameters: get('x'), credential: newAccount() });
		const { limiters } = await readConnection(ctx);
		const full = new Error('ENOSPC: no space left on device, write');
		const prepareBinaryData = async () => await Promise.reject(full);
		Object.assign(ctx.helpers, { prepareBinaryData });
		const turn = { owner: Symbol('test'), limiter: limiters.downloads };
		await expect(downloadFile(ctx, { url, ...turn })).rejects.toBe(full);
		expect(simulator.requests()).toHaveLength(1);
	});
});

describe('base64', () => {
	const bytes = randomBytes(300_000);

	it.each([
		['with line breaks', (base64: string) => base64.replace(/.{76}/g, '$&\r\n')],
		['with a line break at its end', (base64: string) => `${base64}\n`],
		['for URLs', (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_')],
		['without padding', (base64: string) => base64.replaceAll('=', '')],
		['as a data URL', (base64: string) => `data:video/mp4;base64,${base64}`],
	])('%s is sent whole, and its size is right', async (_, written) => {
		for (const content of [bytes, bytes.subarray(1), bytes.subarray(2)]) {
			const { items } = await runNode({
				parameters: upload(),
				binary: video('', { data: written(content.toString('base64')) }),
				credential: newAccount(),
			});
			expect(items[0]?.json.size).toBe(content.length);
			const sha256 = createHash('sha256').update(content).digest('hex');
			expect(simulator.stats().uploads.at(-1)).toMatchObject({ size: content.length, sha256 });
		}
	});
});

it.each([
	['hello world, this is no base64!', 'The content of "Input Binary Field" is not base64'],
	['AA==AA==', 'The content of "Input Binary Field" is not base64'],
	['data:video/mp4,AAAA', 'The content of "Input Binary Field" is not base64'],
	['====', 'The content of "Input Binary Field" is not base64'],
	['=', 'The file in "Input Binary Field" is empty'],
	...['filesystem', 'filesystem-v2', 'database', 's3', 'azure'].map((storage) => [
		storage,
		'"Input Binary Field" has the name of n8n\'s storage in place of a file',
	]),
])('the content "%s" is refused before anything is sent', async (data, message) => {
	const binary = video('', { data });
	const { error } = await runNode({ parameters: upload(), binary, credential: newAccount() });
	expect(error?.message).toBe(message);
	expect(simulator.requests()).toEqual([]);
});

it.each([
	[{ mimeType: '', fileName: 'clip.mov' }, undefined, 'clip.mov', 'video/quicktime'],
	[{ mimeType: 'text/plain', fileName: 'clip.mp4' }, undefined, 'clip.mp4', 'video/mp4'],
	[{ fileName: 'clip.mov', fileExtension: 'bin' }, 'movie', 'movie.mov', 'video/quicktime'],
	[{ fileName: 'clip', fileExtension: 'bin' }, undefined, 'clip', 'application/octet-stream'],
])(
	'a file whose type says nothing has that of its name: %j',
	async (about, fileName, name, type) => {
		const binary = video('content', { mimeType: 'application/octet-stream', ...about });
		const parameters = upload(fileName === undefined ? {} : { fileName });
		const { items } = await runNode({ parameters, binary, credential: newAccount() });
		expect(items[0]?.json).toMatchObject({ fileName: name, mimeType: type });
	},
);

it('a text instead of the name of a field is not told at full length', async () => {
	const binary = video('content');
	const parameters = upload({ binaryProperty: 'x'.repeat(1_000_000) });
	const { error } = await runNode({ parameters, binary, credential: newAccount() });
	expect(error?.message.length).toBeLessThan(200);
});

describe('a file of 0 bytes', () => {
	const fromFile = () => generate({ videoSource: 'binary' });
	const stored = { id: 'filesystem-v2:empty', data: 'filesystem-v2' };

	afterEach(() => jest.restoreAllMocks());

	it.each<[string, () => INodeParameters, Partial<IBinaryData>, string]>([
		['Upload', upload, {}, 'The file in "Input Binary Field" is empty'],
		['Generate', fromFile, {}, 'The file in "Input Binary Field" is empty'],
		['Upload of a line break', upload, { data: '\n' }, 'The file in "Input Binary Field" is empty'],
		["Upload from n8n's storage", upload, stored, 'The file "video.mp4" is empty'],
		["Generate from n8n's storage", fromFile, stored, 'The file "video.mp4" is empty'],
	])('is refused before anything is sent: %s', async (_, parameters, fields, message) => {
		jest.spyOn(BinaryDataService.prototype, 'getMetadata').mockResolvedValue({ fileSize: 0 });
		const { error } = await runNode({
			parameters: parameters(),
			binary: video('', fields),
			credential: newAccount(),
		});
		expect(error?.message).toBe(message);
		expect(error?.description).toMatch(/^Nothing was sent\. /);
		expect(simulator.requests()).toEqual([]);
	});
});

describe('a batch of which one item cannot be sent up', () => {
	const fromEither = () =>
		generate({ videoSource: '={{ $json.source }}', videoUrl: 'https://example.com/video.mp4' });
	const items = [{ source: 'url' }, { source: 'binary' }];

	it.each<[string, Partial<IBinaryData>, IDataObject, string]>([
		[
			'as its stored file is empty',
			{ id: 'filesystem-v2:empty', data: 'filesystem-v2', fileSize: '0 B' },
			{},
			'The file in "Input Binary Field" is empty',
		],
		[
			'as the provider takes no files',
			{},
			{ uploadUrl: '' },
			'"Input Binary Field" gives a file, and the credential has no Upload URL',
		],
	])('is refused before anything is sent: %s', async (_, fields, account, message) => {
		const { error } = await runNode({
			parameters: fromEither(),
			items,
			binary: video('x', fields),
			credential: newAccount(account),
		});
		expect(error).toMatchObject({ message, context: { itemIndex: 1 } });
		expect(simulator.requests()).toEqual([]);
	});
});

describe('a batch of uploads', () => {
	it('of which one is refused has the error of that one, with no word on videos', async () => {
		const { error } = await runNode({
			parameters: upload({ binaryProperty: '={{ $itemIndex === 1 ? "gone" : "data" }}' }),
			items: [{}, {}],
			binary: video('content'),
			credential: newAccount(),
		});
		expect(error?.message).toBe('This item has no binary field "gone"');
		expect(error?.description).not.toContain('videos');
	});

	const twenty = () => ({
		parameters: upload(),
		items: Array<IDataObject>(20).fill({}),
		binary: video('content'),
		credential: newAccount(),
	});

	it('of which one is refused begins no more, as nobody gets their URLs', async () => {
		simulator.settings.firewall = true;
		const { error } = await runNode(twenty());
		expect(error?.message).toMatch(/firewall/i);
		expect(simulator.requests().length).toBeLessThan(10);
	});

	it('goes on with "Continue", though one is refused', async () => {
		simulator.settings.firewall = true;
		const { items } = await runNode({
			...twenty(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.filter(({ json }) => json.error)).toHaveLength(20);
		expect(simulator.requests()).toHaveLength(20);
	});
});

describe('a file by an expression', () => {
	const fileOf = (content: string, fields?: Partial<IBinaryData>) => video(content, fields).data!;
	const second = upload({ binaryProperty: '={{ $binary.b }}' });

	it.each<[string, IBinaryKeyData]>([
		[
			'by what can be seen of it',
			{ a: fileOf('first'), b: fileOf('other', { fileName: 'b.mp4' }) },
		],
		['though another field holds the same file', { a: fileOf('other'), b: fileOf('other') }],
	])('is found %s', async (_, binary) => {
		const { items } = await runNode({ parameters: second, binary, credential: newAccount() });
		const { data } = await axios.get<string>(items[0]!.json.url as string);
		expect(data).toBe('other');
	});

	it('is not guessed where another one looks the same', async () => {
		const binary = { a: fileOf('first'), b: fileOf('other') };
		const { error } = await runNode({ parameters: second, binary, credential: newAccount() });
		expect(error?.message).toBe('"Input Binary Field" may mean several files of this item');
		expect(simulator.requests()).toEqual([]);
	});

	it('that holds its content needs no look at the others', async () => {
		const { items } = await runNode({
			parameters: upload({ binaryProperty: '={{ $json.file }}' }),
			items: [{ file: fileOf('mine') }],
			binary: { a: fileOf('first'), b: fileOf('other') },
			credential: newAccount(),
		});
		const { data } = await axios.get<string>(items[0]!.json.url as string);
		expect(data).toBe('mine');
	});
});

describe('binary fields', () => {
	it.each(['x', null, { mimeType: 'video/mp4' }])(
		'are not mistaken for what an item has under "_files": %j',
		async (data) => {
			const { items } = await runNode({
				parameters: upload(),
				items: [{ _files: { data, other: data } }],
				binary: video('real'),
				credential: newAccount(),
			});
			const { data: content } = await axios.get<string>(items[0]!.json.url as string);
			expect(content).toBe('real');
		},
	);

	it.each([
		'x',
		{ mimeType: 'video/mp4' },
		{ mimeType: 'video/mp4', id: '', data: null },
		// A row of a list of files, and one of a database.
		{ mimeType: 'video/mp4', id: '1AbCdEf', name: 'clip.mp4', kind: 'drive#file' },
		{ mimeType: 'video/mp4', id: 17 },
	])('that hold no content are refused before anything is sent: %j', async (other) => {
		const { error } = await runNode({
			parameters: generate({ videoSource: 'binary', videoBinaryProperty: 'other' }),
			items: [{ _files: { other } }],
			binary: video('real'),
			credential: newAccount(),
		});
		expect(error?.message).toBe('"Input Binary Field" gives a file without content');
		expect(error?.description).toContain('It has: other, data.');
		expect(simulator.requests()).toEqual([]);
	});

	it('that are null are no matter where another one is used', async () => {
		const binary = { ...video('real'), none: null } as unknown as IBinaryKeyData;
		const setup = { binary, credential: newAccount() };
		const { items } = await runNode({ ...setup, parameters: generate({ videoSource: 'binary' }) });
		expect(items[0]?.json.status).toBe('success');
		const { error } = await runNode({
			...setup,
			parameters: generate({ videoSource: 'binary', videoBinaryProperty: 'none' }),
		});
		expect(error?.message).toBe('This item has no binary field "none"');
	});

	const files = (videoOutputProperty: string, thumbnailOutputProperty: string) => ({
		options: { download: ['video', 'thumbnail'], videoOutputProperty, thumbnailOutputProperty },
	});

	it.each([
		[
			'file',
			'file',
			'"Put Video in Field" and "Put Thumbnail in Field" must not have the same name: "file"',
		],
		['__proto__', 'thumbnail', '"Put Video in Field" has a reserved name'],
		['video', '__proto__', '"Put Thumbnail in Field" has a reserved name'],
	])('such as %j and %j are refused before anything is sent', async (video, thumbnail, message) => {
		const { error } = await runNode({
			parameters: generate(files(video, thumbnail)),
			credential: newAccount(),
		});
		expect(error?.message).toBe(message);
		expect(simulator.requests()).toEqual([]);
	});

	it('may bear one name where only one of them is wanted', async () => {
		const { options } = files('file', 'file');
		const { items } = await runNode({
			parameters: generate({ options: { ...options, download: ['thumbnail'] } }),
			credential: newAccount(),
		});
		expect(items[0]?.binary?.file?.mimeType).toBe('image/png');
	});

	it.each(['__proto__', 'constructor', 'toString'])('is not made of %j', async (name) => {
		const { error } = await runNode({
			parameters: upload({ binaryProperty: name }),
			binary: video('x'),
			credential: newAccount(),
		});
		expect(error?.message).toBe(`This item has no binary field "${name}"`);
		expect(simulator.requests()).toEqual([]);
	});
});
