/** The simulator, over real HTTP: what both APIs promise alike, what each has of its own, and the rest. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import axios from 'axios';
import type { Settings } from '../simulator';
import { readFlags, settingFlags } from '../simulator/settings';
import {
	called,
	endAll,
	ORDER,
	resultOf,
	simulate,
	speak,
	SPOKEN,
	until,
	wordsOf,
	type Envelope,
	type Order,
} from './simulatorClient';

afterEach(endAll);

describe.each(['aleph', 'jobs'] as const)('both APIs alike: %s', (name) => {
	const other = name === 'aleph' ? 'jobs' : 'aleph';

	describe('tasks', () => {
		it('runs a task from request to result', async () => {
			const api = await simulate({ duration: 0.5 }, name);
			const order: Order = {
				...ORDER,
				aspectRatio: '16:9',
				seed: 7,
				waterMark: 'me',
				uploadCn: true,
				referenceImage: 'https://example.com/in.png',
			};
			const taskId = await api.start(order);
			expect(await api.told(taskId)).toMatchObject({
				taskId,
				state: 'running',
				sent: SPOKEN[name].body(order),
			});
			const [task] = api.simulator.tasks();
			expect(task).toMatchObject({ taskId, api: name, request: order, state: 'running' });

			await until(() => api.simulator.tasks()[0]?.state === 'succeeded');
			const { state, video } = await api.told(taskId);
			expect(state).toBe('succeeded');
			const file = await axios.get<Buffer>(String(video), { responseType: 'arraybuffer' });
			expect(file.headers['content-type']).toBe('video/mp4');
			expect(file.data.subarray(4, 8).toString()).toBe('ftyp');
		});

		it.each([
			['moderation', 400, /moderation/],
			['internal', 500, /Internal Error/],
			['the dog ate it', 400, /^the dog ate it$/],
		])('fails a task with %s', async (fail, code, reason) => {
			const api = await simulate({ duration: 0, fail }, name);
			const told = await api.told(await api.start());
			expect(told).toMatchObject({ state: 'failed', code });
			expect(told.video ?? null).toBeNull();
			expect(told.reason).toMatch(reason);
		});

		it('draws the same failures from the same seed', async () => {
			const drawn = async () => {
				const settings = { duration: { min: 0, max: 9 }, failRate: 0.5, seed: 3 };
				const api = await simulate(settings, name);
				for (let count = 0; count < 10; count++) await api.start();
				return api.simulator
					.tasks()
					.map(({ failure, createdAt, endsAt }) => [failure, Math.round(endsAt - createdAt)]);
			};
			const first = await drawn();
			expect(await drawn()).toEqual(first);
			expect(new Set(first.map(String)).size).toBeGreaterThan(2);
		});

		it('does not know a task as long as it lags', async () => {
			const api = await simulate({ lag: 0.5 }, name);
			const never = await api.start({ ...ORDER, prompt: 'snow [lag=Infinity]' });
			const taskId = await api.start();
			const first = await api.read(taskId);
			expect([first.data.code, wordsOf(first)]).toEqual([422, 'recordInfo is null']);
			await sleep(550);
			expect((await api.read(taskId)).data.code).toBe(200);
			expect(wordsOf(await api.read(never))).toBe('recordInfo is null');
			expect(wordsOf(await api.read('another'))).toBe('recordInfo is null');
		});

		it('does not know a task of the other API', async () => {
			const api = await simulate({ readFaults: ['500'] }, name);
			const taskId = await speak(api.simulator.url, other).start();
			const answer = await api.read(taskId);
			expect([answer.data.code, wordsOf(answer)]).toEqual([422, 'recordInfo is null']);
		});

		it('loses a video, and says that all is well', async () => {
			const api = await simulate({ duration: 0, noVideo: true }, name);
			const told = await api.told(await api.start());
			expect(told.state).toBe('succeeded');
			expect(told.video ?? null).toBeNull();
		});

		it('gives a video without a thumbnail, or with one that is not there', async () => {
			const api = await simulate({ duration: 0 }, name);
			const none = await api.told(await api.start({ ...ORDER, prompt: '[thumbnail=false]' }));
			expect(none.image ?? null).toBeNull();
			const gone = await api.told(await api.start({ ...ORDER, prompt: '[thumbnailFault=true]' }));
			const status = async (url: unknown) =>
				(await axios.head(String(url), { validateStatus: () => true })).status;
			expect([await status(gone.video), await status(gone.image)]).toEqual([200, 404]);
		});

		it('leaves out all that the state can do without', async () => {
			const api = await simulate({ duration: 0, nullRecords: true }, name);
			const good = await api.told(await api.start());
			expect(good).toMatchObject({ state: 'succeeded', reason: null, sent: null });
			expect(good.video).toBeTruthy();
			const bad = await api.told(await api.start({ ...ORDER, prompt: '[fail=moderation]' }));
			expect(bad.state).toBe('failed');
		});

		const field = (key: keyof Order) => SPOKEN[name].field(key);
		it.each([
			[{ videoUrl: ORDER.videoUrl }, `${field('prompt')} is required`],
			[{ prompt: 'snow' }, `${field('videoUrl')} is required`],
			[{ ...ORDER, aspectRatio: '5:4' }, `${field('aspectRatio')} must be`],
			[{ ...ORDER, seed: '7' }, `${field('seed')} must be integer`],
			[{ ...ORDER, prompt: '[duration=long]' }, 'duration must be a number'],
		])('refuses %j', async (order, reason) => {
			const api = await simulate({}, name);
			const { data } = await api.generate(order as Partial<Order>);
			expect(data.code).toBe(422);
			expect(data.msg).toContain(reason);
			expect(api.simulator.stats().generate).toMatchObject({ accepted: 0, refused: 1 });
		});

		it.each(['{"prompt":', 'null', '[]', '"text"', '{"input":null}', '{"input":"text"}'])(
			'refuses %s as a body',
			async (body) => {
				const api = await simulate({}, name);
				expect((await api.send(Buffer.from(body))).data.code).toBe(422);
			},
		);

		it('obeys directives for one task only', async () => {
			const api = await simulate({ duration: 60 }, name);
			const prompt = 'snow [duration=0] [fail=moderation]';
			const failed = await api.start({ ...ORDER, prompt });
			const normal = await api.start({ ...ORDER, prompt: 'snow [really] [sic=1]' });
			expect((await api.told(failed)).reason).toMatch(/moderation/);
			expect((await api.told(normal)).state).toBe('running');
			const refused = await api.generate({ ...ORDER, prompt: 'snow [refuse=451]' });
			expect(refused.data.code).toBe(451);
		});
	});

	describe('refusals', () => {
		it.each([
			['body', 200],
			['status', 401],
		] as const)('shows errors in the %s', async (errorStyle, status) => {
			const api = await simulate({ errorStyle }, name, 'wrong-key');
			const answers = [await api.generate(), await api.read('x'), await api.credit()];
			for (const answer of [...answers, await api.upload()]) {
				expect(answer.status).toBe(status);
				expect(answer.data.code).toBe(401);
			}
			expect(api.simulator.stats().unauthorized).toBe(4);
		});

		it('refuses the 21st of a burst', async () => {
			const api = await simulate({ retryAfter: 3 }, name);
			const answers = await Promise.all(Array.from({ length: 21 }, () => api.generate()));
			const refused = answers.filter(({ data }) => data.code !== 200);
			expect(refused.map(({ data }) => data.code)).toEqual([429]);
			expect(refused[0]?.data.msg).toMatch(/Rate limit/);
			expect(refused[0]?.headers['retry-after']).toBe('3');
			expect(api.simulator.stats().generate).toMatchObject({ accepted: 20, refusedByRate: 1 });
		});

		it('lets only so many tasks run at once, for each key', async () => {
			const api = await simulate({ concurrency: 2, duration: 0.6 }, name);
			const codes = async (key: string) => {
				const { generate } = speak(api.simulator.url, name, key);
				const answers = await Promise.all([1, 2, 3].map(() => generate()));
				return answers.map(({ data }) => data.code).sort();
			};
			expect(await codes('one')).toEqual([200, 200, 429]);
			expect(await codes('two')).toEqual([200, 200, 429]);
			expect(api.simulator.stats()).toMatchObject({ running: 4, peakRunning: 4 });
			await until(() => api.simulator.stats().running === 0);
			expect(await codes('one')).toEqual([200, 200, 429]);
		});

		it('runs out of credits', async () => {
			const api = await simulate({ credits: 15 }, name);
			await api.start();
			expect((await api.credit()).data.data).toBe(5);
			expect((await api.generate()).data.code).toBe(402);
		});

		it('is closed for maintenance, and open again', async () => {
			const settings = { maintenance: true, retryAfter: 2, errorStyle: 'status' } as const;
			const api = await simulate(settings, name);
			for (const answer of [await api.generate(), await api.read('x'), await api.upload()]) {
				expect(answer.status).toBe(455);
				expect(answer.headers['retry-after']).toBe('2');
			}
			api.simulator.settings.maintenance = false;
			await api.start();
		});

		it.each([408, 433, 501, 505, 550] as const)('refuses with %s', async (refuse) => {
			const api = await simulate({ refuse, errorStyle: 'status' }, name);
			const { status, data } = await api.generate();
			expect([status, data.code]).toEqual([refuse, refuse]);
			expect(api.simulator.tasks()).toEqual([]);
		});

		it('is switched off where only the other API is on', async () => {
			const api = await simulate({ apis: other }, name);
			for (const answer of [await api.generate(), await api.read('x')]) {
				expect(answer.data.code).toBe(505);
				expect(wordsOf(answer)).toBe('This feature is switched off');
			}
			expect((await api.credit()).data.code).toBe(200);
			await speak(api.simulator.url, other).start();
		});

		it('fetches the media if told to', async () => {
			const api = await simulate({ fetchVideo: true }, name);
			const { url } = api.simulator;
			const sample = `${url}/files/sample.mp4`;
			const codeFor = async (order: Partial<Order>) =>
				(await api.generate({ ...ORDER, ...order })).data.code;
			expect(await codeFor({ videoUrl: sample })).toBe(200);
			expect(await codeFor({ videoUrl: `${url}/files/missing.mp4` })).toBe(451);
			expect(await codeFor({ videoUrl: `${url}/stats` })).toBe(451);
			expect(await codeFor({ videoUrl: sample, referenceImage: sample })).toBe(451);
			expect(api.simulator.stats().authorizedFileRequests).toBe(0);
		});
	});

	describe('faults', () => {
		it.each([
			['cutBefore', 'ECONNRESET', 0],
			['cutAfter', 'ECONNRESET', 1],
			['errorBefore', 200, 0],
			['errorAfter', 200, 1],
			['html', 502, 1],
			['hang', 'ECONNABORTED', 1],
		] as const)('starts a task badly: %s', async (generateFault, outcome, accepted) => {
			const api = await simulate({ generateFault }, name);
			const seen = await api.generate().then(
				({ status }) => status,
				({ code }: { code: string }) => code,
			);
			expect(seen).toBe(outcome);
			expect(api.simulator.tasks()).toHaveLength(accepted);
		});

		it('reads badly as often as told', async () => {
			const api = await simulate({ readFaults: ['500', '429', 'cut', '455', 'html'] }, name);
			const taskId = await api.start();
			const seen: unknown[] = [];
			for (let count = 0; count < 6; count++) {
				const answer = await api.read(taskId).catch((error: { code: string }) => error.code);
				seen.push(typeof answer === 'string' ? answer : (answer.data.code ?? answer.status));
			}
			expect(seen).toEqual([500, 429, 'ECONNRESET', 455, 502, 200]);
		});
	});

	describe('callbacks', () => {
		it('tells of a success', async () => {
			const { api, receiver, order } = await called({}, name);
			const taskId = await api.start(order);
			const { told, headers } = await receiver.next();
			expect(told).toMatchObject({ taskId, state: 'succeeded', video: resultOf(taskId) });
			expect(headers['user-agent']).toContain('kie.ai');
			expect(headers).not.toHaveProperty('x-webhook-signature');
		});

		it('tells of a failure', async () => {
			const { api, receiver, order } = await called({ fail: 'moderation' }, name);
			const taskId = await api.start(order);
			const { told } = await receiver.next();
			expect(told).toMatchObject({ taskId, state: 'failed' });
			expect(told.reason).toMatch(/moderation/);
		});

		it('signs id and time', async () => {
			const { api, receiver, order } = await called({ hmacKey: 'secret' }, name);
			const taskId = await api.start(order);
			const { headers } = await receiver.next();
			const timestamp = String(headers['x-webhook-timestamp']);
			const expected = createHmac('sha256', 'secret').update(`${taskId}.${timestamp}`);
			expect(headers['x-webhook-signature']).toBe(expected.digest('base64'));
			expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(3);
		});

		it('sends a lost one again', async () => {
			const { api, receiver, order } = await called({ lose: 2 }, name);
			await api.start(order);
			await receiver.next();
			await until(() => api.simulator.stats().callbacks.delivered === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 1, lost: 2, failed: 0 });
		});

		it('delivers every second one twice', async () => {
			const { api, receiver, order } = await called({ doubleEvery: 2, loseEvery: 2 }, name);
			await api.start(order);
			await receiver.next();
			const taskId = await api.start(order);
			const twice = [await receiver.next(), await receiver.next()];
			for (const { told } of twice) expect(told).toMatchObject({ taskId });
			await until(() => api.simulator.stats().callbacks.doubled === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, lost: 1, delivered: 2 });
			expect(api.simulator.stats().duplicates).toBe(1);
		});

		it('gives up after so many answers that are not 200', async () => {
			const { api, receiver, order } = await called({ callbackRetries: 2 }, name);
			receiver.answerWith(201);
			await api.start(order);
			await until(() => api.simulator.stats().callbacks.failed === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, delivered: 0 });
			expect(api.simulator.tasks()[0]).toMatchObject({ state: 'succeeded', callback: 'failed' });
		});

		it('sends none if told so', async () => {
			const { api, order } = await called({ callbacks: false }, name);
			await api.start(order);
			await sleep(100);
			expect(api.simulator.stats().callbacks.due).toBe(0);
		});
	});
});

describe('the Aleph API', () => {
	it('has nulls for what is not known yet', async () => {
		const api = await simulate({ duration: 60 });
		const { data } = await api.read(await api.start());
		const unknown = { response: null, completeTime: null, errorCode: null, errorMessage: null };
		expect(data.data).toMatchObject({ successFlag: 0, ...unknown });
	});

	it('flags a failure as told', async () => {
		const api = await simulate({ duration: 0, fail: 'internal', failedFlag: 3 });
		const { data } = await api.read(await api.start());
		expect(data.data).toMatchObject({ successFlag: 3, errorCode: 500, response: null });
	});

	it.each(['iso', 'iso-local', 'epoch'] as const)('writes times as %s', async (times) => {
		const api = await simulate({ times });
		const { createTime } = (await api.read(await api.start())).data.data as {
			createTime: string | number;
		};
		const time = times === 'iso-local' ? `${createTime}Z` : createTime;
		expect(Math.abs(new Date(time).getTime() - Date.now())).toBeLessThan(2000);
		expect(/Z$/.test(String(createTime))).toBe(times === 'iso');
	});

	it.each([
		['camel', (id: string) => ({ taskId: id, data: { result_video_url: resultOf(id) } })],
		['snake', (id: string) => ({ data: { task_id: id, result_video_url: resultOf(id) } })],
		['short', (id: string) => ({ taskId: id, data: { video_url: resultOf(id) } })],
	] as const)('spells callbacks in %s', async (spelling, expected) => {
		const { api, receiver, order } = await called({ spelling });
		const taskId = await api.start(order);
		expect((await receiver.next()).body).toMatchObject({ code: 200, ...expected(taskId) });

		const failed = await api.start({ ...order, prompt: 'snow [fail=moderation]' });
		expect((await receiver.next()).told).toMatchObject({ taskId: failed, state: 'failed' });
	});
});

describe('the Jobs API', () => {
	afterEach(() => jest.restoreAllMocks());

	it('goes through its states, and tells how far it is', async () => {
		const api = await simulate({ duration: 100 }, 'jobs');
		const taskId = await api.start();
		const createdAt = api.simulator.tasks()[0]?.createdAt ?? 0;
		const clock = jest.spyOn(Date, 'now');
		for (const [progress, state] of [
			[0, 'waiting'],
			[10, 'queuing'],
			[30, 'generating'],
			[99, 'generating'],
			[100, 'success'],
		] as const) {
			clock.mockReturnValue(createdAt + progress * 1000);
			expect((await api.read(taskId)).data.data).toMatchObject({ state, progress });
		}
	});

	it('tells what a task has cost, and how long it took', async () => {
		const api = await simulate({ duration: 0.2, creditPerTask: 110 }, 'jobs');
		const taskId = await api.start();
		expect((await api.read(taskId)).data.data).toMatchObject({
			resultJson: '',
			completeTime: null,
		});
		await until(() => api.simulator.tasks()[0]?.state === 'succeeded');
		const { createTime, completeTime, ...record } = (await api.read(taskId)).data.data as {
			createTime: number;
			completeTime: number;
		};
		expect(record).toMatchObject({ creditsConsumed: 110, costTime: 200, failCode: '' });
		expect(completeTime - createTime).toBe(200);
	});

	it('has one model', async () => {
		const api = await simulate({}, 'jobs');
		const { prompt, videoUrl: video_url } = ORDER;
		const { data } = await api.send({ model: 'another', input: { prompt, video_url } });
		expect(data.msg).toMatch(/^model must be .*runway\/gen4-aleph$/);
	});
});

describe('one account for both APIs', () => {
	it('counts tasks, requests and credits of both', async () => {
		const aleph = await simulate({ concurrency: 2, credits: 100 });
		const jobs = speak(aleph.simulator.url, 'jobs');
		await aleph.read(await aleph.start());
		await jobs.read(await jobs.start());
		expect((await aleph.generate()).data.msg).toMatch(/Concurrency limit/);
		expect((await jobs.generate()).data.msg).toMatch(/Concurrency limit/);
		expect((await jobs.credit()).data.data).toBe(80);
		expect(aleph.simulator.tasks().map(({ api }) => api)).toEqual(['aleph', 'jobs']);
		expect(aleph.simulator.stats()).toMatchObject({
			generate: { requests: 4, accepted: 2, refusedByConcurrency: 2 },
			recordInfo: { requests: 2 },
			requestsPerTask: 2,
			running: 2,
		});
	});

	it('has one rate limit', async () => {
		const aleph = await simulate({ rateLimit: 2 });
		const jobs = speak(aleph.simulator.url, 'jobs');
		await aleph.start();
		await jobs.start();
		for (const { generate } of [aleph, jobs]) {
			expect((await generate()).data.msg).toMatch(/Rate limit/);
		}
	});
});

describe('files', () => {
	const contentOf = async (url: unknown) =>
		(await axios.get<Buffer>(String(url), { responseType: 'arraybuffer' })).data;

	it('gives back what was uploaded', async () => {
		const api = await simulate({});
		const content = Buffer.alloc(3_000_000, 'video');
		const { data } = (await api.upload(content, 'my clip.mp4')).data;
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
		expect(second.data.data.downloadUrl).toBe(first.data.data.downloadUrl);
		expect((await contentOf(first.data.data.downloadUrl)).toString()).toBe('second');
		const paths = api.simulator.stats().uploads.map(({ path }) => path);
		expect(paths).toEqual(['in/another.mp4', 'in/clip.mp4']);
	});

	it('makes up a name for an upload without one', async () => {
		const api = await simulate({});
		const [one, two] = [await api.upload(), await api.upload()];
		expect(one.data.data.fileName).toMatch(/^[\w-]+\.mp4$/);
		expect(two.data.data.downloadUrl).not.toBe(one.data.data.downloadUrl);
	});

	it('says when an upload expires, if told to', async () => {
		const api = await simulate({ uploadExpires: 72 });
		const { uploadedAt, expiresAt } = (await api.upload()).data.data;
		expect(Date.parse(String(expiresAt)) - Date.parse(String(uploadedAt))).toBe(72 * 3_600_000);
	});

	it('refuses an upload without a file', async () => {
		const api = await simulate({});
		const form = new FormData();
		form.append('uploadPath', 'in');
		const { data } = await api.http.post<Envelope>('/api/file-stream-upload', form);
		expect(data).toMatchObject({ success: false, code: 422, msg: 'file is required' });
	});

	it('has a firewall that looks at no key', async () => {
		const api = await simulate({ firewall: true });
		const { status, headers, data } = await api.upload(Buffer.alloc(3_000_000));
		expect([status, headers['content-type']]).toEqual([403, 'text/html']);
		expect(data).toMatch(/1010/);
		expect((await speak(api.simulator.url, 'aleph', 'wrong').upload()).status).toBe(403);
		await api.start();
	});

	it('streams a result of any size', async () => {
		const resultSize = 200_000_001;
		const api = await simulate({ duration: 0, resultSize });
		const video = String((await api.told(await api.start())).video);
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
		const { video } = await api.told(await api.start());
		expect(
			await took(async () => expect(await contentOf(video)).toHaveLength(30_000)),
		).toBeGreaterThan(190);
	});

	it('stops a download after its first bytes', async () => {
		const api = await simulate({ duration: 0, stall: 'download' });
		const { video } = await api.told(await api.start());
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

	it('makes a download link for a result', async () => {
		const api = await simulate({ duration: 0 });
		const { image } = await api.told(await api.start());
		const link = (url: unknown) =>
			api.http.post<Envelope<string>>('/api/v1/common/download-url', { url });
		const { headers } = await axios.get<Buffer>((await link(image)).data.data);
		expect(headers['content-type']).toBe('image/png');
		expect((await link(ORDER.videoUrl)).data.code).toBe(422);
		expect((await link('')).data.code).toBe(422);
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

describe('control', () => {
	it('is changed as it runs, and reset', async () => {
		const api = await simulate({ lag: 1 });
		await api.start();
		const { data: settings } = await api.http.patch<Settings>('/settings', {
			fail: 'internal',
			duration: { min: 1, max: 2 },
		});
		expect(settings).toMatchObject({ fail: 'internal', lag: 1, duration: { min: 1, max: 2 } });
		for (const wrong of [{ speed: 1 }, { lag: 'long' }, { uploadRate: 0 }, { apis: 'none' }]) {
			expect((await api.http.patch('/settings', wrong)).status).toBe(422);
		}

		expect((await api.http.get('/stats')).data).toMatchObject({ generate: { accepted: 1 } });
		await api.http.post('/reset');
		expect(api.simulator.settings).toMatchObject({ fail: 'none', lag: 1, credits: 1000 });
		expect(api.simulator.stats().generate.accepted).toBe(0);
	});

	it('reads its settings from flags', () => {
		const args = [
			'--apis',
			'jobs',
			'--no-video',
			'--no-thumbnail',
			'--firewall',
			'--refuse',
			'550',
		];
		const { values } = parseArgs({ args, options: settingFlags(), allowNegative: true });
		expect(readFlags(values)).toEqual({
			apis: 'jobs',
			noVideo: true,
			thumbnail: false,
			firewall: true,
			refuse: 550,
		});
	});

	it('can do without credits and upload', async () => {
		const api = await simulate({ creditEndpoint: false, upload: false });
		expect((await api.credit()).status).toBe(404);
		expect((await api.upload()).status).toBe(404);
	});
});

function sha256(content: Buffer): string {
	return createHash('sha256').update(content).digest('hex');
}
