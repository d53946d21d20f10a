/** What holds for each API alike: the same items, the same errors, the same promises. */
import '../support/fastClock';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import {
	generate,
	get,
	newAccount as accountWith,
	promptOfItem,
	simulator,
	useSimulator,
} from '../support/aleph';
import { runNode } from '../support/engine';
import { prompts } from '../support/tasks';

useSimulator();

/** What the providers differ in: who tells what, and who charges for what moderation has stopped. */
const APIS = [
	{ api: 'jobs', tellsCredits: true, tellsEnd: true, hasThumbnails: true, ofModeration: 0 },
	{ api: 'aleph', tellsCredits: false, tellsEnd: true, hasThumbnails: true, ofModeration: 0 },
	{ api: 'runway', tellsCredits: true, tellsEnd: false, hasThumbnails: false, ofModeration: 10 },
] as const;

const text = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

describe.each(APIS)('the API "$api"', ({ api, ...provider }) => {
	const newAccount = (fields: IDataObject = {}) => accountWith({ api, ...fields });
	const credits = (number: number) => (provider.tellsCredits ? number : null);

	it('gives the finished video, with ten fields', async () => {
		const { items, error } = await runNode({ parameters: generate(), credential: newAccount() });
		expect(error).toBeUndefined();
		const [task] = simulator.tasks();
		expect(items).toEqual([
			{
				json: {
					taskId: task!.taskId,
					status: 'success',
					videoUrl: text(new RegExp(`^${simulator.url}/files/result/${task!.taskId}.mp4`)),
					imageUrl: provider.hasThumbnails ? text(/\.png$/) : null,
					prompt: 'Make it snow',
					sourceVideoUrl: `${simulator.url}/files/sample.mp4`,
					credits: credits(10),
					completedAt: provider.tellsEnd ? text(TIME) : null,
					expiresAt: text(TIME),
					errorMessage: null,
				},
				pairedItem: { item: 0 },
			},
		]);
		const lifetime = Date.parse(items[0]!.json.expiresAt as string) - task!.endsAt;
		expect(lifetime / 3_600_000).toBeCloseTo(24, 1);
	});

	it('gives a success, a refusal by moderation and another failure in order, paired', async () => {
		const fates = ['', '[fail=moderation]', '[fail=internal]', '[duration=3]'];
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(4, (n) => `Video ${n} ${fates[n]}`),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(error).toBeUndefined();
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
			prompts(4).map((_, item) => ({ item })),
		);
		const byPrompt = new Map(simulator.tasks().map((task) => [task.request.prompt, task]));
		expect(items.map(({ json }) => json)).toMatchObject(
			fates.map((fate, n) => {
				const prompt = `Video ${n} ${fate}`;
				return { prompt, taskId: byPrompt.get(prompt)!.taskId };
			}),
		);
		expect(items.map(({ json }) => [json.status, json.credits])).toEqual([
			['success', credits(10)],
			['failed', credits(provider.ofModeration)],
			['failed', credits(0)],
			['success', credits(10)],
		]);
		expect(items.map(({ json }) => json.error)).toEqual([
			undefined,
			text(/^Moderation refused the video: Your request was flagged/),
			text(/^The task failed: Internal Error/),
			undefined,
		]);
	});

	it('takes the video from a file, and gives the new one as a file', async () => {
		const content = Buffer.alloc(100_000, 'a video, or something like it');
		const { items, error } = await runNode({
			parameters: generate({ videoSource: 'binary', options: { download: ['video'] } }),
			binary: {
				data: {
					data: content.toString('base64'),
					mimeType: 'video/mp4',
					fileName: 'in.mp4',
				},
			},
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		const [task] = simulator.tasks();
		const { uploads, authorizedFileRequests } = simulator.stats();
		const sha256 = createHash('sha256').update(content).digest('hex');
		expect(uploads).toEqual([{ path: expect.any(String) as string, size: content.length, sha256 }]);
		expect(task!.request.videoUrl).toContain(uploads[0]!.path);
		const { data, ...file } = items[0]!.binary!.video!;
		expect(file).toMatchObject({ mimeType: 'video/mp4', fileName: `${task!.taskId}.mp4` });
		const result = readFileSync(path.resolve(__dirname, '../simulator/media/snow.mp4'));
		expect(Buffer.from(data, 'base64').equals(result)).toBe(true);
		expect(authorizedFileRequests).toBe(0);
	});

	it('gives, not simplified, the data of the API as it came', async () => {
		const { items } = await runNode({
			parameters: generate({ simplify: false }),
			credential: newAccount(),
		});
		const { taskId } = simulator.tasks()[0]!;
		const ofApi = {
			jobs: { taskId, state: 'success', param: expect.any(String) as string },
			aleph: { taskId, successFlag: 1, paramJson: expect.any(String) as string },
			runway: { id: taskId, status: 'SUCCEEDED', cost: { credits: 10 } },
		};
		expect(items[0]?.json).toMatchObject(ofApi[api]);
		expect(items[0]?.json).not.toHaveProperty('videoUrl');
	});

	it('polls on through errors, cut connections and a record that is not there yet', async () => {
		const faults = ['500,cut', '502,503', 'html,504', '401,404,505'];
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(4, (n) => `Video ${n} [readFaults=${faults[n]}] [lag=3]`),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(Array(4).fill('success'));
		expect(simulator.stats().generate.accepted).toBe(4);
	});

	it.each([
		['processing', '[duration=600]'],
		['success', '[duration=0]'],
		['failed', '[duration=0] [fail=moderation]'],
	])('tells with Get that a task is in the state "%s"', async (status, fate) => {
		const credential = newAccount();
		const started = generate({ prompt: `Snow ${fate}`, waitForCompletion: false });
		await runNode({ parameters: started, credential });
		const { taskId } = simulator.tasks()[0]!;
		const { items } = await runNode({ parameters: get(taskId), credential });
		expect(items[0]?.json).toMatchObject({ taskId, status });
	});

	it('says of a video that it could not fetch what to do, and starts the others', async () => {
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: ['a [refuse=451] [refuseText=Failed to fetch asset]', 'b'].map((prompt) => ({
				prompt,
			})),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json }) => json.error)).toEqual([
			'The API could not fetch the video or an image',
			undefined,
		]);
	});

	it('says how many credits are left, and keeps those that are to be kept', async () => {
		simulator.settings.credits = 120;
		const credential = newAccount();
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { keepCredits: 100 } }),
			items: prompts(5),
			credential,
			settings: { onError: 'continueRegularOutput' },
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.error)).toEqual([
			...[undefined, undefined, undefined],
			...['Only 90 credits are left', 'Only 90 credits are left'],
		]);
		const parameters = { resource: 'account', operation: 'getCredits' };
		expect((await runNode({ parameters, credential })).items[0]?.json).toEqual({ credits: 90 });
	});

	it('is paid by Retry On Fail only for what failed', async () => {
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(3, (n) => (n === 0 ? 'Bad [fail=internal]' : `Video ${n}`)),
			credential: newAccount(),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		});
		expect(error?.message).toMatch(/^The task failed: /);
		const paid = simulator.tasks().map(({ request }) => request.prompt);
		expect(paid.sort()).toEqual([
			...Array<string>(2).fill('Bad [fail=internal]'),
			'Video 1',
			'Video 2',
		]);
	});

	it('gives another URL for a result whose host refuses the first', async () => {
		for (const resultFault of [401, 403, 404] as const) {
			Object.assign(simulator.settings, { resultFault });
			const { items, error } = await runNode({
				parameters: generate({ options: { download: ['video'] } }),
				credential: newAccount(),
			});
			expect(error).toBeUndefined();
			expect(items[0]?.binary?.video).toMatchObject({ mimeType: 'video/mp4' });
		}
	});

	it('is told with every request who asks, so that no firewall takes it for a script', async () => {
		simulator.settings.botCheck = true;
		const { items, error } = await runNode({
			parameters: generate({
				videoSource: 'binary',
				options: { download: ['video'], keepCredits: 1 },
			}),
			binary: { data: { data: 'A'.repeat(4_000), mimeType: 'video/mp4' } },
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(items[0]?.binary).toHaveProperty('video');
		const agents = simulator.requests().map(({ userAgent }) => userAgent);
		expect(agents.length).toBeGreaterThan(4);
		expect(new Set(agents)).toEqual(new Set(['n8n-nodes-runway-aleph']));
	});
});

