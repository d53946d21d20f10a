/** The simulator's files, over real HTTP: uploads, results and their URLs, and slow connections. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { ApiName, Settings } from '../simulator';
import { endAll, REQUEST, simulate, speak, until } from '../support/simulatorClient';

afterEach(endAll);

describe('files', () => {
	const contentOf = async (url: unknown) =>
		(await axios.get<Buffer>(String(url), { responseType: 'arraybuffer' })).data;

	it('gives back what was uploaded', async () => {
		const api = await simulate({});
		const content = Buffer.alloc(3_000_000, 'video');
		const { data } = await api.upload(content, 'my clip.mp4');
		expect(data).toMatchObject({ filePath: 'in/my clip.mp4', fileSize: content.length });
		expect(data).not.toHaveProperty('expiresAt');

		expect(sha256(await contentOf(data.downloadUrl))).toBe(sha256(content));
		expect(api.simulator.stats().uploads).toEqual([
			{ path: 'in/my clip.mp4', size: content.length, sha256: sha256(content) },
		]);
	});

	it('replaces an upload by a later one of the same name', async () => {
		const api = await simulate({});
		const first = await api.upload(Buffer.from('first'), 'clip.mp4');
		await api.upload(Buffer.from('another'), 'another.mp4');
		const second = await api.upload(Buffer.from('second'), 'clip.mp4');
		expect(second.data.downloadUrl).toBe(first.data.downloadUrl);
		expect((await contentOf(first.data.downloadUrl)).toString()).toBe('second');
		const paths = api.simulator.stats().uploads.map(({ path }) => path);
		expect(paths).toEqual(['in/another.mp4', 'in/clip.mp4']);
	});

	it('makes up a name for an upload without one', async () => {
		const api = await simulate({});
		const [one, two] = [await api.upload(), await api.upload()];
		expect(one.data.fileName).toMatch(/^[\w-]+\.mp4$/);
		expect(two.data.downloadUrl).not.toBe(one.data.downloadUrl);
	});

	it('says when an upload expires, if told to', async () => {
		const api = await simulate({ uploadExpires: 72 });
		const { uploadedAt, expiresAt } = (await api.upload()).data;
		expect(Date.parse(String(expiresAt)) - Date.parse(String(uploadedAt))).toBe(72 * 3_600_000);
	});

	it('refuses an upload without a file', async () => {
		const api = await simulate({});
		const form = new FormData();
		form.append('uploadPath', 'in');
		const { data } = await api.http.post<object>('/api/file-stream-upload', form);
		expect(data).toMatchObject({ success: false, code: 422, msg: 'file is required' });
	});

	it.each([
		['Make it snow', 'snow'],
		['A clear night with stars', 'night'],
		['As in an old film', 'old-film'],
		['Paint the houses', 'tinted'],
	])('shows what was asked for: %s', async (prompt, look) => {
		const api = await simulate({ duration: 0 });
		const { video, image } = await api.report(await api.start({ ...REQUEST, prompt }));
		const media = join(__dirname, '../simulator/media');
		expect(sha256(await contentOf(video))).toBe(sha256(readFileSync(join(media, `${look}.mp4`))));
		expect(sha256(await contentOf(image))).toBe(sha256(readFileSync(join(media, `${look}.png`))));
	});

	it('streams a result of any size', async () => {
		const resultSize = 200_000_001;
		const api = await simulate({ duration: 0, resultSize });
		const video = String((await api.report(await api.start())).video);
		expect((await axios.head(video)).headers['content-length']).toBe(String(resultSize));

		const { data } = await axios.get<Readable>(video, { responseType: 'stream' });
		let size = 0;
		for await (const chunk of data as AsyncIterable<Buffer>) {
			if (chunk[0] !== size % 256) throw new Error(`wrong byte at ${size}`);
			size += chunk.length;
		}
		expect(size).toBe(resultSize);
	});

	it('moves files no faster than told, and whole', async () => {
		const slow = { uploadRate: 100_000, downloadRate: 100_000, resultSize: 30_000 };
		const api = await simulate({ duration: 0, ...slow });
		const content = Buffer.alloc(30_000, 'video');
		const took = async (move: () => Promise<unknown>) => {
			const began = performance.now();
			await move();
			return performance.now() - began;
		};
		expect(await took(() => api.upload(content))).toBeGreaterThan(190);
		expect(api.simulator.stats().uploads).toMatchObject([{ sha256: sha256(content) }]);
		const { video } = await api.report(await api.start());
		expect(
			await took(async () => expect(await contentOf(video)).toHaveLength(30_000)),
		).toBeGreaterThan(190);
	});

	it('stops a download after its first bytes', async () => {
		const api = await simulate({ duration: 0, stall: 'download' });
		const { video } = await api.report(await api.start());
		const { data } = await axios.get<Readable>(String(video), { responseType: 'stream' });
		let size = 0;
		data.on('data', (chunk: Buffer) => (size += chunk.length));
		await until(() => size > 0);
		const cut = once(data, 'error');
		await api.simulator.close();
		await cut;
		expect(size).toBeLessThan(100);
	});

	it('stops an upload after its first bytes', async () => {
		const api = await simulate({ stall: 'upload' });
		const upload = api
			.upload(Buffer.alloc(3_000_000))
			.catch((error: { code: string }) => error.code);
		await until(() => api.simulator.requests().length === 1);
		await sleep(100);
		expect(api.simulator.requests()).toMatchObject([{ status: null }]);
		await api.simulator.close();
		expect(await upload).toMatch(/ECONNRESET|EPIPE/);
	});

	it('objects to being sent the key', async () => {
		const api = await simulate({});
		const { status } = await api.http.get('/files/sample.mp4', {
			headers: { 'User-Agent': 'someone' },
		});
		expect(status).toBe(400);
		expect(api.simulator.stats().authorizedFileRequests).toBe(1);
		expect(api.simulator.requests()).toMatchObject([
			{
				method: 'GET',
				path: '/files/sample.mp4',
				hasAuthorization: true,
				userAgent: 'someone',
				status: 400,
			},
		]);
	});
});

describe.each<ApiName>(['aleph', 'jobs', 'runway'])('the URLs of results: %s', (name) => {
	const statusOf = async (url: unknown) =>
		(await axios.head(String(url), { validateStatus: () => true })).status;

	async function succeeded(settings: Partial<Settings>) {
		const api = await simulate({ duration: 0, ...settings }, name);
		const taskId = await api.start();
		const { video } = await api.report(taskId);
		return { api, taskId, video };
	}

	/** Runway names one in each record, kie.ai makes one on request. */
	async function freshUrl({ api, taskId, video }: Awaited<ReturnType<typeof succeeded>>) {
		if (name === 'runway') return (await api.report(taskId)).video;
		const path = '/api/v1/common/download-url';
		return (await api.http.post<{ data: string }>(path, { url: video })).data.data;
	}

	it.each([401, 403, 404] as const)(
		'work if they are fresh, though the first has %s',
		async (status) => {
			const result = await succeeded({ resultFault: status });
			expect(await statusOf(result.video)).toBe(status);
			expect(await statusOf(await freshUrl(result))).toBe(200);
		},
	);

	it('expire', async () => {
		const result = await succeeded({ resultExpires: 0.5 });
		expect(await statusOf(result.video)).toBe(200);
		await sleep(600);
		expect(await statusOf(result.video)).toBe(403);
		expect(await statusOf(await freshUrl(result))).toBe(200);
	});
});

