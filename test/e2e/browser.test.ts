import type { INode } from 'n8n-workflow';
import type { Locator } from 'playwright-core';
import { example, exampleNames, SAMPLE_URL } from '../demo/examples';
import { attributes, openEditor, takesPictures, type Editor } from '../support/editor';
import type { Credential } from '../support/n8n/client';
import { accountOn, newCredential, useN8n } from '../support/realN8n';
import { workflowOf, type WorkflowSetup } from '../support/workflow';

// The address is for the pictures; nothing here is called at it.
const world = useN8n({ duration: 1 }, { WEBHOOK_URL: 'https://n8n.example.com/' });

const NODE = 'Runway Aleph';
const parameters = { prompt: '={{ $json.prompt }}', videoUrl: 'https://example.com/video.mp4' };
const snow = [{ prompt: 'Make it a snowy evening' }];

let editor: Editor;
let credential: Credential;

beforeAll(async () => {
	const account = accountOn(world, { apiKey: 'browser' });
	credential = await world.client.createCredential('Runway', 'alephApi', account);
	editor = await openEditor(world.n8n.url);
});
afterAll(async () => await editor?.close());

/** Manual Trigger -> items -> Runway Aleph, side by side; resolves with its id. */
async function openWorkflow(
	setup: WorkflowSetup,
	credentials: Credential[] = [credential],
): Promise<string> {
	const workflow = workflowOf(setup);
	workflow.nodes.forEach((node, column) => {
		node.position = [220 * column, 0];
		if (credentials.length === 0) delete node.credentials;
	});
	const id = await world.client.importWorkflow(workflow, credentials);
	await editor.openWorkflow(id);
	return id;
}

interface Seekable {
	currentTime: number;
	addEventListener: (event: 'seeked', listener: () => void) => void;
}

/** Shows a moment in which something is to be seen. Not every build of Chromium can. */
async function showMoment(video: Locator): Promise<void> {
	await video.evaluate(async (element: Seekable) => {
		await new Promise<void>((resolve) => {
			element.addEventListener('seeked', resolve);
			element.currentTime = 1.5;
		});
	});
}

/** Fails where it is broken. */
async function waitForImage(image: Locator): Promise<void> {
	await image.evaluate(async (img: { decode: () => Promise<void> }) => await img.decode());
}

describe('the nodes panel', () => {
	it('finds the trigger by "aleph" and the node by "runway", and adds them', async () => {
		await editor.newWorkflow();
		await editor.searchNodes('aleph');
		await editor.panelEntry(NODE).waitFor();
		await waitForImage(editor.part('node-creator').locator('img').first());
		await editor.panelEntry(NODE).click();
		await editor.panelEntry(/completed/i).click();
		await editor.part('ndv').waitFor();
		await editor.closeNode();

		await editor.searchNodes('runway');
		await editor.panelEntry(NODE).click();
		await editor.panelEntry('Generate video').waitFor();
		const actions = ['Get credits', 'Upload file', 'Cancel video', 'Generate video', 'Get video'];
		expect(await editor.panelEntry('').allInnerTexts()).toEqual(expect.arrayContaining(actions));
		await editor.panelEntry('Generate video').click();
		await editor.part('ndv').waitFor();
		await editor.closeNode();

		const nodes = editor.part('canvas-node');
		expect((await attributes(nodes, 'data-node-type')).sort()).toEqual([
			'n8n-nodes-runway-aleph.aleph',
			'n8n-nodes-runway-aleph.alephTrigger',
		]);
		for (const node of await nodes.all()) await waitForImage(node.locator('img').first());
	});
});

