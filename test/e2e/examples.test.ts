import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import axios from 'axios';
import { example, exampleNames, importExamples, SAMPLE_URL } from '../demo/examples';
import { openEditor, takesPictures, type Editor } from '../support/editor';
import { SIGNED_IN, startGoogleStub, type GoogleStub } from '../support/google/stub';
import { startMailStub, type MailStub } from '../support/mailStub';
import { startModelStub, type ModelStub } from '../support/modelStub';
import type { Credential } from '../support/n8n/client';
import { outputOf, type Execution } from '../support/n8n/execution';
import { until } from '../support/poll';
import { accountOn, executionsOf, itemsOf, newCredential, useN8n } from '../support/realN8n';
import { NODE } from '../support/workflow';

let google: GoogleStub;
let mail: MailStub;
let model: ModelStub;
/** Only where pictures are taken. */
let editor: Editor | undefined;

const world = useN8n({ duration: 2 }, async () => {
	google = await startGoogleStub();
	return google.env;
});

let sampleUrl: string;
let credentials: Credential[];
/** As a user has them who has filled them in, by file name. */
let workflows: Map<string, string>;

/** What a user fills in. */
const filledIn = {
	'PASTE THE LINK OF YOUR GOOGLE SHEET HERE': 'https://docs.google.com/spreadsheets/d/sheet/edit',
	'PASTE THE LINK OF THE FOLDER WITH YOUR CLIPS HERE': folderLink('clips'),
	'PASTE THE LINK OF THE FOLDER FOR THE VIDEOS HERE': folderLink('videos'),
	'"fromEmail": ""': '"fromEmail": "n8n@example.com"',
	'"toEmail": ""': '"toEmail": "me@example.com"',
};

function folderLink(id: string): string {
	return `https://drive.google.com/drive/folders/${id}`;
}

beforeAll(async () => {
	const { client, n8n, simulator } = world;
	sampleUrl = `${simulator.url}/files/sample.mp4`;
	[mail, model] = await Promise.all([startMailStub(), startModelStub()]);
	const accounts: Array<[string, string, Record<string, unknown>]> = [
		// Whose callbacks wake what sleeps.
		['kie.ai', 'alephApi', accountOn(world, { apiKey: 'kie' })],
		['Model', 'openAiApi', { apiKey: 'key', url: model.url }],
		['Drive', 'googleDriveOAuth2Api', SIGNED_IN],
		['Sheets', 'googleSheetsOAuth2Api', SIGNED_IN],
		['Mail', 'smtp', mail.credential],
	];
	credentials = await Promise.all(
		accounts.map(async (account) => await client.createCredential(...account)),
	);
	const url = n8n.url;
	workflows = await importExamples({ client, url, sampleUrl, credentials, simulator, filledIn });
	if (takesPictures) editor = await openEditor(url);
});
beforeEach(() => {
	google.files.length = 0;
	mail.mails.length = 0;
});
afterAll(async () => {
	await Promise.all([google, mail, model, editor].map(async (each) => await each?.close()));
});

/** @param trigger the one to start from, if it is not the Manual Trigger */
async function run(name: string, trigger?: string): Promise<Execution> {
	const executionId = await world.client.runManually(workflows.get(name)!, trigger);
	return await world.client.waitForExecution(executionId);
}

async function runWell(name: string, trigger?: string): Promise<Execution> {
	return await wentWell(name, await run(name, trigger));
}

async function wentWell(name: string, execution: Execution): Promise<Execution> {
	expect(execution.error).toBeUndefined();
	await showOnce(name, execution);
	return execution;
}

const shown = new Set<string>();

/** Takes a picture of the first run of an example. */
async function showOnce(name: string, { id }: Execution): Promise<void> {
	if (!editor || shown.has(name)) return;
	shown.add(name);
	await editor.openExecution(workflows.get(name)!, id);
	await editor.replaceText('code', sampleUrl, SAMPLE_URL);
	await editor.takePicture(`examples/${name}`, editor.wholeWorkflow(), 48);
}

/** Sends a form that a published workflow begins with; resolves with what it did. */
async function submit(name: string, fields: Array<string | File>): Promise<Execution> {
	const id = workflows.get(name)!;
	await world.client.activate(id);
	const form = new FormData();
	fields.forEach((field, index) => form.append(`field-${index}`, field));
	await axios.post(`${world.n8n.url}/form/${await world.client.webhookId(id)}`, form);
	const [execution] = await executionsOf(world, id);
	await world.client.deactivate(id);
	return execution!;
}

const clip = (look: string) =>
	readFileSync(resolve(__dirname, '../simulator/media', `${look}.mp4`));

/** The names of what is in a folder of Google Drive, and what each file holds. */
const filesIn = (folder: string) =>
	Object.fromEntries(
		google.files
			.filter((file) => file.folder === folder)
			.map(({ name, content }) => [name, content]),
	);