it('makes links for generated files only', async () => {
	const api = await simulate({ duration: 0 });
	const link = async (url: unknown) =>
		await api.http.post<{ code: number; data: string }>('/api/v1/common/download-url', { url });
	const { image } = await api.report(await api.start());
	const { headers } = await axios.get<Buffer>((await link(image)).data.data);
	expect(headers['content-type']).toBe('image/png');
	expect((await link(REQUEST.videoUrl)).data.code).toBe(422);
	expect((await link('')).data.code).toBe(422);
});

describe('firewalls', () => {
	it('can stop every upload, whatever the key', async () => {
		const api = await simulate({ firewall: true });
		const { status, headers, data } = await api.upload(Buffer.alloc(3_000_000));
		expect([status, headers['content-type']]).toEqual([403, 'text/html']);
		expect(data).toMatch(/1010/);
		expect((await speak(api.simulator.url, 'aleph', 'wrong').upload()).status).toBe(403);
		await api.start();
	});

	it('can stop scripts that do not say what package they are', async () => {
		const api = await simulate({ duration: 0, botCheck: true });
		const { video } = await api.report(await api.start());
		const statusFor = async (agent: string) => {
			const headers = { 'User-Agent': agent };
			return (await axios.get(String(video), { headers, validateStatus: () => true })).status;
		};
		expect(await statusFor('axios/1.7.0')).toBe(403);
		expect(await statusFor('')).toBe(403);
		expect(await statusFor('n8n-nodes-anything/1.0.0')).toBe(200);
		expect((await api.upload()).status).toBe(403);
	});
});

function sha256(content: Buffer): string {
	return createHash('sha256').update(content).digest('hex');
}