describe('the credential', () => {
	it('is created from the node, and tells whether its key works', async () => {
		await openWorkflow({ parameters, items: snow }, []);
		await editor.openNode(NODE);
		await editor.part('node-credentials-select').click();
		await editor.part('node-credentials-select-item-new').click();
		await editor.fill('apiKey', 'wrong-key');
		await editor.choose('provider', 'Other');
		await editor.fill('baseUrl', world.simulator.url);
		await editor.part('credential-save-button').click();
		const dialog = editor.part('node-credentials-config-container');
		await dialog.getByText('More details').click();
		expect(await editor.textOf(dialog)).toContain('The API key is wrong or missing');

		await editor.fill('apiKey', 'right-key');
		await editor.part('credential-save-button').click();
		await dialog.waitFor({ state: 'hidden' });
		await editor.part('credential-edit-button').click();
		await dialog.getByText('Connection tested successfully').waitFor();
	});

	it('asks for no more than the provider needs', async () => {
		await openWorkflow({ parameters, items: snow }, []);
		await editor.openNode(NODE);
		await editor.part('node-credentials-select').click();
		await editor.part('node-credentials-select-item-new').click();
		const dialog = editor.part('editCredential-modal');
		// The last one is n8n's own.
		const fields = async () => (await editor.fields(dialog)).slice(0, -1);
		await editor.field('provider').waitFor();
		expect(await fields()).toEqual(['provider', 'apiKey', 'api', 'webhookHmacKey']);
		await editor.choose('provider', 'Runway');
		await editor.field('api').waitFor({ state: 'hidden' });
		expect(await fields()).toEqual(['provider', 'apiKey']);
		await editor.fill('apiKey', 'key_of_the_account');
		await editor.takePicture('credential', dialog);
		await editor.choose('provider', 'Apikley');
		await editor.field('webhookHmacKey').waitFor();
		expect(await fields()).toEqual(['provider', 'apiKey', 'webhookHmacKey']);
		await editor.choose('provider', 'Other');
		await editor.field('baseUrl').waitFor();
		expect(await fields()).toEqual([
			'provider',
			'apiKey',
			'api',
			'baseUrl',
			'uploadUrl',
			'webhookHmacKey',
		]);
	});
});

describe('the fields of the node', () => {
	const generate = ['resource', 'operation', 'prompt', 'videoSource', 'videoUrl'];
	const waiting = ['waitForCompletion', 'waitMode', 'simplify'];

	beforeEach(async () => {
		await openWorkflow({ parameters: {}, items: snow });
		await editor.openNode(NODE);
	});

	it('are those of the video source', async () => {
		expect(await editor.fields()).toEqual([...generate, ...waiting]);
		await editor.choose('videoSource', 'Binary File');
		await editor.field('videoBinaryProperty').waitFor();
		expect(await editor.fields()).toEqual([
			...generate.slice(0, -1),
			'videoBinaryProperty',
			...waiting,
		]);
	});

	it('ask how to wait only where it waits', async () => {
		await editor.toggle('waitForCompletion');
		await editor.field('waitMode').waitFor({ state: 'hidden' });
		expect(await editor.fields()).toEqual([...generate, 'waitForCompletion', 'simplify']);
		expect((await editor.offeredOptions()).sort()).toEqual([
			'Aspect Ratio',
			'Callback URL',
			'Include Input Fields',
			'Keep Credits',
			'Keyframes',
			'Output Format',
			'Public Figures',
			'Reference Image Field',
			'Reference Image URL',
			'Seed',
			'Store in China',
			'Tasks per 10 Seconds',
			'Timeout (Minutes)',
			'Watermark',
		]);
	});

	it('are those of the resource and the operation', async () => {
		await editor.choose('operation', 'Get');
		await editor.field('taskId').waitFor();
		expect(await editor.fields()).toEqual([
			'resource',
			'operation',
			'taskId',
			'waitForCompletion',
			'simplify',
		]);
		await editor.choose('resource', 'File');
		await editor.field('binaryProperty').waitFor();
		expect(await editor.fields()).toEqual(['resource', 'operation', 'binaryProperty', 'fileName']);
		await editor.choose('resource', 'Account');
		await editor.field('binaryProperty').waitFor({ state: 'hidden' });
		expect(await editor.fields()).toEqual(['resource', 'operation']);
	});

	it('can all be had as options', async () => {
		await editor.addAllOptions();
		await editor.part('fixed-collection-keyframes').waitFor();
		const all = await editor.fields();
		expect(all.slice(generate.length + waiting.length).sort()).toEqual([
			'aspectRatio',
			'callBackUrl',
			'download',
			'generateRate',
			'includeInputFields',
			'keepCredits',
			'onStop',
			'onTimeout',
			'outputFormat',
			'pollInterval',
			'publicFigures',
			'referenceImage',
			'referenceImageBinaryProperty',
			'seed',
			'timeout',
			'uploadCn',
			'videoOutputProperty',
			'waterMark',
		]);
	});

	it('offer a callback URL and an interval only where they are used', async () => {
		const options = { callBackUrl: 'https://example.com/callback', pollInterval: 3 };
		await openWorkflow({ parameters: { options }, items: snow });
		await editor.openNode(NODE);
		await editor.field('callBackUrl').waitFor();
		await editor.field('pollInterval').waitFor();
		await editor.choose('waitMode', 'Sleep');
		await editor.field('callBackUrl').waitFor({ state: 'hidden' });
		await editor.field('pollInterval').waitFor({ state: 'hidden' });
	});
});

