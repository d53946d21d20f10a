import '../support/fastClock';
import type { IDataObject } from 'n8n-workflow';
import {
	generate,
	get,
	newAccount as accountWith,
	promptOfItem,
	prompts,
	simulator,
	until,
	useSimulator,
} from '../support/aleph';
import { retryExecution, runNode, start } from '../support/engine';

useSimulator();

describe.each(['aleph', 'jobs'])('with the API "%s"', (api) => {
	const newAccount = (fields: IDataObject = {}) => accountWith({ api, ...fields });

	describe('generate', () => {
		it('gives the finished video', async () => {
			const { items, error } = await runNode({ parameters: generate(), credential: newAccount() });
			expect(error).toBeUndefined();
			const [task] = simulator.tasks();
			expect(items).toEqual([
				{
					json: {
						taskId: task!.taskId,
						status: 'success',
						videoUrl: expect.stringContaining(`${simulator.url}/files/`) as string,
						imageUrl: expect.stringContaining('.png') as string,
						prompt: 'Make it snow',
						sourceVideoUrl: `${simulator.url}/files/sample.mp4`,
						completeTime: expect.stringMatching(/^\d{4}-.*Z$/) as string,
						durationSeconds: 1,
						expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
						errorMessage: null,
					},
					pairedItem: { item: 0 },
				},
			]);
		});

		it('sends every option to the API', async () => {
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
				credential: newAccount(),
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

		it('without waiting gives the task ID at once', async () => {
			const credential = newAccount();
			const { items } = await runNode({
				parameters: generate({ waitForCompletion: false }),
				credential,
			});
			expect(items[0]?.json).toMatchObject({
				taskId: simulator.tasks()[0]?.taskId,
				status: 'processing',
				prompt: 'Make it snow',
				videoUrl: null,
			});
			const raw = await runNode({
				parameters: generate({ waitForCompletion: false, simplify: false }),
				credential,
			});
			expect(raw.items[0]?.json).toEqual({ taskId: simulator.tasks()[1]?.taskId });
		});

		it('not simplified gives the data of the API as it came', async () => {
			const { items } = await runNode({
				parameters: generate({ simplify: false }),
				credential: newAccount(),
			});
			const { taskId } = simulator.tasks()[0]!;
			const ofApi =
				api === 'aleph'
					? { successFlag: 1, errorCode: 0, paramJson: expect.any(String) as string }
					: { state: 'success', model: 'runway/gen4-aleph', param: expect.any(String) as string };
			expect(items[0]?.json).toMatchObject({ taskId, ...ofApi });
		});

		it.each([
			['Prompt', { prompt: ' ' }],
			['Video URL', { videoUrl: 'ftp://example.com/video.mp4' }],
			['Seed', { options: { seed: 1.5 } }],
		])('with a bad "%s" sends nothing', async (field, bad) => {
			const { error } = await runNode({ parameters: generate(bad), credential: newAccount() });
			expect(error?.message).toContain(`"${field}"`);
			expect(simulator.requests()).toEqual([]);
		});

		it('works with a base URL that ends in a slash', async () => {
			const credential = newAccount({ baseUrl: `${simulator.url}/ ` });
			const { items } = await runNode({ parameters: generate(), credential });
			expect(items[0]?.json.status).toBe('success');
		});
	});

	describe('a batch', () => {
		it('is waited for together, and keeps order and pairing', async () => {
			const durations = [14, 11, 13, 11, 12, 11, 15, 11, 11, 12];
			const { items } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(10, (n) => `Video ${n} [duration=${durations[n]}]`),
				credential: newAccount(),
			});
			expect(items.map(({ json }) => json.prompt)).toEqual(
				durations.map((duration, n) => `Video ${n} [duration=${duration}]`),
			);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual(
				durations.map((_, item) => ({ item })),
			);
			expect(simulator.stats().peakRunning).toBe(10);
		});

		it('larger than the limit is submitted without being refused once', async () => {
			const { items } = await runNode({
				parameters: generate({ prompt: promptOfItem, options: { generateRate: 20 } }),
				items: prompts(30),
				credential: newAccount(),
			});
			expect(items).toHaveLength(30);
			expect(simulator.stats()).toMatchObject({
				generate: { accepted: 30, refusedByRate: 0 },
				duplicates: 0,
			});
		});

		it('of several executions shares the pacing of one API key', async () => {
			const credential = newAccount();
			const options = { generateRate: 10 };
			const batch = (name: string) =>
				runNode({
					parameters: generate({ prompt: promptOfItem, waitForCompletion: false, options }),
					items: prompts(8, (n) => `${name} ${n}`),
					credential,
				});
			await Promise.all(['first', 'second', 'third'].map(batch));
			expect(simulator.stats().generate).toMatchObject({ accepted: 24, refusedByRate: 0 });
		});

		it('waits where the API refuses for now, and pays nothing twice', async () => {
			simulator.settings.rateLimit = 5;
			simulator.settings.retryAfter = 1;
			const { items } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(12),
				credential: newAccount(),
			});
			expect(items.map(({ json }) => json.status)).toEqual(Array(12).fill('success'));
			const stats = simulator.stats();
			expect(stats.generate.refusedByRate).toBeGreaterThan(0);
			expect(stats).toMatchObject({ generate: { accepted: 12 }, duplicates: 0 });
		});

		it('waits for a free place where only so many tasks may run at once', async () => {
			simulator.settings.concurrency = 4;
			const { items } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(10),
				credential: newAccount(),
			});
			expect(items.map(({ json }) => json.status)).toEqual(Array(10).fill('success'));
			expect(simulator.stats()).toMatchObject({ generate: { accepted: 10 }, peakRunning: 4 });
		});

		it('of 60 waiting tasks reads no more than 10 times a second', async () => {
			simulator.settings.rateLimit = 1000;
			const began = Date.now();
			await runNode({
				parameters: generate({ prompt: promptOfItem, options: { generateRate: 1000 } }),
				items: prompts(60, (n) => `Video ${n} [duration=4]`),
				credential: newAccount(),
			});
			const seconds = (Date.now() - began) / 1000;
			expect(simulator.stats().recordInfo.requests).toBeLessThanOrEqual(10 * seconds + 1);
		});
	});

	describe('reading', () => {
		it('goes on through errors, cut connections and a record that is not there yet', async () => {
			const faults = ['500,cut', '429,455', 'html,503', '502'];
			const { items, error } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(4, (n) => `Video ${n} [readFaults=${faults[n]}] [lag=3]`),
				credential: newAccount(),
			});
			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.status)).toEqual(Array(4).fill('success'));
			expect(simulator.stats().generate.accepted).toBe(4);
		});

		it('understands each way to write a time', async () => {
			for (const times of ['iso', 'iso-local', 'epoch'] as const) {
				simulator.settings.times = times;
				const { items } = await runNode({ parameters: generate(), credential: newAccount() });
				expect(items[0]?.json.durationSeconds).toBe(1);
				const age = Date.now() - Date.parse(items[0]?.json.completeTime as string);
				expect(age).toBeLessThan(30_000);
			}
		});

		it('ends at once when the execution is stopped, and starts nothing more', async () => {
			const execution = start({
				parameters: generate({ prompt: promptOfItem, options: { generateRate: 2 } }),
				items: prompts(6, (n) => `Video ${n} [duration=60]`),
				credential: newAccount(),
			});
			await until(() => simulator.stats().recordInfo.requests > 2);
			await execution.cancel();
			await execution.result;
			const { routes } = simulator.stats();
			await new Promise((resolve) => setTimeout(resolve, 12_000));
			expect(simulator.stats().routes).toEqual(routes);
			expect(simulator.stats().generate.accepted).toBe(2);
		});
	});

	describe('a task that fails', () => {
		const batch = { items: prompts(3, (n) => (n === 1 ? 'Bad [fail=moderation]' : `Video ${n}`)) };

		it('ends the node with an error that lists every task, after the others have ended', async () => {
			const { error, items } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				credential: newAccount(),
				...batch,
			});
			expect(items).toEqual([]);
			expect(error?.message).toMatch(/^Moderation refused the video: /);
			for (const { taskId, request } of simulator.tasks()) {
				const item = batch.items.findIndex(({ prompt }) => prompt === request.prompt);
				const state = item === 1 ? 'failed' : 'success';
				expect(error?.description?.split('<br>\n')).toContain(
					`Item ${item}: task ${taskId} ${state}`,
				);
			}
		});

		it('lets none be started of those that wait for their turn, and says so', async () => {
			const { error } = await runNode({
				parameters: generate({ prompt: promptOfItem, options: { generateRate: 2 } }),
				items: prompts(50, (n) => `Video ${n} ${n === 1 ? '[refuse=451]' : ''}`),
				credential: newAccount(),
			});
			const [first] = simulator.tasks();
			expect(error?.message).toMatch(/^The API could not fetch the video/);
			expect(error?.description).toContain('1 of 50 videos are ready');
			expect(error?.description).toContain(
				`Item 0: task ${first!.taskId} success<br>\nItem 1: The API could not`,
			);
			expect(error?.description).toContain('Item 2: not started<br>\nItem 3: not started');
			expect(simulator.tasks()).toHaveLength(1);
		});

		it('comes out as an item with "Continue"', async () => {
			const { items, error } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				credential: newAccount(),
				settings: { onError: 'continueRegularOutput' },
				...batch,
			});
			expect(error).toBeUndefined();
			expect(items.map(({ json }) => json.status)).toEqual(['success', 'failed', 'success']);
			expect(items[1]?.json).toMatchObject({
				error: expect.stringMatching(/^Moderation refused/) as string,
				taskId: simulator.tasks()[1]?.taskId,
				status: 'failed',
				errorMessage: expect.any(String) as string,
			});
		});

		it('is not blamed for items that were not started because the account is refused', async () => {
			const { items } = await runNode({
				parameters: generate({ prompt: promptOfItem, options: { generateRate: 1 } }),
				items: ['a [fail=moderation]', 'b [refuse=402]', 'c'].map((prompt) => ({ prompt })),
				credential: newAccount(),
				settings: { onError: 'continueRegularOutput' },
			});
			expect(items.map(({ json }) => json.error)).toEqual([
				expect.stringMatching(/^Moderation refused/),
				'Not enough credits',
				'Not enough credits',
			]);
			expect(items[2]?.json.taskId).toBeNull();
		});

		it('comes out on the error output with its task ID where the user chose that', async () => {
			const { items, errorItems } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				credential: newAccount(),
				settings: { onError: 'continueErrorOutput' },
				...batch,
			});
			expect(items.map(({ json }) => json.status)).toEqual(['success', 'success']);
			expect(errorItems).toHaveLength(1);
			expect(errorItems[0]?.json).toMatchObject({
				error: expect.stringMatching(/^Moderation refused/) as string,
				taskId: simulator.tasks()[1]?.taskId,
				status: 'failed',
				errorMessage: expect.any(String) as string,
			});
			expect(items.concat(errorItems).map(({ pairedItem }) => pairedItem)).toEqual([
				{ item: 0 },
				{ item: 2 },
				{ item: 1 },
			]);
		});
	});

	describe('an API that cannot be read any more', () => {
		it('is a time-out of the task, which is not lost', async () => {
			const setup = (options = {}) => ({
				parameters: generate({
					prompt: `Snow [readFaults=${Array(9).fill('500').join(',')}]`,
					options: { timeout: 0.05, ...options },
				}),
				credential: newAccount(),
			});
			const { error } = await runNode(setup());
			expect(error?.message).toBe('The task was still running after 0.05 minutes');
			expect(error?.description).toContain(simulator.tasks()[0]?.taskId);
			expect(error?.description).toContain(
				'The last status check said: The API had an internal error.',
			);
			const { items } = await runNode(setup({ onTimeout: 'continue' }));
			expect(items[0]?.json).toMatchObject({
				status: 'timeout',
				taskId: simulator.tasks()[1]?.taskId,
			});
		});
	});

	describe('the time-out', () => {
		const slow = { prompt: 'Slow [duration=60]' };

		it('is an error that tells how to get the video later', async () => {
			const { error } = await runNode({
				parameters: generate({ ...slow, options: { timeout: 0.05 } }),
				credential: newAccount(),
			});
			expect(error?.message).toBe('The task was still running after 0.05 minutes');
			expect(error?.description).toContain(simulator.tasks()[0]?.taskId);
		});

		it('is an item with its task ID where the user chose to continue', async () => {
			const { items } = await runNode({
				parameters: generate({ ...slow, options: { timeout: 0.05, onTimeout: 'continue' } }),
				credential: newAccount(),
			});
			expect(items[0]?.json).toMatchObject({
				status: 'timeout',
				taskId: simulator.tasks()[0]?.taskId,
			});
		});
	});

	describe('a second run for the same input', () => {
		const mixed = (n: number) => (n === 0 ? 'Bad [fail=internal]' : `Video ${n}`);

		it('by Retry On Fail pays only for what failed', async () => {
			const { error } = await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(4, mixed),
				credential: newAccount(),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
			});
			expect(error?.message).toMatch(/^The task failed: /);
			const paid = simulator.tasks().map(({ request }) => request.prompt);
			expect(paid.sort()).toEqual([mixed(0), mixed(0), mixed(1), mixed(2), mixed(3)]);
		});

		it('by Retry On Fail and "Continue" pays only for what failed', async () => {
			await runNode({
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(3, mixed),
				credential: newAccount(),
				settings: {
					onError: 'continueRegularOutput',
					retryOnFail: true,
					maxTries: 2,
					waitBetweenTries: 0,
				},
			});
			expect(simulator.stats().generate.accepted).toBe(4);
		});

		it('by Retry On Fail keeps videos whose prompts are not the same twice', async () => {
			const { error } = await runNode({
				parameters: generate({ prompt: '={{ $json.prompt }} {{ Math.random() }}' }),
				items: prompts(3, mixed),
				credential: newAccount(),
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
			});
			expect(error?.message).toMatch(/^The task failed: /);
			expect(simulator.stats().generate.accepted).toBe(4);
		});

		it('by "Retry execution" lists the tasks although an expression fails by now', async () => {
			const setup = {
				parameters: generate({ prompt: promptOfItem }),
				items: prompts(3, mixed),
				credential: newAccount(),
			};
			const first = await runNode(setup);
			const prompt = '={{ $json.prompt.startsWith("Bad") ? $json.gone.away : $json.prompt }}';
			const parameters = generate({ prompt });
			const retried = { ...setup, parameters, executionId: 'retry' };
			const { error } = await retryExecution(retried, first.run);
			expect(error?.description).toContain('2 of 3 videos are ready');
			expect(simulator.stats().generate.requests).toBe(3);
		});

		it('by Retry On Fail does not repeat a request that may have been accepted', async () => {
			const setup = {
				parameters: generate({ prompt: 'Snow [generateFault=errorAfter]' }),
				credential: newAccount(),
				settings: { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 },
			};
			const first = await runNode(setup);
			expect(first.error?.message).toBe('The API did not confirm the task, so it may exist');
			expect(simulator.stats().generate.requests).toBe(1);
			// The user has looked, and retries the execution: that is another one.
			await retryExecution({ ...setup, executionId: 'retry' }, first.run);
			expect(simulator.stats().generate.requests).toBe(2);
		});

		it('by "Retry execution" picks up the tasks that were still running', async () => {
			const setup = {
				parameters: generate({ prompt: promptOfItem, options: { timeout: 0.05 } }),
				items: prompts(3, (n) => `Video ${n} [duration=${n === 1 ? 5 : 1}]`),
				credential: newAccount(),
			};
			const first = await runNode(setup);
			expect(first.error?.message).toMatch(/still running/);
			const second = await retryExecution({ ...setup, executionId: 'retry' }, first.run);
			expect(second.error).toBeUndefined();
			expect(second.items.map(({ json }) => json.status)).toEqual(Array(3).fill('success'));
			expect(simulator.stats().generate.accepted).toBe(3);
		});

		it('with another prompt is another video', async () => {
			const setup = {
				parameters: generate({ prompt: 'Slow [duration=60]', options: { timeout: 0.05 } }),
				credential: newAccount(),
			};
			const first = await runNode(setup);
			await retryExecution({ ...setup, parameters: generate(), executionId: 'retry' }, first.run);
			expect(simulator.stats().generate.accepted).toBe(2);
		});
	});

	describe('get', () => {
		async function taskOf(prompt: string, credential = newAccount()) {
			await runNode({
				parameters: generate({ prompt, waitForCompletion: false }),
				credential,
			});
			return { taskId: simulator.tasks().at(-1)!.taskId, credential };
		}

		it('tells the current state, a failed one too', async () => {
			const running = await taskOf('Slow [duration=60]');
			const first = await runNode({
				parameters: get(running.taskId),
				credential: running.credential,
			});
			expect(first.items[0]?.json).toMatchObject({ status: 'processing', taskId: running.taskId });
			const failing = await taskOf('Bad [fail=moderation] [duration=0]');
			const second = await runNode({
				parameters: get(failing.taskId),
				credential: failing.credential,
			});
			expect(second.error).toBeUndefined();
			expect(second.items[0]?.json).toMatchObject({
				status: 'failed',
				errorMessage: expect.any(String) as string,
			});
		});

		it('waits for the video where asked to', async () => {
			const { taskId, credential } = await taskOf('Snow [duration=3]');
			const { items } = await runNode({
				parameters: get(taskId, { waitForCompletion: true }),
				credential,
			});
			expect(items[0]?.json.status).toBe('success');
		});

		it('that waits for a task that fails is an error', async () => {
			const { taskId, credential } = await taskOf('Bad [fail=moderation]');
			const { error } = await runNode({
				parameters: get(taskId, { waitForCompletion: true }),
				credential,
			});
			expect(error?.message).toMatch(/^Moderation refused/);
		});

		it('asks again for a task that was started just before', async () => {
			const { taskId, credential } = await taskOf('Snow [lag=3]');
			const { items } = await runNode({ parameters: get(taskId), credential });
			expect(items[0]?.json.status).toBe('success');
		});
	});
});
