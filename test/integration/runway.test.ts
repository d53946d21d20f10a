/** What Runway has and the others lack: keyframes, formats, cancelling, a queue, and answers of its own. */
import '../support/fastClock';
import { sleep, type IBinaryKeyData, type IDataObject, type INodeParameters } from 'n8n-workflow';
import type { TaskView } from '../simulator';
import {
	generate,
	get,
	newAccount as accountWith,
	promptOfItem,
	simulator,
	useSimulator,
} from '../support/aleph';
import { runNode, start } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

const newAccount = (fields: IDataObject = {}) => accountWith({ api: 'runway', ...fields });

const options = (given: IDataObject) =>
	generate({ waitForCompletion: false, options: given as INodeParameters });

const keyframes = (...keyframe: IDataObject[]) => options({ keyframes: { keyframe } });

const IMAGE = 'https://example.com/frame.png';

const images: IBinaryKeyData = {
	image: {
		data: Buffer.alloc(1_000, 'an image').toString('base64'),
		mimeType: 'image/png',
		fileName: 'frame.png',
	},
};

describe('the options of Runway', () => {
	it('are sent', async () => {
		const { error } = await runNode({
			parameters: options({
				aspectRatio: '3:2',
				outputFormat: 'prores',
				publicFigures: 'low',
				seed: 4_294_967_295,
			}),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(simulator.tasks()[0]?.request).toEqual({
			prompt: 'Make it snow',
			videoUrl: `${simulator.url}/files/sample.mp4`,
			aspectRatio: '3:2',
			outputFormat: 'prores',
			publicFigures: 'low',
			seed: 4_294_967_295,
		});
	});

	it('have a keyframe at a second, and one at a position, from URLs and files', async () => {
		const { error } = await runNode({
			parameters: keyframes(
				{ image: IMAGE, seconds: 1.5 },
				{ imageSource: 'binary', imageBinaryProperty: 'image', moment: 'position', position: 0.5 },
			),
			binary: images,
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		const [upload] = simulator.stats().uploads;
		expect(simulator.tasks()[0]?.request.keyframes).toEqual([
			{ uri: IMAGE, seconds: 1.5 },
			{ uri: `runway://${upload!.path}`, at: 0.5 },
		]);
	});

	it('have keyframes with ranges, for all or for none', async () => {
		const credential = newAccount();
		const ranged = { image: IMAGE, hasRange: true, start: 1, end: 3 };
		await runNode({ parameters: keyframes(ranged, { ...ranged, seconds: 2 }), credential });
		const range = { start_seconds: 1, end_seconds: 3 };
		expect(simulator.tasks()[0]?.request.keyframes).toEqual([
			{ uri: IMAGE, seconds: 0, range },
			{ uri: IMAGE, seconds: 2, range },
		]);
		const { error } = await runNode({
			parameters: keyframes(ranged, { image: IMAGE, seconds: 2 }),
			credential,
		});
		expect(error?.message).toBe('"Keyframes" has ranges for some keyframes only');
		expect(simulator.tasks()).toHaveLength(1);
	});

	it.each([-1, 4_294_967_296])(
		'have no seed of %i, which is told before a file is uploaded',
		async (seed) => {
			const { error } = await runNode({
				parameters: { ...options({ seed }), videoSource: 'binary', videoBinaryProperty: 'image' },
				binary: images,
				credential: newAccount(),
			});
			expect(error?.message).toBe('"Seed" must be a whole number from 0 to 4294967295');
			expect(simulator.requests()).toEqual([]);
		},
	);

	it('give a video in the format that was asked for', async () => {
		const formats = { prores: 'mov', png_sequence: 'zip', sdr_rec709_10bit: 'mp4' };
		const types = { mov: 'video/quicktime', zip: 'application/zip', mp4: 'video/mp4' };
		const credential = newAccount();
		for (const [outputFormat, extension] of Object.entries(formats)) {
			const parameters = generate({ options: { outputFormat, download: ['video'] } });
			const { items } = await runNode({ parameters, credential });
			expect(items[0]?.binary?.video).toMatchObject({
				fileExtension: extension,
				mimeType: types[extension as keyof typeof types],
			});
		}
	});
});

describe('an upload to Runway', () => {
	const uploaded = async (credential: ReturnType<typeof newAccount>) => {
		const parameters = { resource: 'file', operation: 'upload', binaryProperty: 'image' };
		const { items } = await runNode({ parameters, binary: images, credential });
		return items[0]!.json.url as string;
	};

	it('is the video of many prompts, and the image of a keyframe, with no hint', async () => {
		const credential = newAccount();
		const url = await uploaded(credential);
		const given = { keyframes: { keyframe: [{ image: ` ${url}\n` }] } };
		const { error, run } = await runNode({
			parameters: { ...options(given), prompt: promptOfItem, videoUrl: url },
			items: prompts(2),
			credential,
		});
		expect(error).toBeUndefined();
		expect(run.data.resultData.runData['Runway Aleph']?.[0]?.hints).toEqual([]);
		expect(simulator.tasks().map(({ request }) => request)).toMatchObject([
			{ videoUrl: url, keyframes: [{ uri: url, seconds: 0 }] },
			{ videoUrl: url, keyframes: [{ uri: url, seconds: 0 }] },
		]);
	});

	it('has a URL that a public Runway API can fetch, too', async () => {
		const { run } = await runNode({
			parameters: { ...options({}), videoUrl: 'runway://0b1c' },
			credential: newAccount({ baseUrl: 'http://api.invalid' }),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(run.data.resultData.runData['Runway Aleph']?.[0]?.hints).toEqual([]);
	});

	it.each(['jobs', 'aleph'])('means nothing to the API "%s"', async (api) => {
		const { error } = await runNode({
			parameters: { ...options({}), videoUrl: 'runway://0b1c' },
			credential: newAccount({ api }),
		});
		expect(error?.message).toBe('"Video URL" must be a URL');
		expect(error?.description).toContain('It is "runway://0b1c".');
		expect(simulator.requests()).toEqual([]);
	});
});

describe('an option that a provider does not have', () => {
	it.each([
		['runway', { referenceImage: IMAGE }, 'Reference Image URL', 'Apikley and kie.ai'],
		[
			'runway',
			{ referenceImageBinaryProperty: 'image' },
			'Reference Image Field',
			'Apikley and kie.ai',
		],
		['runway', { waterMark: 'draft' }, 'Watermark', 'Apikley and kie.ai'],
		['runway', { uploadCn: true }, 'Store in China', 'Apikley and kie.ai'],
		['runway', { callBackUrl: 'https://example.com/hook' }, 'Callback URL', 'Apikley and kie.ai'],
		['jobs', { keyframes: { keyframe: [{ image: IMAGE }] } }, 'Keyframes', 'Runway'],
		['aleph', { outputFormat: 'prores' }, 'Output Format', 'Runway'],
		['jobs', { publicFigures: 'low' }, 'Public Figures', 'Runway'],
	])('is refused with the names of those who have it: %s %j', async (api, given, label, others) => {
		const { error } = await runNode({
			parameters: options(given),
			binary: images,
			credential: newAccount({ api }),
		});
		expect(error?.message).toMatch(`"${label}" is not available with the `);
		expect(error?.description).toBe(
			`Nothing was sent. Remove the option, or use a credential of a provider that has it: ${others}.`,
		);
		expect(simulator.requests()).toEqual([]);
	});

	it.each([
		['runway', { uploadCn: false, waterMark: '', referenceImage: null }],
		['jobs', { keyframes: {}, outputFormat: '' }],
	])('may be there if it is off, or empty: %s %j', async (api, given) => {
		const { items } = await runNode({
			parameters: options(given),
			credential: newAccount({ api }),
		});
		expect(items).toMatchObject([{ json: { status: 'processing' } }]);
	});

	it.each([
		['runway', '3:2', undefined],
		['jobs', '21:9', undefined],
		['jobs', '3:2', 'Runway: 16:9, 4:3, 3:2'],
	])('is an aspect ratio, too: %s %s', async (api, aspectRatio, advice) => {
		const { error } = await runNode({
			parameters: options({ aspectRatio }),
			credential: newAccount({ api }),
		});
		if (!advice) return expect(error).toBeUndefined();
		expect(error?.message).toMatch(/^"Aspect Ratio" must be one of /);
		expect(error?.description).toContain(advice);
		expect(simulator.requests()).toEqual([]);
	});
});

describe('cancel', () => {
	const cancel = (taskId: string, given: INodeParameters = {}): INodeParameters => ({
		resource: 'video',
		operation: 'cancel',
		taskId,
		...given,
	});
	const DELETE = 'DELETE /v1/tasks/:taskId';

	async function taskOf(prompt: string) {
		const credential = newAccount();
		await runNode({ parameters: generate({ prompt, waitForCompletion: false }), credential });
		return { taskId: simulator.tasks().at(-1)!.taskId, credential };
	}

	it('ends a task that runs', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=600]');
		const { items, error } = await runNode({ parameters: cancel(taskId), credential });
		expect(error).toBeUndefined();
		expect(simulator.tasks()[0]?.state).toBe('cancelled');
		expect(items[0]).toEqual({
			json: {
				taskId,
				status: 'failed',
				videoUrl: null,
				imageUrl: null,
				prompt: null,
				sourceVideoUrl: null,
				credits: 0,
				completedAt: null,
				expiresAt: null,
				errorMessage: 'The task was cancelled',
			},
			pairedItem: { item: 0 },
		});
	});

	it('ends a task that Runway does not know yet', async () => {
		simulator.settings.lag = 3;
		const { taskId, credential } = await taskOf('Snow [duration=600]');
		const { error } = await runNode({ parameters: cancel(taskId), credential });
		expect(error).toBeUndefined();
		expect(simulator.tasks()[0]?.state).toBe('cancelled');
	});

	it('ends a task that waits for its turn', async () => {
		simulator.settings.concurrency = 1;
		const credential = newAccount();
		const parameters = generate({ prompt: promptOfItem, waitForCompletion: false });
		const items = prompts(2, (n) => `Video ${n} [duration=600]`);
		await runNode({ parameters, items, credential });
		const waiting = simulator.tasks().find(({ state }) => state === 'waiting')!;
		const { error } = await runNode({ parameters: cancel(waiting.taskId), credential });
		expect(error).toBeUndefined();
		expect(simulator.tasks().map(({ state }) => state)).toEqual(['running', 'cancelled']);
	});

	it.each([
		['success', '[duration=0]'],
		['failed', '[duration=0] [fail=internal]'],
	])('tells of a task that has ended in %s, and does not delete it', async (status, fate) => {
		const { taskId, credential } = await taskOf(`Snow ${fate}`);
		const { items } = await runNode({ parameters: cancel(taskId), credential });
		expect(items[0]?.json).toMatchObject({ taskId, status });
		expect(simulator.stats().routes[DELETE]).toBeUndefined();
		const later = await runNode({ parameters: get(taskId), credential });
		expect(later.items[0]?.json).toMatchObject({ taskId, status });
	});

	it('says, not simplified, what the API says', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=600]');
		const { items } = await runNode({
			parameters: cancel(taskId, { simplify: false }),
			credential,
		});
		expect(items[0]?.json).toMatchObject({ id: taskId, status: 'CANCELLED' });
	});

	it('of a task that Runway does not know is an error that names it', async () => {
		const { error } = await runNode({
			parameters: cancel('no-such-task'),
			credential: newAccount(),
		});
		expect(error?.message).toBe('The API does not know this task');
		expect(error?.description).toContain('Task ID: no-such-task.');
		expect(simulator.stats().routes[DELETE]).toBeUndefined();
	});

	const each = cancel('={{ $json.taskId }}');

	it('ends no more tasks once the user has stopped the execution', async () => {
		const credential = newAccount();
		const account = { api: 'runway', key: credential.apiKey as string } as const;
		const request = { prompt: 'Snow [duration=600]' };
		simulator.settings.credits = 1e6;
		const items: IDataObject[] = [];
		while (items.length < 200) items.push({ taskId: await simulator.startTask(request, account) });
		const isCancelled = ({ state }: TaskView) => state === 'cancelled';
		const execution = start({ parameters: each, items, credential });
		await until(() => simulator.tasks().some(isCancelled));
		await execution.cancel();
		await execution.result;
		await sleep(10_000);
		expect(simulator.tasks().filter(isCancelled).length).toBeLessThan(100);
	});

	it('of several tasks says which were cancelled if one is an error', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=600]');
		const items = [{ taskId }, { taskId: 'no-such-task' }];
		const { error } = await runNode({ parameters: each, items, credential });
		expect(error?.description?.split('<br>\n')).toEqual([
			expect.stringContaining('Task ID: no-such-task.'),
			'0 of 2 videos are ready. Running the node again does no harm: tasks that have ended stay as they are.',
			'Item 1: task no-such-task failed',
			`Item 0: task ${taskId} failed: The task was cancelled`,
		]);
	});

	it('tells an agent the task in the message, which is all that it gets', async () => {
		const { error } = await runNode({
			parameters: cancel('no-such-task'),
			credential: newAccount(),
			settings: { type: 'n8n-nodes-runway-aleph.alephTool' },
		});
		expect(error?.message).toBe('The API does not know this task. Task ID: no-such-task');
	});

	it('sends nothing if the node stops on errors and one item names no task', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=600]');
		const sent = simulator.requests().length;
		const items = [{ taskId }, { taskId: '' }];
		const { error } = await runNode({ parameters: each, items, credential });
		expect(error?.message).toBe('"Task ID" is empty');
		expect(error?.description).toMatch(/^Nothing was sent/);
		expect(simulator.requests()).toHaveLength(sent);
		const settings = { onError: 'continueRegularOutput' } as const;
		const going = await runNode({ parameters: each, items, credential, settings });
		expect(going.items.map(({ json }) => [json.taskId, json.errorMessage])).toEqual([
			[taskId, 'The task was cancelled'],
			[null, '"Task ID" is empty'],
		]);
	});

	it.each([true, false])(
		'is told of a task that Runway then deletes, simplified: %s',
		async (simplify) => {
			simulator.settings.forgetCancelled = true;
			const { taskId, credential } = await taskOf('Snow [duration=600]');
			const { items, error } = await runNode({
				parameters: cancel(taskId, { simplify }),
				credential,
			});
			expect(error).toBeUndefined();
			expect(simulator.tasks()[0]?.state).toBe('cancelled');
			expect(items[0]?.json).toMatchObject({
				taskId,
				status: 'failed',
				errorMessage: 'The task was cancelled',
			});
		},
	);

	it('goes on after an answer that tells nothing', async () => {
		const { taskId, credential } = await taskOf('Snow [duration=600] [readFaults=503]');
		const { items } = await runNode({ parameters: cancel(taskId), credential });
		expect(items[0]?.json).toMatchObject({ taskId, status: 'failed' });
		expect(simulator.tasks()[0]?.state).toBe('cancelled');
	});

	it.each(['jobs', 'aleph'])(
		'is not to be had with the API "%s", which is told at once',
		async (api) => {
			const credential = newAccount({ api });
			const { error } = await runNode({ parameters: cancel('a-task'), credential });
			expect(error?.message).toMatch(/cannot cancel tasks$/);
			expect(error?.description).toContain('Providers that can cancel: Runway.');
			expect(simulator.requests()).toEqual([]);
		},
	);
});

