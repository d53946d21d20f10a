/** Files over lines that drip, from hosts that send something else, and to and from disks that fail. */
import '../support/fastClock';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { BinaryDataService } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';
import { readConnection } from '../../nodes/Aleph/api/connection';
import { downloadFile } from '../../nodes/Aleph/api/files/download';
import { FILES_AT_ONCE } from '../../nodes/Aleph/api/limits';
import { startSimulator } from '../simulator';
import { generate, get, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { functionsOf, runNode, start } from '../support/engine';
import { run, server, useHostileServers } from '../support/hostile/run';
import { good, plain, type Answer } from '../support/hostile/answers';
import { PATHS, type Answers } from '../support/hostile/server';
import { freePorts } from '../support/n8n/ports';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator({ duration: 0 });
useHostileServers();
afterEach(() => jest.restoreAllMocks());

const RESULT = 'GET /files/result/:name';
const downloads = { options: { download: ['video'] } };

const upload: INodeParameters = { resource: 'file', operation: 'upload', binaryProperty: 'data' };

describe('a disk that fails', () => {
	const FULL = 'ENOSPC: no space left on device, write';

	it.each([0, 1])('after %i chunks of a download is no fault of the host', async (chunks) => {
		simulator.settings.resultSize = 1_000_000;
		const store = jest
			.spyOn(BinaryDataService.prototype, 'store')
			.mockImplementation(async (_location, content) => {
				const reading = (content as Readable).iterator();
				for (let seen = 0; seen < chunks; seen++) await reading.next();
				throw new Error(FULL);
			});
		const { error } = await runNode({
			parameters: generate(downloads),
			credential: newAccount(),
		});
		expect(error?.message).toBe('The video is ready, but could not be downloaded');
		expect(error?.description).toContain(`(${FULL})`);
		expect(error?.description).toContain(simulator.tasks()[0]!.taskId);
		expect(store).toHaveBeenCalledTimes(1);
		expect(simulator.stats().routes[RESULT]).toBe(1);
	});

	/** A file of n8n's, which can be read up to its second chunk. */
	function brokenFile() {
		const { prototype } = BinaryDataService;
		jest.spyOn(prototype, 'getMetadata').mockResolvedValue({ fileSize: 1_000_000 });
		const reading = jest.spyOn(prototype, 'getAsStream').mockImplementation(async () => {
			async function* chunks() {
				yield await Promise.resolve(Buffer.alloc(1_000));
				throw new Error('ENOENT: no such file or directory, open');
			}
			return await Promise.resolve(Readable.from(chunks()));
		});
		const data = { id: 'filesystem-v2:gone', data: 'filesystem-v2', mimeType: 'video/mp4' };
		return { binary: { data }, reading };
	}

	it('while a file is uploaded is no fault of the provider', async () => {
		const { binary, reading } = brokenFile();
		const { error } = await runNode({ parameters: upload, binary, credential: newAccount() });
		expect(error?.message).toBe('ENOENT: no such file or directory, open');
		expect(error?.description).toMatch(/^This error came from n8n, not from the API\./);
		expect(reading).toHaveBeenCalledTimes(1);
	});

	it('while the file of a video is uploaded has charged nothing', async () => {
		const { binary, reading } = brokenFile();
		const { error } = await runNode({
			parameters: generate({ videoSource: 'binary' }),
			binary,
			credential: newAccount(),
		});
		expect(error?.message).toBe('ENOENT: no such file or directory, open');
		expect(error?.description).toMatch(/^Nothing was charged for this item\. /);
		expect(reading).toHaveBeenCalledTimes(1);
		expect(simulator.stats().generate.requests).toBe(0);
	});
});

it.each([429, 500, 503])(
	"an upload that Runway's storage cannot take for now (%i) is tried again",
	async (status) => {
		const storage = (status: number) =>
			server.answer('', { '/storage': { ...plain(null), status } });
		storage(status);
		const uploading = run(
			upload,
			{ '/v1/uploads': plain({ uploadUrl: `${server.url}/storage`, runwayUri: 'runway://x' }) },
			{ api: 'runway', binary: { data: { data: 'AAAA', mimeType: 'video/mp4' } } },
		);
		await until(() => server.requests('', '/storage') === 1);
		storage(204);
		const { error, items, requests } = await uploading;
		expect(error).toBeUndefined();
		expect(items[0]?.json.url).toBe('runway://x');
		// A ticket is good for one upload.
		expect(requests('/v1/uploads')).toBe(2);
	},
);

describe('an upload that is refused', () => {
	const binary = { data: { data: 'A'.repeat(2_000), mimeType: 'video/mp4' } };

	it('as the key is at its own limit halts the batch', async () => {
		const credential = newAccount({ uploadUrl: server.url });
		const apiKey = credential.apiKey as string;
		server.answer(apiKey, { [PATHS.upload]: plain({ code: 433, msg: 'Key limit reached' }) });
		const { items } = await runNode({
			parameters: generate({ videoSource: 'binary' }),
			items: Array.from({ length: 30 }, () => ({})),
			binary,
			credential,
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items[0]?.json.error).toBe('The API key has reached its own limit');
		expect(server.requests(apiKey, PATHS.upload)).toBeLessThanOrEqual(FILES_AT_ONCE);
		expect(simulator.stats().generate.requests).toBe(0);
	});

	it.each([
		[429, 'Rate limit: the API refuses requests for now'],
		[455, 'The API is under maintenance'],
	])('for now (code %i) has an error that is not about tasks', async (code, message) => {
		const { error } = await run(
			upload,
			{ [PATHS.upload]: plain({ code, msg: 'Not now' }) },
			{ binary },
		);
		expect(error?.message).toBe(message);
		expect(error?.description).toMatch(/^Try again .*"Not now"\.$/);
	});

	it('as its host is away is waited for, as soon as the batch has a task', async () => {
		const [port = 0] = await freePorts(1);
		const url = `http://127.0.0.1:${port}`;
		const execution = start({
			parameters: generate({ videoSource: '={{ $json.source }}', waitForCompletion: false }),
			items: [{ source: 'url' }, { source: 'binary' }],
			binary,
			credential: newAccount({ uploadUrl: url }),
		});
		// Longer than an upload is tried again.
		await new Promise((resolve) => setTimeout(resolve, 80_000));
		const second = await startSimulator({ port });
		const { items, error } = await execution.result;
		const { uploads } = second.stats();
		await second.close();
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['processing', 'processing']);
		expect(uploads).toHaveLength(1);
	}, 60_000);
});

describe('downloads that drip', () => {
	const SLOW = '[downloadRate=20] [resultSize=100000]';

	it('take no turn of another account', async () => {
		const slow = start({
			parameters: generate({ prompt: promptOfItem, ...downloads }),
			items: prompts(6, (n) => `Video ${n} ${SLOW}`),
			credential: newAccount(),
		});
		await until(() => simulator.stats().routes[RESULT] === 5);
		const { items } = await runNode({
			parameters: generate(downloads),
			credential: newAccount(),
		});
		expect(items[0]?.binary).toHaveProperty('video');
		expect(simulator.stats().routes[RESULT]).toBe(6);
		await slow.cancel();
		await slow.result;
	});

	it('come to an end, and leave their turns to others of their account', async () => {
		const credential = newAccount();
		const ids = [SLOW, SLOW, SLOW, SLOW, SLOW, ''].map(
			async (speed) => await simulator.startTask({ prompt: `Snow ${speed}` }),
		);
		const ctx = await functionsOf({ parameters: get('x'), credential });
		const { limiters } = await readConnection(ctx);
		const turn = { owner: Symbol('test'), limiter: limiters.downloads, idle: 2_000 };
		const files = (await Promise.all(ids)).map(async (taskId) => {
			const url = `${simulator.url}/files/result/${taskId}.mp4`;
			return await downloadFile(ctx, { url, ...turn }).then(
				({ mimeType }) => mimeType,
				({ reason }: { reason: string }) => reason,
			);
		});
		expect(await Promise.all(files)).toEqual([
			...Array<string>(5).fill(`nothing moved for 2 seconds at ${simulator.url}`),
			'video/mp4',
		]);
	});
});

describe('what is no video', () => {
	let names = 0;

	async function downloaded(answer: Partial<Answer>) {
		const name = `/result-${++names}.mp4`;
		server.answer('', {
			[name]: { ...good(null), headers: { 'content-type': 'video/mp4' }, ...answer },
		});
		return await downloadedFrom(`${server.url}${name}`);
	}

	async function downloadedFrom(resultVideoUrl: string, answers: Answers = {}) {
		const credential = newAccount({ api: 'aleph', baseUrl: server.url });
		const response = { resultVideoUrl };
		server.answer(credential.apiKey as string, {
			[PATHS.record]: good({ successFlag: 1, response }),
			...answers,
		});
		return await runNode({ parameters: get('a-task', downloads), credential });
	}

	/** From a host of its own, which answers as no prepared answer can. */
	async function downloadedFromHost(answer: RequestListener) {
		const host = createServer(answer).listen(0, '127.0.0.1');
		await once(host, 'listening');
		const { port } = host.address() as AddressInfo;
		const result = await downloadedFrom(`http://127.0.0.1:${port}/video.mp4`);
		host.close();
		return result;
	}

	const page = '<!DOCTYPE html><title>Log in</title>';

	it.each<[string, Partial<Answer>, string]>([
		['0 bytes', { body: '' }, 'the file is empty'],
		[
			'a page',
			{ headers: { 'content-type': 'text/html' }, body: page },
			'the host sent a web page',
		],
		['a page that says it were a video', { body: page }, 'the host sent a web page'],
		['a page after blank lines', { body: `\n\n  ${page}` }, 'the host sent a web page'],
		...[
			['application/octet-stream', '<!-- login --><html><body>Log in</body></html>'],
			['binary/octet-stream', '<script>location="/login"</script>'],
			['video/mp4', '<title>Expired</title>'],
			['video/mp4', '<?php echo "Expired"; ?>'],
		].map(([type = '', body]): [string, Partial<Answer>, string] => [
			`${type} with ${body}`,
			{ headers: { 'content-type': type }, body },
			'the host sent a web page',
		]),
		...[
			['application/json', '{"code":404,"msg":"File has expired","data":null}'],
			['application/problem+json', 'Gone'],
			['application/xml', 'Gone'],
			['image/svg+xml', 'Gone'],
			['text/plain; charset=utf-8', 'Gone'],
			['application/octet-stream', '{ "code": 404 }'],
			[
				'binary/octet-stream',
				'\uFEFF<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
			],
			['', '<Error><Code>AccessDenied</Code></Error>'],
			['video/mp4', '\n{"error":"expired"}'],
			['video/mp4', '[{"error":"expired"}]'],
		].map(([type, body]): [string, Partial<Answer>, string] => [
			`${type || 'no type'} with ${body}`,
			{ headers: type ? { 'content-type': type } : {}, body },
			'the host sent a text instead of the file',
		]),
		['half of it', { headers: { 'content-length': '100' }, body: 'x'.repeat(50) }, ''],
		['a line that is cut', { body: 'a video', delivery: 'cutInside' }, ''],
	])('is not taken for one: %s', async (_, answer, reason) => {
		const { error } = await downloaded(answer);
		expect(error?.message).toBe('The video is ready, but could not be downloaded');
		expect(error?.description).toContain(reason);
		expect(error?.description).toContain('task ID a-task');
	});

	it.each([
		['<', '!DOCTYPE html><title>Log in</title>'],
		['\n', '<html><body>Log in</body></html>'],
		['{', '"code":404,"msg":"File has expired"}'],
	])('is not taken for one if it comes in pieces: %j, %j', async (...pieces) => {
		const { error } = await downloadedFromHost((_request, response) => {
			response.writeHead(200, { 'content-type': 'video/mp4' });
			response.write(pieces[0]);
			setTimeout(() => response.end(pieces[1]), 50);
		});
		expect(error?.message).toBe('The video is ready, but could not be downloaded');
		expect(error?.description).toContain('the host sent');
	});

	it('is asked for anew: the URL of a text', async () => {
		const text = { ...good(null), body: '{"code":404,"msg":"File has expired"}' };
		const video = { ...good(null), headers: { 'content-type': 'video/mp4' }, body: 'a video' };
		server.answer('', { '/expired.mp4': text, '/fresh.mp4': video });
		const { error, items } = await downloadedFrom(`${server.url}/expired.mp4`, {
			'/api/v1/common/download-url': good(`${server.url}/fresh.mp4`),
		});
		expect(error).toBeUndefined();
		expect(items[0]?.binary?.video?.fileName).toBe('fresh.mp4');
	});

	it.each<[string, Partial<Answer>, RegExp]>([
		['whose URL is refused, is said to be old', { status: 403 }, /^Its URL stopped working at /],
		[
			'whose line breaks, is not said to be old',
			{ delivery: 'cut' },
			/^The video is not lost: use .*, or look for it in your provider account /,
		],
	])('of an old task, %s', async (_, answer, description) => {
		server.answer('', { '/old.mp4': { ...good(null), ...answer } });
		const response = { resultVideoUrl: `${server.url}/old.mp4` };
		const completeTime = Date.now() - 30 * 24 * 60 * 60_000;
		const { error } = await run(get('a-task', downloads), {
			[PATHS.record]: good({ successFlag: 1, response, completeTime }),
		});
		expect(error?.description).toMatch(description);
	});

	it.each(['/broken.mp4', 'n/a'])(
		'is the one at its own URL, if it has expired by the documents only, and the fresh one is %s',
		async (fresh) => {
			const video = { ...good(null), headers: { 'content-type': 'video/mp4' }, body: 'a video' };
			server.answer('', { '/own.mp4': video, '/broken.mp4': { ...good(null), status: 404 } });
			const response = { resultVideoUrl: `${server.url}/own.mp4` };
			const completeTime = Date.now() - 2 * 24 * 60 * 60_000;
			const { items } = await run(get('a-task', downloads), {
				[PATHS.record]: good({ successFlag: 1, response, completeTime }),
				'/api/v1/common/download-url': good(fresh.startsWith('/') ? server.url + fresh : fresh),
			});
			expect(items[0]?.binary?.video?.fileName).toBe('own.mp4');
		},
	);

	it('is not taken for one: content that was compressed although nobody asked for it, and cut', async () => {
		const half = gzipSync(randomBytes(100_000)).subarray(0, 50_000);
		const asked: unknown[] = [];
		const { error } = await downloadedFromHost(({ headers }, response) => {
			asked.push(headers['accept-encoding']);
			const type = { 'content-type': 'video/mp4', 'content-encoding': 'gzip' };
			response.writeHead(200, { ...type, 'content-length': half.length }).end(half);
		});
		expect(error?.message).toBe('The video is ready, but could not be downloaded');
		expect(new Set(asked)).toEqual(new Set(['identity']));
	});
});

it('files that n8n keeps in memory are decoded when their turn comes, not all at once', async () => {
	const SIZE = 200_000;
	simulator.settings.stall = 'upload';
	const from = jest.spyOn(Buffer, 'from');
	const content = 'A'.repeat(SIZE);
	const execution = start({
		parameters: upload,
		items: Array.from({ length: 60 }, () => ({})),
		binary: { data: { data: content, mimeType: 'video/mp4' } },
		credential: newAccount(),
	});
	await until(() => simulator.requests().length === 5);
	const decoded = from.mock.calls
		.map((call) => call as unknown as [content: string, encoding?: string])
		.filter(([, encoding]) => encoding === 'base64')
		.reduce((sum, [text]) => sum + text.length, 0);
	from.mockRestore();
	expect(decoded).toBeGreaterThan(0);
	expect(decoded).toBeLessThanOrEqual(5 * SIZE);
	await execution.cancel();
	await execution.result;
	expect(simulator.requests()).toHaveLength(5);
});
