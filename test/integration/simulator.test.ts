/** The simulator, over real HTTP: what all APIs promise alike, and what kie.ai's two have of their own. */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import axios from 'axios';
import type { ApiName, Settings, TaskRequest } from '../simulator';
import { readFlags, settingFlags } from '../simulator/settings';
import {
	called,
	endAll,
	REQUEST,
	resultOf,
	simulate,
	speak,
	SPOKEN,
	until,
} from '../support/simulatorClient';

afterEach(endAll);

const ALL: ApiName[] = ['aleph', 'jobs', 'runway'];

describe.each(ALL)('all APIs alike: %s', (name) => {
	const { field, codes } = SPOKEN[name];

	describe('tasks', () => {
		it('runs a task from request to result', async () => {
			const api = await simulate({ duration: 3 }, name);
			const request = { ...REQUEST, aspectRatio: '16:9', seed: 7 };
			const taskId = await api.start(request);
			expect(await api.report(taskId)).toMatchObject({ taskId, state: 'running' });
			const [task] = api.simulator.tasks();
			expect(task).toMatchObject({
				taskId,
				api: name,
				request,
				state: 'running',
				cancelled: false,
			});

			await until(() => api.simulator.tasks()[0]?.state === 'succeeded');
			const { state, video } = await api.report(taskId);
			expect(state).toBe('succeeded');
			const file = await axios.get<Buffer>(String(video), { responseType: 'arraybuffer' });
			expect(file.headers['content-type']).toBe('video/mp4');
			expect(file.data.subarray(4, 8).toString()).toBe('ftyp');
		});

		it('ends tasks when a test says so', async () => {
			const api = await simulate({ duration: 600, concurrency: 1 }, name);
			const taskId = await api.start({ ...REQUEST, prompt: 'Snow' });
			api.simulator.endTasks('Rain');
			expect((await api.report(taskId)).state).toBe('running');
			api.simulator.endTasks('Snow');
			expect((await api.report(taskId)).state).toBe('succeeded');
			expect((await api.report(await api.start())).state).toBe('running');
		});

		it('starts a task as a client would', async () => {
			const api = await simulate({ duration: 0 }, name);
			const account = { api: name, key: 'mine' };
			const taskId = await api.simulator.startTask({ prompt: 'Night', seed: 3 }, account);
			expect((await api.report(taskId)).state).toBe('succeeded');
			expect(api.simulator.tasks()).toMatchObject([
				{ taskId, api: name, key: 'mine', request: { prompt: 'Night', seed: 3 } },
			]);
			expect(api.simulator.requests()).toHaveLength(2);
			api.simulator.settings.refuse = 401;
			await expect(api.simulator.startTask({}, account)).rejects.toThrow(/refused: .*key/);
		});

		it.each([
			['moderation', /moderation/],
			['internal', /Internal Error/],
			['the dog ate it', /^the dog ate it$/],
		])('fails a task with %s', async (fail, reason) => {
			const api = await simulate({ duration: 0, fail }, name);
			const report = await api.report(await api.start());
			expect(report.state).toBe('failed');
			expect(report.video ?? null).toBeNull();
			expect(report.reason).toMatch(reason);
		});

		it('draws the same failures from the same seed', async () => {
			const drawn = async () => {
				const settings = { duration: { min: 0, max: 9 }, failRate: 0.5, seed: 3 };
				const api = await simulate(settings, name);
				for (let count = 0; count < 10; count++) await api.start();
				return api.simulator.tasks().map(({ failure, duration }) => [failure?.code, duration]);
			};
			const first = await drawn();
			expect(await drawn()).toEqual(first);
			expect(new Set(first.map(String)).size).toBeGreaterThan(2);
		});

		it('does not know a task as long as it lags', async () => {
			const api = await simulate({ lag: 0.5 }, name);
			const never = await api.start({ ...REQUEST, prompt: 'snow [lag=Infinity]' });
			const taskId = await api.start();
			const { code, data, msg } = await api.read('another');
			expect(await api.read(taskId)).toMatchObject({ code, data, msg });
			await sleep(550);
			expect((await api.report(taskId)).taskId).toBe(taskId);
			expect(await api.read(never)).toMatchObject({ code, data, msg });
		});

		it('loses a video, and says that all is well', async () => {
			const api = await simulate({ duration: 0, noVideo: true }, name);
			const report = await api.report(await api.start());
			expect(report.state).toBe('succeeded');
			expect(report.video ?? null).toBeNull();
		});

		it.each([
			[{ prompt: 'snow' }, `${field('videoUrl')} is required`],
			[{ ...REQUEST, aspectRatio: '5:4' }, `${field('aspectRatio')} must be`],
			[{ ...REQUEST, seed: '7' }, `${field('seed')} must be integer`],
			[{ ...REQUEST, prompt: '' }, `${field('prompt')} must NOT have fewer`],
			[{ ...REQUEST, prompt: '[duration=long]' }, 'duration must be a number'],
		])('refuses %j', async (request, reason) => {
			const api = await simulate({}, name);
			const { code, msg, data } = await api.generate(request as Partial<TaskRequest>);
			expect(code).toBe(codes.input);
			const { issues = [] } = (data ?? {}) as {
				issues?: Array<{ path: string[]; message: string }>;
			};
			const named = issues.map(({ path, message }) => `${path.join('/')} ${message}`);
			expect([msg, ...named].join()).toContain(reason);
			expect(api.simulator.stats().generate).toMatchObject({ accepted: 0, refused: 1 });
		});

		it.each(['{"prompt":', 'null', '[]', '"text"', '{"input":null}', '{"input":"text"}'])(
			'refuses %s as a body',
			async (body) => {
				const api = await simulate({}, name);
				expect((await api.send(Buffer.from(body))).code).toBe(codes.input);
			},
		);

		it('obeys directives for one task only', async () => {
			const api = await simulate({ duration: 60 }, name);
			const prompt = 'snow [duration=0] [fail=moderation]';
			const failed = await api.start({ ...REQUEST, prompt });
			const normal = await api.start({ ...REQUEST, prompt: 'snow [really] [sic=1]' });
			expect((await api.report(failed)).reason).toMatch(/moderation/);
			expect((await api.report(normal)).state).toBe('running');
			const { code } = await api.generate({ ...REQUEST, prompt: 'snow [refuse=401]' });
			expect(code).toBe(401);
		});
	});

	describe('refusals', () => {
		it('knows its keys', async () => {
			const api = await simulate({ keys: ['key'] }, name);
			await api.start();
			const other = speak(api.simulator.url, name, 'another');
			const answers = [await other.generate(), await other.read('x'), await other.askCredits()];
			expect(answers.map(({ code }) => code)).toEqual([401, 401, 401]);
			api.simulator.settings.ipBlocked = true;
			const { code, msg } = await api.generate();
			expect([code, msg]).toEqual([401, expect.stringContaining('whitelist')]);
			expect(api.simulator.stats().unauthorized).toBe(4);
		});

		it('runs out of credits, of which a failed task takes none', async () => {
			const api = await simulate({ credits: 15 }, name);
			await api.start({ ...REQUEST, prompt: 'snow [fail=internal]' });
			await api.start();
			expect(await api.credits()).toBe(5);
			expect((await api.generate()).code).toBe(codes.credits);
		});

		it('is closed for maintenance, and open again', async () => {
			const settings = { maintenance: true, retryAfter: 2, errorStyle: 'status' } as const;
			const api = await simulate(settings, name);
			for (const answer of [await api.generate(), await api.read('x'), await api.askCredits()]) {
				expect(answer.status).toBe(codes.maintenance);
				expect(answer.headers['retry-after']).toBe('2');
			}
			api.simulator.settings.maintenance = false;
			await api.start();
		});

		it('says what it is told to say', async () => {
			const refuseText = 'Not today';
			const api = await simulate({ refuse: 503, refuseText, errorStyle: 'status' }, name);
			expect(await api.generate()).toMatchObject({ status: 503, code: 503, msg: refuseText });
			expect(api.simulator.tasks()).toEqual([]);
		});

		it('tells clients when to come again, and whether', async () => {
			const api = await simulate({ refuse: 429, retryAfterMs: 1500, shouldRetry: false }, name);
			const { headers } = await api.generate();
			expect(headers).toMatchObject({ 'retry-after-ms': '1500', 'x-should-retry': 'false' });
		});

		it('fetches the media if told to', async () => {
			const api = await simulate({ fetchVideo: true }, name);
			const { url } = api.simulator;
			const sample = `${url}/files/sample.mp4`;
			const codeFor = async (videoUrl: string) =>
				(await api.generate({ ...REQUEST, videoUrl })).code;
			expect(await codeFor(sample)).toBe(200);
			expect(await codeFor(`${url}/files/missing.mp4`)).toBe(codes.media);
			expect(await codeFor(`${url}/stats`)).toBe(codes.media);
			expect(api.simulator.stats().authorizedFileRequests).toBe(0);
		});
	});

	describe('faults', () => {
		it.each([
			['cutBefore', 'ECONNRESET', 0],
			['cutAfter', 'ECONNRESET', 1],
			['errorBefore', 503, 0],
			['errorAfter', 503, 1],
			['html', 502, 1],
			['hang', 'ECONNABORTED', 1],
		] as const)('starts a task badly: %s', async (generateFault, outcome, accepted) => {
			const settings = { generateFault, generateFaultCode: 503, errorStyle: 'status' } as const;
			const api = await simulate(settings, name);
			const seen = await api.generate().then(
				({ status }) => status,
				({ code }: { code: string }) => code,
			);
			expect(seen).toBe(outcome);
			expect(api.simulator.tasks()).toHaveLength(accepted);
		});

		it('reads badly as often as told', async () => {
			const api = await simulate({ readFaults: ['500', '429', 'cut', '503', 'html'] }, name);
			const taskId = await api.start();
			const seen: unknown[] = [];
			for (let count = 0; count < 6; count++) {
				const answer = await api.read(taskId).catch((error: { code: string }) => error);
				seen.push(answer.code);
			}
			expect(seen).toEqual([500, 429, 'ECONNRESET', 503, 502, 200]);
		});
	});
});

