/** What the simulator's Runway API has of its own, over real HTTP. */
import axios from 'axios';
import type { Settings, TaskRequest } from '../simulator';
import { answerFaults } from '../simulator/contract';
import { endAll, REQUEST, simulate } from '../support/simulatorClient';

afterEach(endAll);
afterEach(() => jest.restoreAllMocks());

interface Record {
	status: string;
	progress?: number;
	output?: string[];
	failureCode?: string;
}

async function account(settings: Partial<Settings> = {}) {
	const api = await simulate(settings, 'runway');
	const path = (taskId: string) => `/v1/tasks/${taskId}`;
	return {
		...api,
		record: async (taskId: string) => (await api.read(taskId)).data as Record,
		cancel: async (taskId: string) => (await api.http.delete(path(taskId))).status,
	};
}

/** The seconds since the first task was accepted, set by hand. */
function clockOf({ simulator }: Awaited<ReturnType<typeof account>>) {
	const began = simulator.tasks()[0]!.startsAt;
	const now = jest.spyOn(Date, 'now');
	const set = (seconds: number) => now.mockReturnValue(began + seconds * 1000);
	set(0);
	return set;
}

describe('a request', () => {
	it('needs a key and the version', async () => {
		const api = await account();
		const get = async (headers: object) =>
			(
				await axios.get(`${api.simulator.url}/v1/organization`, {
					headers,
					validateStatus: () => true,
				})
			).status;
		const version = { 'x-runway-version': '2024-11-06' };
		const key = { authorization: 'Bearer key' };
		expect(await get(version)).toBe(401);
		expect(await get(key)).toBe(400);
		expect(await get({ ...key, 'x-runway-version': '2023-01-01' })).toBe(400);
		expect(await get({ ...key, ...version })).toBe(200);
	});

	it('is understood whole', async () => {
		const api = await account();
		const request: TaskRequest = {
			...REQUEST,
			aspectRatio: '21:9',
			seed: 4294967295,
			keyframes: [
				{
					uri: 'https://example.com/a.png',
					seconds: 1,
					range: { start_seconds: 0, end_seconds: 2 },
				},
				{ uri: 'data:image/png;base64,AAAA', at: 0.5, range: { start_seconds: 2, end_seconds: 4 } },
			],
			outputFormat: 'prores',
			publicFigures: 'low',
		};
		await api.start(request);
		expect(api.simulator.tasks()).toMatchObject([{ request }]);
		expect(await api.simulator.startTask(request, { api: 'runway' })).toBeTruthy();
		expect(api.simulator.stats().duplicates).toBe(1);
	});

	it('can do without a prompt', async () => {
		const api = await account();
		await api.start({ videoUrl: REQUEST.videoUrl });
		expect(api.simulator.tasks()).toMatchObject([{ request: { prompt: '' } }]);
	});

	const keyframe = { uri: 'https://example.com/a.png', at: 0 };
	const range = { start_seconds: 0, end_seconds: 1 };
	it.each([
		['a prompt that is too long', { prompt: 'x'.repeat(1001) }, 'promptText'],
		['a seed that is too large', { seed: 4294967296 }, 'seed'],
		['too many keyframes', { keyframes: Array(6).fill(keyframe) }, 'keyframes'],
		['a keyframe at two moments', { keyframes: [{ ...keyframe, seconds: 1 }] }, 'keyframes/0'],
		[
			'a range of one keyframe only',
			{ keyframes: [keyframe, { ...keyframe, range }] },
			'keyframes',
		],
		['an output format that there is not', { outputFormat: 'gif' }, 'outputFormat'],
		['a video that is no URL', { videoUrl: 'clip.mp4' }, 'videoUri'],
	])('is refused with %s', async (_, fields, path) => {
		const api = await account();
		const { status, data } = await api.generate({ ...REQUEST, ...fields } as TaskRequest);
		const { error, issues } = data as { error: string; issues: Array<{ path: string[] }> };
		expect([status, error]).toEqual([400, 'Validation of body failed']);
		expect(issues.map((issue) => issue.path.join('/'))).toContain(path);
	});

	it.each([
		['http://example.com/in.mp4', /HTTPS/],
		['https://10.0.0.1/in.mp4', /IP address/],
		['https://[::1]/in.mp4', /IP address/],
		[`https://example.com/${'x'.repeat(2048)}`, /2048/],
	])('is refused with the video %.30s if its address matters', async (videoUrl, reason) => {
		const api = await account({ httpsOnly: true });
		const { status, msg } = await api.generate({ ...REQUEST, videoUrl });
		expect([status, msg]).toEqual([400, expect.stringMatching(reason)]);
		await api.start();
	});

	it('is refused if the account has no such model, or has had enough for the day', async () => {
		const api = await account({ modelGone: true, retryAfter: 60 });
		expect((await api.generate()).status).toBe(403);
		Object.assign(api.simulator.settings, { modelGone: false, dailyLimit: 1 });
		await api.start();
		const { status, headers, msg } = await api.generate();
		expect([status, headers['retry-after']]).toEqual([429, '60']);
		expect(msg).toMatch(/daily limit/);
		expect(api.simulator.stats().generate).toMatchObject({ accepted: 1, refusedByRate: 1 });
	});
});

