/** n8n's editor in a real browser, by the words and the names that a user of it knows. */
import { resolve } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { findChromium } from './machine/chromium';
import { OWNER } from './n8n/client';

/** Whether the tests make the pictures of docs/images on their way. */
export const takesPictures = Boolean(process.env.SCREENSHOTS);

const IMAGES = resolve(__dirname, '..', '..', 'docs', 'images');

/** Nothing that needs a sandbox, a graphics card, or somebody outside. */
const ARGUMENTS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	// Else the letters of pictures stand apart.
	'--font-render-hinting=none',
];

/** What is left out of pictures: n8n's offers, buttons that blur the view, passing messages. */
const NOT_OURS = `
	:is(${[
		'ask-assistant-button',
		'canvas-controls',
		'canvas-minimap',
		'credential-edit-instance-ai-help-button',
		'execute-workflow-button',
		'floating-nodes',
		'ndv-backdrop',
		'node-error-view-instance-ai-button',
		'node-feature-request',
		'workflow-chat-button',
	]
		.map((name) => `[data-test-id='${name}']`)
		.join()}),
	[class*='nodeButtonsWrapper'], [class*='executionDetails'], .el-notification { display: none !important; }
`;

/** Starts a browser of its own, and signs in as the owner. */
export async function openEditor(url: string): Promise<Editor> {
	const found = findChromium();
	if (!found) throw new Error('There is no Chromium: run `npm run setup`.');
	const { path, env } = found;
	const browser = await chromium.launch({ executablePath: path, env, args: ARGUMENTS });
	// Pictures are for screens of double density.
	const view = { viewport: { width: 1360, height: 820 }, deviceScaleFactor: takesPictures ? 2 : 1 };
	const page = await browser.newPage(view);
	page.setDefaultTimeout(90_000);
	const editor = new Editor(browser, page, url);
	await editor.signIn();
	return editor;
}

export class Editor {
	constructor(
		private readonly browser: Browser,
		readonly page: Page,
		private readonly url: string,
	) {}

	async close(): Promise<void> {
		await this.browser.close();
	}