describe.each(['aleph', 'jobs'] as const)("kie.ai's two APIs alike: %s", (name) => {
	const other = name === 'aleph' ? 'jobs' : 'aleph';

	it('repeats the request in the record', async () => {
		const api = await simulate({}, name);
		const request = {
			...REQUEST,
			waterMark: 'me',
			uploadCn: true,
			referenceImage: 'https://example.com/in.png',
		};
		const taskId = await api.start(request);
		expect(await api.report(taskId)).toMatchObject({ sent: SPOKEN[name].body(request) });
		expect(api.simulator.tasks()).toMatchObject([{ request }]);
	});

	it.each([
		['moderation', 400],
		['internal', 500],
		['the dog ate it', 400],
	])('has a code for a task that fails with %s', async (fail, code) => {
		const api = await simulate({ duration: 0, fail }, name);
		expect((await api.report(await api.start())).code).toBe(code);
	});

	it('gives a video without a thumbnail, or with one that is not there', async () => {
		const api = await simulate({ duration: 0 }, name);
		const none = await api.report(await api.start({ ...REQUEST, prompt: '[thumbnail=false]' }));
		expect(none.image ?? null).toBeNull();
		const gone = await api.report(await api.start({ ...REQUEST, prompt: '[thumbnailFault=true]' }));
		const status = async (url: unknown) =>
			(await axios.head(String(url), { validateStatus: () => true })).status;
		expect([await status(gone.video), await status(gone.image)]).toEqual([200, 404]);
	});

	it('leaves out all that the state can do without', async () => {
		const api = await simulate({ duration: 0, nullRecords: true }, name);
		const good = await api.report(await api.start());
		expect(good).toMatchObject({ state: 'succeeded', reason: null, sent: null });
		expect(good.video).toBeTruthy();
		const bad = await api.report(await api.start({ ...REQUEST, prompt: '[fail=moderation]' }));
		expect(bad.state).toBe('failed');
	});

	describe('refusals', () => {
		it.each([
			['body', 200],
			['status', 401],
		] as const)('shows errors in the %s', async (errorStyle, status) => {
			const api = await simulate({ errorStyle }, name, 'wrong-key');
			const answers = [await api.generate(), await api.read('x'), await api.askCredits()];
			for (const answer of [...answers, await api.upload()]) {
				expect(answer).toMatchObject({ status, code: 401 });
			}
			expect(api.simulator.stats().unauthorized).toBe(4);
		});

		it('refuses the 21st of a burst', async () => {
			const api = await simulate({ retryAfter: 3 }, name);
			const answers = await Promise.all(Array.from({ length: 21 }, () => api.generate()));
			const refused = answers.filter(({ code }) => code !== 200);
			expect(refused.map(({ code }) => code)).toEqual([429]);
			expect(refused[0]?.msg).toMatch(/Rate limit/);
			expect(refused[0]?.headers['retry-after']).toBe('3');
			expect(api.simulator.stats().generate).toMatchObject({ accepted: 20, refusedByRate: 1 });
		});

		it('lets only so many tasks run at once, for each key', async () => {
			const api = await simulate({ concurrency: 2, duration: 0.6 }, name);
			const codes = async (key: string) => {
				const { generate } = speak(api.simulator.url, name, key);
				const answers = await Promise.all([1, 2, 3].map(() => generate()));
				return answers.map(({ code }) => code).sort();
			};
			expect(await codes('one')).toEqual([200, 200, 429]);
			expect(await codes('two')).toEqual([200, 200, 429]);
			expect(api.simulator.stats()).toMatchObject({ running: 4, peakRunning: 4 });
			await until(() => api.simulator.stats().running === 0);
			expect(await codes('one')).toEqual([200, 200, 429]);
		});

		it.each([408, 430, 433, 501, 505, 550])('refuses with %s', async (refuse) => {
			const api = await simulate({ refuse, errorStyle: 'status' }, name);
			expect(await api.generate()).toMatchObject({ status: refuse, code: refuse });
			expect(api.simulator.tasks()).toEqual([]);
		});

		it('has a code that is no HTTP status', async () => {
			const api = await simulate({ refuse: 4030, errorStyle: 'status' }, name);
			const msg = 'Not supported in the current region';
			expect(await api.generate()).toMatchObject({ status: 200, code: 4030, msg });
		});

		it('disguises refusals as an error of the server', async () => {
			const api = await simulate({ disguiseRefusals: true, credits: 0 }, name);
			const video = SPOKEN[name].field('videoUrl').split('/').pop();
			expect(await api.generate({ prompt: 'snow' })).toMatchObject({
				code: 500,
				msg: `${video} is required`,
			});
			const { code, msg } = await api.generate({ ...REQUEST, aspectRatio: '5:4' });
			expect([code, msg]).toEqual([500, expect.stringMatching(/ratio is not within the range/i)]);
			expect(await api.generate()).toMatchObject({
				code: 500,
				msg: expect.stringMatching(/^Credits insufficient/) as string,
			});
			expect((await api.read('')).code).toBe(422);
		});

		it('does not know a model that is gone', async () => {
			const api = await simulate({ modelGone: true }, name);
			const { code, msg } = await api.generate();
			expect([code, msg]).toEqual([
				422,
				expect.stringMatching(/^The model name you specified is not supported/),
			]);
		});

		it('is switched off if only another API is on', async () => {
			const api = await simulate({ apis: other }, name);
			for (const answer of [await api.generate(), await api.read('x')]) {
				expect(answer).toMatchObject({ code: 505, msg: 'This feature is switched off' });
			}
			expect((await api.askCredits()).code).toBe(200);
			await speak(api.simulator.url, other).start();
		});

		it('fetches the reference image if told to', async () => {
			const api = await simulate({ fetchVideo: true }, name);
			const sample = `${api.simulator.url}/files/sample.mp4`;
			const { code } = await api.generate({
				...REQUEST,
				videoUrl: sample,
				referenceImage: sample,
			});
			expect(code).toBe(451);
		});
	});

	describe('callbacks', () => {
		it('tells of a success', async () => {
			const { api, receiver, request } = await called({}, name);
			const taskId = await api.start(request);
			const { report, headers } = await receiver.next();
			expect(report).toMatchObject({ taskId, state: 'succeeded', video: resultOf(taskId) });
			expect(headers['user-agent']).toContain('kie.ai');
			expect(headers).not.toHaveProperty('x-webhook-signature');
		});

		it('tells of a failure', async () => {
			const { api, receiver, request } = await called({ fail: 'moderation' }, name);
			const taskId = await api.start(request);
			const { report } = await receiver.next();
			expect(report).toMatchObject({ taskId, state: 'failed' });
			expect(report.reason).toMatch(/moderation/);
		});

		it('signs id and time', async () => {
			const { api, receiver, request } = await called({ hmacKey: 'secret' }, name);
			const taskId = await api.start(request);
			const { headers } = await receiver.next();
			const timestamp = String(headers['x-webhook-timestamp']);
			const expected = createHmac('sha256', 'secret').update(`${taskId}.${timestamp}`);
			expect(headers['x-webhook-signature']).toBe(expected.digest('base64'));
			expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(3);
		});

		it('sends a lost one again', async () => {
			const { api, receiver, request } = await called({ lose: 2 }, name);
			await api.start(request);
			await receiver.next();
			await until(() => api.simulator.stats().callbacks.delivered === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 1, lost: 2, failed: 0 });
		});

		it('delivers every second one twice', async () => {
			const { api, receiver, request } = await called({ doubleEvery: 2, loseEvery: 2 }, name);
			await api.start(request);
			await receiver.next();
			const taskId = await api.start(request);
			const twice = [await receiver.next(), await receiver.next()];
			for (const { report } of twice) expect(report).toMatchObject({ taskId });
			await until(() => api.simulator.stats().callbacks.doubled === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, lost: 1, delivered: 2 });
			expect(api.simulator.stats().duplicates).toBe(1);
		});

		it('gives up after so many answers that are not 200', async () => {
			const { api, receiver, request } = await called({ callbackRetries: 2 }, name);
			receiver.answerWith(201);
			await api.start(request);
			await until(() => api.simulator.stats().callbacks.failed === 1);
			expect(api.simulator.stats().callbacks).toMatchObject({ sent: 3, delivered: 0 });
			expect(api.simulator.tasks()[0]).toMatchObject({ state: 'succeeded', callback: 'failed' });
		});

		it('sends none if told so', async () => {
			const { api, request } = await called({ callbacks: false }, name);
			await api.start(request);
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
		expect(data).toMatchObject({ successFlag: 0, ...unknown });
	});

	it('has nothing for a task that it does not know, that of the Jobs API among them', async () => {
		const api = await simulate({});
		const known = await api.simulator.startTask({}, { api: 'jobs' });
		for (const taskId of ['another', known]) {
			expect(await api.read(taskId)).toMatchObject({ code: 200, data: null });
		}
	});

	it('flags a failure as told', async () => {
		const api = await simulate({ duration: 0, fail: 'internal', failedFlag: 3 });
		const { data } = await api.read(await api.start());
		expect(data).toMatchObject({ successFlag: 3, errorCode: 500, response: null });
	});

	it.each(['iso', 'iso-local', 'epoch'] as const)('writes times as %s', async (times) => {
		const api = await simulate({ times });
		const { createTime } = (await api.read(await api.start())).data as {
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
		const { api, receiver, request } = await called({ spelling });
		const taskId = await api.start(request);
		expect((await receiver.next()).body).toMatchObject({ code: 200, ...expected(taskId) });

		const failed = await api.start({ ...request, prompt: 'snow [fail=moderation]' });
		expect((await receiver.next()).report).toMatchObject({ taskId: failed, state: 'failed' });
	});
});

describe('the Jobs API', () => {
	afterEach(() => jest.restoreAllMocks());

	it('goes through its states', async () => {
		const api = await simulate({ duration: 100 }, 'jobs');
		const taskId = await api.start();
		const createdAt = api.simulator.tasks()[0]?.createdAt ?? 0;
		const clock = jest.spyOn(Date, 'now');
		for (const [second, state, successFlag] of [
			[0, 'waiting', 0],
			[10, 'queuing', 0],
			[30, 'generating', 0],
			[99, 'generating', 0],
			[100, 'success', 1],
		] as const) {
			clock.mockReturnValue(createdAt + second * 1000);
			expect((await api.read(taskId)).data).toMatchObject({ state, successFlag });
		}
	});

	it('tells results, cost and times', async () => {
		const api = await simulate({ duration: 100, creditPerTask: 110 }, 'jobs');
		const taskId = await api.start();
		expect((await api.read(taskId)).data).toMatchObject({
			resultJson: '',
			response: null,
			completeTime: null,
			creditsConsumed: 0,
		});
		const createdAt = Math.round(api.simulator.tasks()[0]?.createdAt ?? 0);
		jest.spyOn(Date, 'now').mockReturnValue(createdAt + 100_000);
		const { resultJson, ...record } = (await api.read(taskId)).data as { resultJson: string };
		expect(record).toMatchObject({
			creditsConsumed: 110,
			costTime: 100,
			createTime: createdAt,
			completeTime: createdAt + 100_000,
			response: JSON.parse(resultJson) as object,
		});
	});

	it('takes nothing for a task that has failed', async () => {
		const api = await simulate({ duration: 0, fail: 'moderation' }, 'jobs');
		const { data } = await api.read(await api.start());
		const failed = { state: 'fail', successFlag: 3, failCode: '400', creditsConsumed: 0 };
		expect(data).toMatchObject(failed);
		expect(await api.credits()).toBe(1000);
	});

	it('tells the record in its callbacks, and what is left of the credits', async () => {
		const { api, receiver, request } = await called({}, 'jobs');
		const taskId = await api.start(request);
		const credits = { creditsConsumed: 10, consumeCredits: 10, remainedCredits: 990 };
		expect((await receiver.next()).body).toMatchObject({ data: { taskId, ...credits } });
	});

	it('also knows the tasks of the Aleph API', async () => {
		const api = await simulate({ duration: 0 }, 'jobs');
		const taskId = await speak(api.simulator.url, 'aleph').start();
		const sent = SPOKEN.jobs.body(REQUEST);
		expect(await api.report(taskId)).toMatchObject({ taskId, state: 'succeeded', sent });
	});

	it('has one model', async () => {
		const api = await simulate({}, 'jobs');
		const { prompt, videoUrl: video_url } = REQUEST;
		const { msg } = await api.send({ model: 'another', input: { prompt, video_url } });
		expect(msg).toMatch(/^model must be .*runway\/gen4-aleph$/);
	});

	it('refuses to tell of a task that it does not know', async () => {
		const api = await simulate({}, 'jobs');
		for (const taskId of ['another', await api.simulator.startTask({}, { api: 'runway' })]) {
			expect(await api.read(taskId)).toMatchObject({ code: 422, msg: 'recordInfo is null' });
		}
	});
});

describe("one account for kie.ai's two APIs", () => {
	it('counts tasks, requests and credits of both', async () => {
		const aleph = await simulate({ concurrency: 2, credits: 100 });
		const jobs = speak(aleph.simulator.url, 'jobs');
		await aleph.read(await aleph.start());
		await jobs.read(await jobs.start());
		expect((await aleph.generate()).msg).toMatch(/Concurrency limit/);
		expect((await jobs.generate()).msg).toMatch(/Concurrency limit/);
		expect(await jobs.credits()).toBe(80);
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
			expect((await generate()).msg).toMatch(/Rate limit/);
		}
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
		const flags = '--apis jobs --no-video --no-thumbnail --firewall --refuse 550';
		const { values } = parseArgs({
			args: flags.split(' '),
			options: settingFlags(),
			allowNegative: true,
		});
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
		expect((await api.askCredits()).status).toBe(404);
		expect((await api.upload()).status).toBe(404);
	});
});