describe('an execution that is stopped while it polls', () => {
	async function stopped(onStop: string) {
		const execution = start({
			parameters: generate({ prompt: promptOfItem, options: { onStop } }),
			items: prompts(4, (n) => `Video ${n} [duration=${n === 0 ? 0 : 600}]`),
			credential: newAccount(),
		});
		await until(
			() => simulator.tasks().length === 4 && simulator.tasks().every(({ reads }) => reads > 0),
		);
		await execution.cancel();
		await execution.result;
	}

	it('cancels what runs, if it is told so, and nothing that has ended', async () => {
		await stopped('cancel');
		await until(() => !simulator.tasks().some(({ state }) => state === 'running'));
		const states = simulator.tasks().map(({ state, deleted }) => (deleted ? 'deleted' : state));
		expect(states.sort()).toEqual(['cancelled', 'cancelled', 'cancelled', 'succeeded']);
	});

	it('leaves what has ended since it was last checked', async () => {
		const execution = start({
			parameters: generate({
				prompt: 'Snow [duration=600]',
				options: { onStop: 'cancel', pollInterval: 600 },
			}),
			items: prompts(2),
			credential: newAccount(),
		});
		const reads = () => simulator.tasks().map((task) => task.reads);
		await until(() => reads().filter((count) => count > 0).length === 2);
		simulator.endTasks('Snow');
		const before = reads();
		await execution.cancel();
		await execution.result;
		await until(() => reads().every((count, n) => count > before[n]!));
		expect(simulator.tasks().map(({ deleted }) => deleted)).toEqual([false, false]);
		expect(simulator.stats().routes).not.toHaveProperty('DELETE /v1/tasks/:taskId');
	});

	it('cancels what runs as soon as the API answers again', async () => {
		const execution = start({
			parameters: generate({ prompt: 'Snow [duration=600]', options: { onStop: 'cancel' } }),
			credential: newAccount(),
		});
		await until(() => simulator.tasks().some(({ reads }) => reads > 0));
		simulator.settings.maintenance = true;
		const sent = simulator.requests().length;
		await execution.cancel();
		await until(() => simulator.requests().length > sent);
		simulator.settings.maintenance = false;
		await execution.result;
		expect(simulator.tasks().map(({ state }) => state)).toEqual(['cancelled']);
	});

	it('leaves all that runs, if it is not', async () => {
		await stopped('leave');
		expect(simulator.stats().running).toBe(3);
		expect(simulator.stats().routes).not.toHaveProperty('DELETE /v1/tasks/:taskId');
	});

	it('cannot cancel with the others, which is told before anything is sent', async () => {
		const { error } = await runNode({
			parameters: generate({ options: { onStop: 'cancel' } }),
			credential: newAccount({ api: 'jobs' }),
		});
		expect(error?.message).toBe('"On Stop" cannot be "Cancel" with the Jobs API');
		expect(simulator.requests()).toEqual([]);
	});
});