const linkOf = (name: string) =>
	`https://drive.google.com/file/d/${google.files.find((file) => file.name === name)?.id}/view`;

const downloads = (execution: Execution) =>
	outputOf(execution, NODE).map(({ binary }) => binary?.video?.bytes);

const tested = new Set<string>();

function itRuns(name: string, story: string, test: () => Promise<void>) {
	tested.add(name);
	it(`${name} ${story}`, test);
}

itRuns('generate-and-wait', 'gives a file for each prompt', async () => {
	const execution = await runWell('generate-and-wait');
	const looks = ['snow', 'old-film', 'night'];
	expect(downloads(execution)).toEqual(looks.map((look) => clip(look).length));
});

itRuns('four-seasons', 'gives a video of each season after its sleep, at Runway too', async () => {
	const runway = await newCredential(world, { api: 'runway' });
	const workflow = example('four-seasons', { [SAMPLE_URL]: sampleUrl });
	workflows.set('four-seasons', await world.client.importWorkflow(workflow, [runway]));
	const execution = await runWell('four-seasons');
	const seasons = ['spring', 'summer', 'autumn', 'winter'];
	expect(itemsOf(execution)).toMatchObject(
		seasons.map((season) => ({ season: expect.stringMatching(season) as string })),
	);
	expect(downloads(execution).at(-1)).toBe(clip('snow').length);
});

itRuns('sheet-to-drive', 'fills in the rows that are open', async () => {
	const clipLink = `https://drive.google.com/file/d/${google.add('clips', 'mug.mov', clip('source'))}/view?usp=sharing`;
	google.rows = [
		['Name', 'Clip', 'Prompt', 'Status', 'Result'],
		['old', clipLink, 'Make it spring', 'done', 'a link'],
		['mug in snow', clipLink, 'Make it a snowy evening'],
		['mug, rude', clipLink, 'Make it rude [fail=moderation]'],
	];
	await runWell('sheet-to-drive');
	expect(filesIn('root')).toEqual({ 'mug in snow.mp4': clip('snow') });
	const [, old, snow, rude] = google.rows;
	expect(old!.slice(3)).toEqual(['done', 'a link']);
	expect(snow!.slice(3)).toEqual(['done', linkOf('mug in snow.mp4')]);
	const { taskId } = world.simulator.tasks().find(({ state }) => state === 'failed')!;
	expect(rude!.slice(3)).toEqual(['failed', expect.stringMatching(/^Moderation refused/)]);
	expect(rude![4]).toContain(`Task ID: ${taskId}`);
});

itRuns('drive-to-drive', 'makes the videos that are not there yet', async () => {
	google.add('clips', 'mug.mov', clip('source'));
	google.add('clips', 'cup.mp4', clip('source'));
	google.add('videos', 'cup.mp4', clip('night'));
	await runWell('drive-to-drive');
	expect(filesIn('videos')).toEqual({ 'cup.mp4': clip('night'), 'mug.mp4': clip('snow') });
	const { length } = world.simulator.tasks();
	await runWell('drive-to-drive');
	expect(world.simulator.tasks()).toHaveLength(length);
});

it('drive-to-drive puts the reason beside the videos if a clip fails', async () => {
	world.simulator.settings.fail = 'moderation';
	google.add('clips', 'mug.mov', clip('source'));
	await runWell('drive-to-drive');
	const { 'mug.mov failed.txt': reason } = filesIn('videos');
	expect(String(reason)).toMatch(/^Moderation refused the video: .* Task ID: /);
});

const ofAnn = () => [
	new File([clip('source')], 'mug.mp4', { type: 'video/mp4' }),
	'Make it snow',
	'ann@example.com',
];

itRuns('form-to-email', 'sends the video', async () => {
	const execution = await wentWell('form-to-email', await submit('form-to-email', ofAnn()));
	expect(execution.status).toBe('success');
	expect(mail.mails).toMatchObject([{ to: 'ann@example.com' }]);
	expect(mail.mails[0]!.text).toContain('Subject: Your video is ready');
	expect(mail.mails[0]!.text).toMatch(/filename=\S+\.mp4/);
	expect(mail.mails[0]!.text).toContain(world.simulator.tasks().at(-1)!.taskId);
});

it('form-to-email sends the reason if the video fails', async () => {
	world.simulator.settings.fail = 'moderation';
	await submit('form-to-email', ofAnn());
	await until(() => mail.mails.length > 0);
	expect(mail.mails).toMatchObject([{ to: 'ann@example.com' }]);
	expect(mail.mails[0]!.text).toContain('Subject: Your video could not be made');
	expect(mail.mails[0]!.text).toContain('Moderation refused the video');
});

