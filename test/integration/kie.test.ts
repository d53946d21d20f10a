/** What kie.ai and Apikley really answer: refusals in disguise, records with JSON in JSON, links that end. */
import '../support/fastClock';
import type { INodeParameters } from 'n8n-workflow';
import type { Settings } from '../simulator';
import { generate, get, newAccount, promptOfItem, simulator, useSimulator } from '../support/aleph';
import { retryExecution, runNode } from '../support/engine';
import { until } from '../support/poll';
import { prompts } from '../support/tasks';

useSimulator();

const APIS = ['jobs', 'aleph'] as const;

describe.each(APIS)('the API "%s"', (api) => {
	const batch = async (given: Partial<Settings>, options: INodeParameters = {}) => {
		Object.assign(simulator.settings, given);
		return await runNode({
			parameters: generate({ prompt: promptOfItem, options }),
			items: prompts(30),
			credential: newAccount({ api }),
			settings: { onError: 'continueRegularOutput' },
		});
	};

	it.each<[string, Partial<Settings>, string]>([
		['without the model', { modelGone: true }, 'The provider does not offer Aleph to this account'],
		['that is switched off', { apis: 'runway' }, 'The provider has switched this feature off'],
		['for another region', { refuse: 4030 }, 'The provider does not serve this region'],
		['for a key over its limit', { refuse: 433 }, 'The API key has reached its own limit'],
		['for an account without credits', { credits: 0 }, 'Not enough credits'],
		[
			'with missing credits as an error of its own',
			{ credits: 0, disguiseRefusals: true },
			'Not enough credits',
		],
	])('%s stops the batch', async (_, given, message) => {
		const { items } = await batch(given);
		expect(new Set(items.map(({ json }) => json.error))).toEqual(new Set([message]));
		expect(simulator.stats().generate).toMatchObject({ accepted: 0 });
		expect(simulator.stats().generate.requests).toBeLessThan(10);
	});

	it('that has no Aleph any more says what else there is', async () => {
		simulator.settings.modelGone = true;
		const { error } = await runNode({ parameters: generate(), credential: newAccount({ api }) });
		expect(error?.description).toContain('set "API" in the credential to the other API');
		expect(error?.description).toContain('Runway (https://dev.runwayml.com)');
	});

	it.each([
		'prompt is required',
		'This field is required',
		'video_url cannot be empty',
		'aspect_ratio is not within the range of allowed options',
	])(
		'that refuses a parameter as an error of its own has charged nothing: %s',
		async (refuseText) => {
			Object.assign(simulator.settings, { refuse: 500, refuseText });
			const { error } = await runNode({ parameters: generate(), credential: newAccount({ api }) });
			expect(error?.message).toBe(`The API refused the parameters: ${refuseText}`);
			expect(error?.description).toMatch(/^Nothing was charged for this item\./);
		},
	);

	it('that has any other error of its own may have started the task', async () => {
		Object.assign(simulator.settings, { refuse: 500, refuseText: 'Server exception' });
		const { error } = await runNode({ parameters: generate(), credential: newAccount({ api }) });
		expect(error?.message).toBe('The API did not confirm the task, so it may exist');
		expect(simulator.stats().generate.requests).toBe(1);
	});

	it.each([429, 430, 455] as const)('that refuses with %i is waited for', async (refuse) => {
		Object.assign(simulator.settings, { refuse, retryAfter: 2 });
		const execution = runNode({ parameters: generate(), credential: newAccount({ api }) });
		await until(() => simulator.stats().generate.refused > 1);
		simulator.settings.refuse = null;
		const { items } = await execution;
		expect(items[0]?.json.status).toBe('success');
		expect(simulator.stats().generate.accepted).toBe(1);
	});

	it('that takes no requests from the address of n8n says what may be wrong', async () => {
		simulator.settings.ipBlocked = true;
		const { error } = await runNode({ parameters: generate(), credential: newAccount({ api }) });
		expect(error?.message).toBe('The API key was refused');
		expect(error?.description).toContain('if your key has an IP whitelist');
		expect(error?.description).toContain('The IP address is not in the whitelist of the API key');
	});

	it('tells with the record what was asked for, whoever asked', async () => {
		const credential = newAccount({ api });
		await runNode({ parameters: generate({ waitForCompletion: false }), credential });
		const { taskId } = simulator.tasks()[0]!;
		const { items } = await runNode({
			parameters: get(taskId, { waitForCompletion: true }),
			credential,
		});
		expect(items[0]?.json).toMatchObject({
			status: 'success',
			prompt: 'Make it snow',
			sourceVideoUrl: `${simulator.url}/files/sample.mp4`,
		});
	});

	it('may leave out of its records all that can be left out', async () => {
		simulator.settings.nullRecords = true;
		const { items } = await runNode({ parameters: generate(), credential: newAccount({ api }) });
		expect(items[0]?.json).toMatchObject({
			status: 'success',
			videoUrl: expect.any(String) as string,
			prompt: 'Make it snow',
			completedAt: null,
		});
	});

	it('gives a task that the other API has started', async () => {
		const others = APIS.find((other) => other !== api)!;
		const started = newAccount({ api: others });
		await runNode({ parameters: generate({ waitForCompletion: false }), credential: started });
		const { taskId } = simulator.tasks()[0]!;
		const { apiKey } = started;
		const parameters = get(taskId, { waitForCompletion: true });
		const { items } = await runNode({ parameters, credential: newAccount({ api, apiKey }) });
		expect(items[0]?.json).toMatchObject({ taskId, status: 'success' });
	});

	it('is asked for its tasks also when the credential names the other one by then', async () => {
		const others = APIS.find((other) => other !== api)!;
		const credential = newAccount({ api });
		const setup = {
			parameters: generate({ prompt: 'Slow [duration=600]', options: { timeout: 0.05 } }),
			credential,
		};
		const first = await runNode(setup);
		expect(first.error?.message).toMatch(/still running/);
		simulator.endTasks('Slow');
		const changed = { ...setup, credential: { ...credential, api: others }, executionId: 'retry' };
		const patient = generate({ prompt: 'Slow [duration=600]' });
		const { items } = await retryExecution({ ...changed, parameters: patient }, first.run);
		expect(items[0]?.json.status).toBe('success');
		expect(simulator.stats().generate.accepted).toBe(1);
		const reads = { jobs: '/api/v1/jobs/recordInfo', aleph: '/api/v1/aleph/record-info' };
		expect(simulator.stats().routes).not.toHaveProperty(`GET ${reads[others]}`);
	});

	it('gives a fresh link for a result that has expired', async () => {
		simulator.settings.resultExpires = 1;
		const credential = newAccount({ api });
		const parameters = generate({ prompt: 'Snow [duration=0]', waitForCompletion: false });
		await runNode({ parameters, credential });
		const { taskId, endsAt } = simulator.tasks()[0]!;
		await until(() => Date.now() > endsAt + 1_000);
		const { items, error } = await runNode({
			parameters: get(taskId, { options: { download: ['video', 'thumbnail'] } }),
			credential,
		});
		expect(error).toBeUndefined();
		expect(items[0]?.binary).toMatchObject({
			video: { mimeType: 'video/mp4', fileName: `${taskId}.mp4` },
			thumbnail: { mimeType: 'image/png', fileName: `${taskId}.png` },
		});
		expect(simulator.stats().routes['POST /api/v1/common/download-url']).toBe(2);
	});
});

it.each([0, 2, 3] as const)(
	'a failed task of the Aleph API may have the flag %i',
	async (failedFlag) => {
		Object.assign(simulator.settings, { failedFlag, fail: 'internal' });
		const { error } = await runNode({
			parameters: generate(),
			credential: newAccount({ api: 'aleph' }),
		});
		expect(error?.message).toMatch(/^The task failed: Internal Error/);
	},
);
