/** What holds for each API alike: the same items and the same errors. */
import '../support/fastClock';
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

describe.each(['aleph', 'jobs'])('the API "%s"', (api) => {
	const newAccount = (fields: IDataObject = {}) => accountWith({ api, ...fields });

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

	it('gives, not simplified, the data of the API as it came', async () => {
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

	it('understands each way to write a time', async () => {
		for (const times of ['iso', 'iso-local', 'epoch'] as const) {
			simulator.settings.times = times;
			const { items } = await runNode({ parameters: generate(), credential: newAccount() });
			expect(items[0]?.json.durationSeconds).toBe(1);
			const age = Date.now() - Date.parse(items[0]?.json.completeTime as string);
			expect(age).toBeLessThan(30_000);
		}
	});

	it('polls on through errors, cut connections and a record that is not there yet', async () => {
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

	it('says of a task that fails, and of one that is refused, what happened', async () => {
		const { items } = await runNode({
			parameters: generate({ prompt: promptOfItem }),
			items: ['a [fail=moderation]', 'b [refuse=451]', 'c'].map((prompt) => ({ prompt })),
			credential: newAccount(),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(items.map(({ json }) => json.error)).toEqual([
			expect.stringMatching(/^Moderation refused the video/),
			expect.stringMatching(/^The API could not fetch the video/),
			undefined,
		]);
	});

	it('says how many credits are left, so that some can be kept', async () => {
		simulator.settings.credits = 50;
		const { error } = await runNode({
			parameters: generate({ options: { keepCredits: 100 } }),
			credential: newAccount(),
		});
		expect(error?.message).toBe('Only 50 credits are left');
	});
});