describe('the queue of Runway', () => {
	it('of an account that runs two at once never holds more than four, and is never empty', async () => {
		Object.assign(simulator.settings, { concurrency: 2, duration: 60 });
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(12),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => [json.prompt, json.status])).toEqual(
			prompts(12).map(({ prompt }) => [prompt, 'success']),
		);
		const { peakOpen, peakRunning, duplicates, tooSoonReads } = simulator.stats();
		expect({ peakOpen, peakRunning, duplicates, tooSoonReads }).toEqual({
			...{ peakOpen: 4, peakRunning: 2 },
			...{ duplicates: 0, tooSoonReads: 0 },
		});
		const tasks = simulator.tasks();
		const ends = tasks.map(({ endsAt }) => endsAt);
		for (const { startsAt } of tasks.slice(2)) expect(ends).toContain(startsAt);
	});

	it('does not count towards the time of a task', async () => {
		Object.assign(simulator.settings, { concurrency: 1, duration: 60 });
		const { items, error } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { timeout: 1.5 } }),
			items: prompts(2),
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json.status)).toEqual(['success', 'success']);
	});

	it('is not asked for a task more often than every five seconds, whatever the user wants', async () => {
		const credential = newAccount();
		const { items } = await runNode({
			parameters: generate({ prompt: 'Snow [duration=20]', options: { pollInterval: 1 } }),
			credential,
		});
		const taskId = items[0]!.json.taskId as string;
		const again = async () => await runNode({ parameters: get(taskId), credential });
		await Promise.all([again(), again(), again()]);
		expect(simulator.stats().recordInfo.requests).toBeGreaterThan(6);
		expect(simulator.stats().tooSoonReads).toBe(0);
	});

	it('starts one after the other if nobody can tell how many it takes', async () => {
		simulator.settings.creditEndpoint = false;
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(6),
			credential: newAccount(),
		});
		expect(items.map(({ json }) => json.status)).toEqual(Array(6).fill('success'));
		expect(simulator.stats().peakOpen).toBeLessThanOrEqual(2);
	});
});