describe.each(['jobs', 'aleph'])('the API "%s" of kie.ai', (api) => {
	it('is sent every option that it has', async () => {
		await runNode({
			parameters: generate({
				waitForCompletion: false,
				options: {
					aspectRatio: '21:9',
					callBackUrl: 'https://example.com/hook',
					referenceImage: 'https://example.com/style.png',
					seed: 42,
					uploadCn: true,
					waterMark: 'draft',
				},
			}),
			credential: accountWith({ api }),
		});
		expect(simulator.tasks()[0]?.request).toEqual({
			prompt: 'Make it snow',
			videoUrl: `${simulator.url}/files/sample.mp4`,
			aspectRatio: '21:9',
			callBackUrl: 'https://example.com/hook',
			referenceImage: 'https://example.com/style.png',
			seed: 42,
			uploadCn: true,
			waterMark: 'draft',
		});
	});

	it('is understood in each way to write a time', async () => {
		for (const times of ['iso', 'iso-local', 'epoch'] as const) {
			simulator.settings.times = times;
			const { items } = await runNode({ parameters: generate(), credential: accountWith({ api }) });
			const { endsAt } = simulator.tasks().at(-1)!;
			const late = Date.parse(items[0]!.json.completedAt as string) - endsAt;
			expect(Math.abs(late)).toBeLessThan(1_000);
		}
	});
});