	async signIn(): Promise<void> {
		await this.page.goto(`${this.url}/signin`);
		await this.page.locator('input[type=email]').fill(OWNER.email);
		await this.page.locator('input[type=password]').fill(OWNER.password);
		await this.page.locator('input[type=password]').press('Enter');
		await this.page.waitForURL((url) => !url.pathname.startsWith('/signin'));
	}

	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.url}/workflow/new`);
		await this.part('canvas-plus-button').waitFor();
	}

	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		await this.part('canvas-node').first().waitFor();
	}

	/** As a link within the editor does, from a workflow where nothing is open: a tenth of the time. */
	async switchToWorkflow(id: string): Promise<void> {
		const [canvas] = await this.page.locator('.vue-flow').elementHandles();
		await this.page.evaluate(`
			history.pushState({}, '', '/workflow/${id}');
			dispatchEvent(new PopStateEvent('popstate', { state: {} }));
		`);
		await canvas?.waitForElementState('hidden');
		await this.part('canvas-node').first().waitFor();
	}

	/** The tab with the executions of a workflow, one of them opened. */
	async openExecution(workflowId: string, id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${workflowId}/executions/${id}`);
		await this.part('canvas-node').first().waitFor();
		await this.part('zoom-to-fit').click();
	}

	/** What n8n's own tests know by this name. */
	part(name: string): Locator {
		return this.page.locator(`[data-test-id="${name}"]`);
	}

	/** All nodes and notes on the canvas. */
	wholeWorkflow(): Locator {
		return this.page.locator('.vue-flow__node');
	}

	nodeOnCanvas(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Types into the search of the nodes panel, which the big or the small plus opens. */
	async searchNodes(words: string): Promise<void> {
		await this.part('canvas-plus-button').or(this.part('node-creator-plus-button')).first().click();
		await this.part('node-creator-search-bar').fill(words);
	}

	/** An entry of the nodes panel: a node, or one of its actions. */
	panelEntry(name: string | RegExp): Locator {
		return this.part('node-creator-item-name').filter({ hasText: name });
	}

	/** Shows a node's parameters, with its input and its output. */
	async openNode(name: string): Promise<void> {
		await this.nodeOnCanvas(name).dblclick();
		await this.part('ndv').waitFor();
		// The options come last.
		await this.part('collection-parameter-add').waitFor();
	}

	async closeNode(): Promise<void> {
		await this.part('ndv-close-button').click();
		await this.part('ndv').waitFor({ state: 'hidden' });
	}

	field(name: string): Locator {
		return this.part(`parameter-input-${name}`);
	}

	/** The names of the fields that are shown, from top to bottom. */
	async fields(within = this.part('node-parameters')): Promise<string[]> {
		const shown = within.locator('[data-test-id^="parameter-input-"]:visible');
		const ids = await attributes(shown, 'data-test-id');
		return ids
			.map((id) => id.replace('parameter-input-', ''))
			.filter((name) => name !== 'field' && name !== 'item');
	}

	async fill(field: string, text: string): Promise<void> {
		await this.field(field).locator('input, textarea').fill(text);
	}

	async choose(field: string, option: string): Promise<void> {
		await this.field(field).click();
		const headline = this.page.getByText(option, { exact: true });
		await this.page
			.locator('[data-test-id="parameter-input-item"]:visible')
			.filter({ has: headline })
			.click();
	}

	async toggle(field: string): Promise<void> {
		// Its checkbox is hidden behind it.
		await this.field(field).locator('.el-switch').click();
	}

	/** What "Add option" offers. */
	async offeredOptions(): Promise<string[]> {
		await this.part('collection-parameter-add').click();
		const options = this.page.locator('[role="option"]:visible');
		await options.first().waitFor();
		return (await options.allInnerTexts()).map((text) => text.trim());
	}

	/** "Add option" until there is none left: one may bring others. */
	async addAllOptions(): Promise<void> {
		const add = this.part('collection-parameter-add');
		const options = this.page.locator('[role="option"]:visible');
		while (await add.isVisible()) {
			await add.click();
			await options.first().waitFor();
			await options.last().click();
			await options.first().waitFor({ state: 'hidden' });
		}
	}

	/** "Execute step" in an opened node. */
	async executeStep(): Promise<void> {
		await this.part('node-execute-button').first().click();
	}

	/** Resolves once the node shows on the canvas what came of it. */
	async executeWorkflow(node: string, outcome: 'success' | 'error' | 'waiting'): Promise<void> {
		await this.part('execute-workflow-button').first().click();
		const shown = outcome === 'waiting' ? '.waiting' : `[data-test-id$="status-mark-${outcome}"]`;
		await this.nodeOnCanvas(node).locator(shown).first().waitFor();
	}

	/** The text of what is shown, once it is. */
	async textOf(shown: Locator): Promise<string> {
		await shown.waitFor();
		return (await shown.innerText()).trim();
	}

	/** What a picture is to show instead, in the elements of this name. */
	async replaceText(element: string, from: string, to: string): Promise<void> {
		for (const each of await this.page.locator(element, { hasText: from }).all()) {
			const text = (await each.innerText()).replace(from, to);
			await each.evaluate(
				(node: { textContent: string }, words) => (node.textContent = words),
				text,
			);
		}
	}

	/**
	 * Into docs/images, if the tests make them.
	 * @param of the parts that have to be on it
	 * @param room pixels around them
	 */
	async takePicture(name: string, of: Locator, room = 0): Promise<void> {
		if (!takesPictures) return;
		await this.page.mouse.move(0, 0);
		const style = await this.page.addStyleTag({ content: NOT_OURS });
		const boxes = await Promise.all((await of.all()).map(async (each) => await each.boundingBox()));
		await this.page.screenshot({
			path: resolve(IMAGES, `${name}.png`),
			clip: around(
				boxes.filter((box) => box !== null),
				room,
			),
			animations: 'disabled',
		});
		await style.evaluate((element: { remove: () => void }) => element.remove());
	}
}

/** An attribute of each of the elements. */
export async function attributes(of: Locator, attribute: string): Promise<string[]> {
	const all = await of.all();
	return await Promise.all(all.map(async (each) => (await each.getAttribute(attribute)) ?? ''));
}

type Box = Record<'x' | 'y' | 'width' | 'height', number>;

/** What holds them all, with some room. */
function around(boxes: Box[], room: number): Box {
	const x = Math.min(...boxes.map((box) => box.x)) - room;
	const y = Math.min(...boxes.map((box) => box.y)) - room;
	const right = Math.max(...boxes.map((box) => box.x + box.width)) + room;
	const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + room;
	return { x, y, width: right - x, height: bottom - y };
}