describe('a limit of Runway', () => {
	it('for the day is waited for, if it ends in time', async () => {
		Object.assign(simulator.settings, { dailyLimit: 2, retryAfterMs: 2_500 });
		const execution = runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(4),
			credential: newAccount(),
		});
		await until(() => simulator.stats().generate.refusedByRate > 1);
		simulator.settings.dailyLimit = 100;
		const { items } = await execution;
		expect(items.map(({ json }) => json.status)).toEqual(Array(4).fill('success'));
		expect(simulator.stats()).toMatchObject({ generate: { accepted: 4 }, duplicates: 0 });
	});

	it('for the day is told, if it does not', async () => {
		Object.assign(simulator.settings, { dailyLimit: 1 });
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem, options: { timeout: 0.5 } }),
			items: prompts(3),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		const told = 'The account has reached its limit of videos for today';
		expect(items.map(({ json }) => json.error).sort()).toEqual([told, told, undefined]);
		expect(simulator.stats().generate.accepted).toBe(1);
	});

	it('of a model that the account does not have stops the batch, and says who else has it', async () => {
		simulator.settings.modelGone = true;
		const { error } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(30),
			credential: newAccount(),
		});
		expect(error?.message).toBe('The provider does not offer Aleph to this account');
		expect(error?.description).toContain('kie.ai (https://kie.ai/api-key)');
		expect(simulator.stats().generate.requests).toBeLessThan(10);
	});

	it('that would be met again is not tried again, if Runway says so', async () => {
		Object.assign(simulator.settings, { maintenance: true, shouldRetry: false });
		const parameters = { resource: 'account', operation: 'getCredits' };
		const { error } = await runNode({ parameters, credential: newAccount() });
		expect(error?.message).toBe('The API had an internal error');
		expect(simulator.requests()).toHaveLength(1);
	});

	it('that passes is tried again when Runway says so', async () => {
		Object.assign(simulator.settings, { maintenance: true, retryAfterMs: 4_000 });
		const parameters = { resource: 'account', operation: 'getCredits' };
		const execution = runNode({ parameters, credential: newAccount() });
		await until(() => simulator.requests().length === 2);
		simulator.settings.maintenance = false;
		expect((await execution).items[0]?.json).toEqual({ credits: 1000 });
		const [first, second] = simulator.requests();
		expect(second!.time - first!.time).toBeGreaterThanOrEqual(4_000);
	});

	it('after which nobody knows whether there is a task is not tried again', async () => {
		Object.assign(simulator.settings, { generateFault: 'errorAfter', generateFaultCode: 503 });
		const { error } = await runNode({ parameters: generate(), credential: newAccount() });
		expect(error?.message).toBe('The API did not confirm the task, so it may exist');
		expect(simulator.stats().generate.requests).toBe(1);
	});
});