describe('a task', () => {
	it('goes through its states', async () => {
		const api = await account({ duration: 100 });
		const taskId = await api.start();
		const setClock = clockOf(api);
		expect((await api.read(taskId)).data).toMatchObject({ estimatedCost: { credits: 10 } });
		for (const [second, record] of [
			[0, { status: 'PENDING' }],
			[10, { status: 'RUNNING', progress: 0.1 }],
			[75, { status: 'RUNNING', progress: 0.75 }],
			[100, { status: 'SUCCEEDED', cost: { credits: 10 } }],
		] as const) {
			setClock(second);
			expect(await api.record(taskId)).toMatchObject(record);
		}
	});

	it('waits in line for a slot', async () => {
		const api = await account({ duration: 10, concurrency: 2 });
		const taskIds = [1, 2, 3, 4, 5].map(async () => await api.start());
		const all = await Promise.all(taskIds);
		const statuses = async () => {
			const records = await Promise.all(all.map((taskId) => api.record(taskId)));
			return records
				.map(({ status }) => status.slice(0, 1))
				.sort()
				.join('');
		};
		const setClock = clockOf(api);
		setClock(5);
		expect(await statuses()).toBe('RRTTT');
		setClock(16);
		expect(await statuses()).toBe('RRSST');
		setClock(26);
		expect(await statuses()).toBe('RSSSS');
		setClock(36);
		expect(await statuses()).toBe('SSSSS');
		expect(api.simulator.stats()).toMatchObject({
			generate: { accepted: 5 },
			peakRunning: 2,
			peakOpen: 5,
			running: 0,
			open: 0,
		});
	});

	it('waits in the order in which it was accepted, each key for its own slots', async () => {
		const api = await account({ duration: 10, concurrency: 1 });
		const [first, second, third] = [await api.start(), await api.start(), await api.start()];
		const other = await api.simulator.startTask({}, { api: 'runway', key: 'other' });
		const states = () => api.simulator.tasks().map(({ taskId, state }) => [taskId, state]);
		expect(states()).toEqual([
			[first, 'running'],
			[second, 'waiting'],
			[third, 'waiting'],
			[other, 'running'],
		]);
		clockOf(api)(15);
		expect(states().slice(1, 3)).toEqual([
			[second, 'running'],
			[third, 'waiting'],
		]);
	});

	it('gets a slot at once if there are more of them', async () => {
		const api = await account({ duration: 60, concurrency: 1 });
		await api.start();
		const taskId = await api.start();
		expect((await api.record(taskId)).status).toBe('THROTTLED');
		api.simulator.settings.concurrency = 2;
		expect((await api.record(taskId)).status).toBe('PENDING');
	});

	it('gives its slot to the next when it is cancelled, and costs nothing', async () => {
		const api = await account({ duration: 60, concurrency: 1 });
		const taskIds = [await api.start(), await api.start(), await api.start()];
		const [running = '', waiting = '', next = ''] = taskIds;
		expect(await api.cancel(waiting)).toBe(204);
		expect(await api.cancel(running)).toBe(204);
		for (const taskId of [running, waiting]) {
			expect(await api.record(taskId)).toMatchObject({
				status: 'CANCELLED',
				cost: { credits: 0 },
			});
		}
		expect((await api.record(next)).status).toBe('PENDING');
		expect(api.simulator.tasks().map(({ cancelled }) => cancelled)).toEqual([true, true, false]);
		expect(await api.credits()).toBe(990);
	});

	it('is deleted once it has ended, with its output', async () => {
		const api = await account({ duration: 0 });
		const taskId = await api.start();
		const { output } = await api.record(taskId);
		expect(await api.cancel(taskId)).toBe(204);
		expect(await api.cancel(taskId)).toBe(404);
		expect((await api.read(taskId)).status).toBe(404);
		const file = await axios.get(String(output?.[0]), { validateStatus: () => true });
		expect(file.status).toBe(404);
		expect(api.simulator.tasks()).toMatchObject([{ taskId, state: 'succeeded', deleted: true }]);
	});

	it.each([
		['moderation', 'SAFETY.INPUT.TEXT', 10],
		['internal', 'INTERNAL.BAD_OUTPUT.CODE01', 0],
		['the dog ate it', undefined, 0],
	])('that fails with %s has its code and its cost', async (fail, failureCode, credits) => {
		const api = await account({ duration: 0, fail });
		const record = await api.record(await api.start());
		expect(record).toMatchObject({ status: 'FAILED', cost: { credits } });
		expect(record.failureCode).toBe(failureCode);
		expect(await api.credits()).toBe(1000 - credits);
	});

	it('names a fresh URL in each record', async () => {
		const api = await account({ duration: 0 });
		const taskId = await api.start();
		const [one, two] = [await api.record(taskId), await api.record(taskId)];
		expect(one.output?.[0]).toMatch(/\.mp4\?expires=\d+/);
		expect(two.output?.[0]).not.toBe(one.output?.[0]);
	});

	it.each([
		['prores', 'video/quicktime'],
		['png_sequence', 'application/zip'],
		['sdr_rec709_10bit', 'video/mp4'],
	] as const)('gives %s', async (outputFormat, type) => {
		const api = await account({ duration: 0 });
		const { output } = await api.record(await api.start({ ...REQUEST, outputFormat }));
		expect((await axios.head(String(output?.[0]))).headers['content-type']).toBe(type);
	});

	it('is not to be asked for more than once in 5 seconds', async () => {
		const api = await account({ duration: 60 });
		const [one, two] = [await api.start(), await api.start()];
		const setClock = clockOf(api);
		await api.record(one);
		await api.record(two);
		setClock(5);
		await api.record(one);
		expect(api.simulator.stats().tooSoonReads).toBe(0);
		setClock(9.9);
		await api.record(one);
		expect(api.simulator.stats().tooSoonReads).toBe(1);
	});
});