describe('executing', () => {
	it('is not needed to see what the items will hold', async () => {
		const workflow = workflowOf({ parameters, items: snow });
		const next: INode = { ...workflow.nodes[1]!, id: 'next', name: 'Next', position: [660, 0] };
		workflow.nodes.push(next);
		workflow.connections[NODE] = { main: [[{ node: next.name, type: 'main', index: 0 }]] };
		await editor.openWorkflow(await world.client.importWorkflow(workflow, [credential]));
		await editor.nodeOnCanvas(next.name).dblclick();
		const panel = editor.part('ndv');
		await panel.getByText('Usually outputs the following fields').waitFor();
		for (const field of ['taskId', 'videoUrl', 'errorMessage']) {
			await panel.getByText(field, { exact: true }).waitFor();
		}
	});

	it('a step shows its item', async () => {
		world.simulator.settings.resultBase = 'https://videos.example.com';
		await openWorkflow({ parameters: {}, items: snow });
		await editor.openNode(NODE);
		await editor.fill('prompt', snow[0]!.prompt);
		await editor.fill('videoUrl', parameters.videoUrl);
		await editor.executeStep();
		const output = editor.part('output-panel');
		await output.getByText('success', { exact: true }).waitFor();
		const [task] = world.simulator.tasks().slice(-1);
		expect(task?.request).toMatchObject({ prompt: snow[0]!.prompt, videoUrl: parameters.videoUrl });
		expect(await editor.textOf(output)).toContain(task!.taskId);
	});

	it('a step with "Download" shows the video itself', async () => {
		await openWorkflow({
			parameters: { ...parameters, prompt: snow[0]!.prompt, options: { download: ['video'] } },
			items: snow,
		});
		await editor.openNode(NODE);
		await editor.executeStep();
		const output = editor.part('output-panel');
		await output.locator('[data-test-id="radio-button-binary"]').click();
		await editor.part('ndv-view-binary-data').click();
		await output.locator('video source[type="video/mp4"]').waitFor({ state: 'attached' });
		if (takesPictures) await showMoment(output.locator('video'));
		await editor.takePicture('node', editor.part('ndv'));
	});

	it('the example of a batch gives an item for each prompt', async () => {
		const workflow = example('generate-and-wait', {
			[SAMPLE_URL]: `${world.simulator.url}/files/sample.mp4`,
		});
		await editor.openWorkflow(await world.client.importWorkflow(workflow, [credential]));
		await editor.executeWorkflow(NODE, 'success');
		expect(await editor.textOf(editor.nodeOnCanvas(NODE))).toContain('3 items');
	});

	it('in the wait mode "Sleep" shows that it sleeps, and for how long', async () => {
		world.simulator.settings.duration = 600;
		const id = await openWorkflow({
			parameters: { ...parameters, waitMode: 'sleep', options: { timeout: 45 } },
			items: snow,
		});
		await editor.executeWorkflow(NODE, 'waiting');
		await editor.openNode(NODE);
		expect(await editor.textOf(editor.part('output-panel'))).toMatch(
			/there is nothing to enter\. .* 45 minutes/,
		);
		await editor.takePicture('waiting', editor.part('ndv'));

		const [execution] = await world.client.listExecutions({ workflowId: id });
		await editor.openExecution(id, execution!.id);
		expect(await editor.textOf(editor.part('execution-preview-label'))).toContain('Waiting');
		await world.client.stopExecution(execution!.id);
	});
});

describe('the executions', () => {
	it('show what sleeps as waiting, and how to retry what has failed', async () => {
		const prompts = ['Add rain', 'Make it rude [fail=moderation]'];
		const id = await openWorkflow({ parameters, items: prompts.map((prompt) => ({ prompt })) });
		await editor.executeWorkflow(NODE, 'error');
		world.simulator.settings.duration = 600;
		await editor.openNode(NODE);
		await editor.choose('waitMode', 'Sleep');
		await editor.closeNode();
		await editor.executeWorkflow(NODE, 'waiting');
		const [asleep, failed] = await world.client.listExecutions({ workflowId: id });

		await editor.openExecution(id, failed!.id);
		const list = editor.part('executions-sidebar');
		const waiting = list.getByText('Waiting', { exact: true });
		await waiting.waitFor();
		await list.locator('[data-test-id="retry-execution-button"]').click();
		const menu = editor.page.locator('[role="menu"]:visible');
		for (const which of ['currently saved', 'original']) {
			await menu.getByText(`Retry with ${which} workflow`).waitFor();
		}
		const shown = list.getByText('Executions', { exact: true }).or(waiting).or(menu);
		await editor.takePicture('executions', shown, 40);
		await world.client.stopExecution(asleep!.id);
	});
});