describe('a request to Runway', () => {
	it('for a file goes to the storage without the key', async () => {
		const { items, error } = await runNode({
			parameters: { resource: 'file', operation: 'upload', binaryProperty: 'image' },
			binary: images,
			credential: newAccount(),
		});
		expect(error).toBeUndefined();
		expect(items[0]?.json).toMatchObject({
			url: expect.stringMatching(/^runway:\/\//) as string,
			fileName: 'frame.png',
			size: 1_000,
			mimeType: 'image/png',
		});
		const hours = (Date.parse(items[0]!.json.expiresAt as string) - Date.now()) / 3_600_000;
		expect(hours).toBeCloseTo(24, 1);
		const sent = simulator.requests().map(({ path, hasAuthorization }) => [path, hasAuthorization]);
		expect(sent).toEqual([
			['/v1/uploads', true],
			['/storage/ephemeral', false],
		]);
		expect(simulator.stats().authorizedFileRequests).toBe(0);
	});

	it('for a file that the storage refuses is an error', async () => {
		const { error } = await runNode({
			parameters: { resource: 'file', operation: 'upload', binaryProperty: 'image' },
			binary: { image: { data: 'AAAA', mimeType: 'image/png' } },
			credential: newAccount(),
		});
		expect(error?.message).toBe('The file could not be uploaded');
		expect(error?.description).toContain('HTTP 400 from the storage');
	});

	it('that is wrong names the field, and what is wrong with it', async () => {
		const { error } = await runNode({
			parameters: { ...options({}), prompt: 'x'.repeat(1_001) },
			credential: newAccount(),
		});
		expect(error?.message).toMatch(/^The API refused the parameters: .*promptText/);
	});

	it('that the credits do not suffice for stops the batch', async () => {
		simulator.settings.credits = 25;
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: prompts(3),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		const errors = items.map(({ json }) => json.error).filter(Boolean);
		expect(errors).toEqual(['Not enough credits']);
	});
});