it('tells credits, limits and what was used of them', async () => {
	const api = await account({ credits: 500, concurrency: 3, dailyLimit: 50 });
	await api.start();
	expect((await api.askCredits()).data).toMatchObject({
		creditBalance: 490,
		tier: { models: { aleph2: { maxConcurrentGenerations: 3, maxDailyGenerations: 50 } } },
		usage: { models: { aleph2: { dailyGenerations: 1 } } },
	});
});

describe('an upload', () => {
	interface Placeholder {
		uploadUrl: string;
		fields: { key: string };
		runwayUri: string;
	}

	async function placeholder(settings: Partial<Settings> = {}) {
		const api = await account(settings);
		const body = { filename: 'clip.mp4', type: 'ephemeral' };
		const { data } = await api.http.post<Placeholder>('/v1/uploads', body);
		return { api, ...data };
	}

	/** Sends the fields and the file to the storage, which is another host. */
	async function send(url: string, parts: Array<[string, string | Blob]>, headers = {}) {
		const form = new FormData();
		for (const [name, value] of parts) form.append(name, value);
		return await axios.post<string>(url, form, { headers, validateStatus: () => true });
	}

	const file = (size: number): [string, Blob] => ['file', new Blob([Buffer.alloc(size)])];

	it('can be edited', async () => {
		const { api, uploadUrl, fields, runwayUri } = await placeholder();
		const request = { ...REQUEST, videoUrl: runwayUri };
		expect((await api.generate(request)).msg).toMatch(/^Failed to fetch asset/);
		const { status } = await send(uploadUrl, [...Object.entries(fields), file(600)]);
		expect(status).toBe(204);
		await api.start(request);
		expect(api.simulator.stats().uploads).toMatchObject([{ path: fields.key, size: 600 }]);
	});

	it('is refused if it has less than 512 bytes', async () => {
		const { uploadUrl, fields } = await placeholder();
		const { status, data } = await send(uploadUrl, [...Object.entries(fields), file(511)]);
		expect([status, data]).toEqual([400, expect.stringContaining('EntityTooSmall')]);
	});

	it('needs all the fields, and the file after them', async () => {
		const { api, uploadUrl, fields } = await placeholder();
		const entries = Object.entries(fields);
		const statuses = [
			(await send(uploadUrl, [file(600)])).status,
			(await send(uploadUrl, [...entries.slice(0, 1), file(600)])).status,
			(await send(uploadUrl, [file(600), ...entries])).status,
			(await send(uploadUrl, entries)).status,
		];
		expect(statuses).toEqual([403, 403, 400, 400]);
		expect(api.simulator.stats().uploads).toEqual([]);
	});

	it('is not sent the key', async () => {
		const { api, uploadUrl, fields } = await placeholder();
		const parts = [...Object.entries(fields), file(600)] as Array<[string, Blob]>;
		const { status } = await send(uploadUrl, parts, { authorization: 'Bearer key' });
		expect(status).toBe(400);
		expect(api.simulator.stats().authorizedFileRequests).toBe(1);
	});

	it('has to be called something', async () => {
		const { api } = await placeholder();
		const { status, data } = await api.http.post<object>('/v1/uploads', { type: 'ephemeral' });
		expect(status).toBe(400);
		expect(data).toMatchObject({ issues: [{ path: ['filename'], message: 'is required' }] });
	});
});

it('holds answers to their description, those with an id in the path and those without a body', () => {
	const answer = { status: 200, contentType: 'application/json', body: { id: 'x' } };
	expect(answerFaults('get', '/v1/tasks/x', answer)).toContain('status');
	expect(answerFaults('delete', '/v1/tasks/x', { ...answer, status: 204 })).toBe('there is a body');
});