itRuns(
	'nightly-batch',
	'makes the videos, and says at its end which clips have failed',
	async () => {
		google.add('clips', 'cup.mp4', clip('source'));
		await runWell('nightly-batch', 'Every night');
		expect(filesIn('videos')).toEqual({ 'cup.mp4': clip('snow') });

		world.simulator.settings.fail = 'moderation';
		google.add('clips', 'mug.mp4', clip('source'));
		google.add('clips', 'jug.mp4', clip('source'));
		const { error } = await run('nightly-batch', 'Every night');
		const lines = error!.message.split('\n');
		expect(lines.map((line) => line.split(': Moderation')[0])).toEqual(['mug.mp4', 'jug.mp4']);
	},
);

it('nightly-batch starts nothing with too few credits, and sends an alert', async () => {
	world.simulator.settings.credits = 5;
	const { client } = world;
	const { length } = world.simulator.tasks();
	const id = await client.importWorkflow(
		example('nightly-batch', {
			...filledIn,
			'"triggerAtHour": 1': '"field": "seconds", "secondsInterval": 1',
		}),
		credentials,
	);
	await client.activate(id);
	await until(() => mail.mails.length > 0);
	await client.deactivate(id);
	expect(mail.mails[0]).toMatchObject({ to: 'me@example.com' });
	expect(mail.mails[0]!.text).toContain('Subject: Failed: Runway Aleph: nightly batch');
	expect(mail.mails[0]!.text).toContain('Only 5 credits are left');
	expect(world.simulator.tasks()).toHaveLength(length);
});

itRuns(
	'fetch-lost-videos',
	'puts the videos into Google Drive, and tells which it cannot',
	async () => {
		const { simulator } = world;
		const account = { api: 'jobs', key: 'kie' } as const;
		const snow = await simulator.startTask({ prompt: 'Snow' }, account);
		const rude = await simulator.startTask({ prompt: 'Rude [fail=moderation]' }, account);
		const execution = await submit('fetch-lost-videos', [`${snow}\n${rude}\n`]);
		expect(filesIn('root')).toEqual({ [`${snow}.mp4`]: clip('snow') });
		const reason = expect.stringMatching(/^Moderation refused/) as string;
		expect(itemsOf(execution, 0, 'No video')).toEqual([{ taskId: rude, reason }]);
	},
);

itRuns('prompts-by-a-model', 'makes a video of each prompt, and of three at the most', async () => {
	const prompts = ['Add snow', 'Make it night', 'Make it an old film', 'Add rain'];
	model.answer = JSON.stringify({ output: { prompts } });
	const execution = await runWell('prompts-by-a-model');
	model.answer = undefined;
	expect(itemsOf(execution).map(({ prompt }) => prompt)).toEqual(prompts.slice(0, 3));
});

itRuns('ai-agent', 'answers a chat with the new video', async () => {
	const id = workflows.get('ai-agent')!;
	await world.client.listenForTestEvent(id, 'When chat message received', 'chat');
	const message = { action: 'sendMessage', sessionId: 'chat', chatInput: sampleUrl };
	const chat = `${world.n8n.url}/webhook-test/${id}/chat`;
	const { data } = await axios.post<{ output: string }>(chat, message);
	const { taskId } = world.simulator.tasks().at(-1)!;
	expect(data.output).toContain(`/files/result/${taskId}.mp4`);
	const [execution] = await executionsOf(world, id);
	await wentWell('ai-agent', execution!);
});

itRuns('trigger-pair-receive', 'is started by the tasks of trigger-pair-generate', async () => {
	tested.add('trigger-pair-generate');
	const generated = await runWell('trigger-pair-generate');
	const received = await executionsOf(world, workflows.get('trigger-pair-receive')!, 3);
	await wentWell('trigger-pair-receive', received[0]!);
	const links = received.flatMap((each) => itemsOf(each, 0, 'Video').map(({ link }) => link));
	const taskIds = itemsOf(generated).map(({ taskId }) => taskId as string);
	expect(links.sort()).toEqual(
		taskIds.sort().map((id) => expect.stringContaining(`/${id}.mp4`) as string),
	);
});

it.each([
	{ name: 'drive-to-drive', trigger: undefined },
	{ name: 'nightly-batch', trigger: 'Every night' },
	{ name: 'trigger-pair-generate', trigger: undefined },
])('$name is refused before it costs anything until it is filled in', async ({ name, trigger }) => {
	const { client, simulator } = world;
	const { length } = simulator.tasks();
	const id = await client.importWorkflow(example(name, { [SAMPLE_URL]: sampleUrl }), credentials);
	const { error } = await client.waitForExecution(await client.runManually(id, trigger));
	expect(error?.message).toMatch(/folder|document|Callback URL/i);
	expect(simulator.tasks()).toHaveLength(length);
});

it('form-to-email can only be published once it is filled in', async () => {
	const { client } = world;
	const id = await client.importWorkflow(example('form-to-email'), credentials);
	await expect(client.activate(id)).rejects.toThrow(/fromEmail/);
});

it('no example is left out', () => {
	expect([...tested].sort()).toEqual(exampleNames().sort());
});