describe('an error', () => {
	const message = () => editor.textOf(editor.part('node-error-message'));
	const description = () => editor.textOf(editor.part('node-error-description'));

	it('of a wrong key says what to check', async () => {
		const account = await newCredential(world, { apiKey: 'wrong-key' });
		await openWorkflow({ parameters, items: snow }, [account]);
		await editor.executeWorkflow(NODE, 'error');
		await editor.openNode(NODE);
		expect(await message()).toBe('The API key was refused');
		expect(await description()).toMatch(/^Nothing was charged for this item\. Check/);
	});

	it('of a moderated prompt gives the reason and the task', async () => {
		await openWorkflow({ parameters, items: [{ prompt: 'Make it rude [fail=moderation]' }] });
		await editor.executeWorkflow(NODE, 'error');
		await editor.openNode(NODE);
		const [task] = world.simulator.tasks().slice(-1);
		expect(await message()).toMatch(
			/^Moderation refused the video: .* change the prompt or video\./,
		);
		expect(await description()).toContain('Change the prompt or the source video');
		expect(await description()).toContain(task!.taskId);
	});

	it('of one item names all tasks of the batch', async () => {
		const prompts = ['Make it spring', 'Make it ruder [fail=moderation]', 'Make it autumn'];
		await openWorkflow({ parameters, items: prompts.map((prompt) => ({ prompt })) });
		await editor.executeWorkflow(NODE, 'error');
		await editor.openNode(NODE);
		expect(await message()).toMatch(/^Moderation refused the video: .* \[item 1\]$/);
		const lines = (await description()).split('\n');
		expect(lines.slice(-4)[0]).toMatch(/^2 of 3 videos are ready/);
		const lineOf = (item: number, state: string) => {
			const tasks = world.simulator.tasks();
			const task = tasks.find(({ request }) => request.prompt === prompts[item]);
			return `Item ${item}: task ${task?.taskId} ${state}`;
		};
		expect(lines.slice(-3)).toEqual([
			lineOf(1, 'failed'),
			lineOf(0, 'success'),
			lineOf(2, 'success'),
		]);
		await editor.takePicture('error', editor.page.locator('.node-error-view > *'), 8);
	});
});

describe('the trigger', () => {
	it('shows the addresses to give to the provider, and what to do with them', async () => {
		const webhookId = '5f0c2d0e-6f0b-4b52-9a39-0f0a4a1c7d11';
		const workflow = workflowOf({ parameters: {}, items: [] });
		const [node] = workflow.nodes.slice(-1);
		const trigger = { ...node!, webhookId, type: `${node!.type}Trigger`, name: `${NODE} Trigger` };
		// Runway calls no trigger.
		const account = accountOn(world, { apiKey: 'trigger' });
		const kie = await world.client.createCredential('kie.ai', 'alephApi', account);
		const id = await world.client.importWorkflow(
			{ ...workflow, nodes: [trigger], connections: {} },
			[kie],
		);
		await editor.openWorkflow(id);
		await editor.openNode(trigger.name);
		const panel = editor.part('ndv');
		expect(await editor.textOf(panel)).toContain(
			'Copy the production URL above into the Callback URL option',
		);

		await panel.getByText('Webhook URLs', { exact: true }).click();
		await panel.getByText(`https://n8n.example.com/webhook-test/${webhookId}/aleph`).waitFor();
		await panel.getByText('Production URL', { exact: true }).click();
		await panel.getByText(`https://n8n.example.com/webhook/${webhookId}/aleph`).waitFor();
		expect(await editor.fields()).toEqual(['events', 'verifyWithApi', 'deduplicate', 'simplify']);
		await editor.takePicture('trigger', panel);
	});
});

describe('the examples', () => {
	beforeAll(async () => await editor.newWorkflow());

	it.each(exampleNames())('%s opens with its note, and with nodes that n8n knows', async (name) => {
		const workflow = example(name);
		await editor.switchToWorkflow(await world.client.importWorkflow(workflow));
		const note = workflow.nodes.find(({ type }) => type.endsWith('stickyNote'));
		const [title] = /(?<=## ).+/.exec(note!.parameters.content as string)!;
		await editor.page.getByRole('heading', { name: title }).waitFor();
		for (const image of await editor.part('canvas-node').locator('img').all()) {
			await waitForImage(image);
		}
		expect(await editor.page.getByText('Install node').count()).toBe(0);
	});
});
