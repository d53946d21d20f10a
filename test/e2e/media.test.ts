import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INode, INodeParameters, IWorkflowSettings } from 'n8n-workflow';
import { outputOf, type Execution } from '../support/n8n/execution';
import { itemsOf, newCredential, useN8n } from '../support/realN8n';
import { alephNode, chain, ownNode } from '../support/workflow';

const MEGABYTE = 1024 * 1024;

const START = ownNode('Start', 'manualTrigger', 1);
const SNOW = { prompt: 'Make it snow', videoUrl: 'https://example.com/video.mp4' };

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

const source = randomBytes(3 * MEGABYTE + 17);

describe.each(['filesystem', 'default'])('in the binary mode "%s"', (mode) => {
	const world = useN8n({ duration: 1 }, { N8N_DEFAULT_BINARY_DATA_MODE: mode });
	const inN8n = (name: string) => join(world.n8n.filesFolder, name);

	async function run(
		nodes: INode[],
		account = world.credential,
		settings: IWorkflowSettings = {},
	): Promise<Execution> {
		const workflow = chain('Media', nodes);
		Object.assign(workflow.settings!, settings);
		const id = await world.client.importWorkflow(workflow, [account]);
		return await world.client.waitForExecution(await world.client.runManually(id));
	}

	/** Nodes that give a file. */
	function read(): INode[] {
		const file = inN8n('source.mp4');
		writeFileSync(file, source);
		return [START, ownNode('Read', 'readWriteFile', 1, { operation: 'read', fileSelector: file })];
	}

	it('a file goes up as it is', async () => {
		const upload = alephNode('Upload', 'aleph', { resource: 'file', operation: 'upload' });
		const execution = await run([...read(), upload]);
		expect(execution.error).toBeUndefined();
		const [item] = outputOf(execution, 'Upload');
		expect(item?.json).toEqual({
			url: expect.stringContaining(`${world.simulator.url}/files/uploads/`) as string,
			fileName: 'source.mp4',
			size: source.length,
			mimeType: 'video/mp4',
			expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
		});
		expect(world.simulator.stats().uploads.at(-1)).toMatchObject({
			size: source.length,
			sha256: sha256(source),
		});
	});

	it('a file goes up that an expression gives', async () => {
		const upload = alephNode('Upload', 'aleph', {
			resource: 'file',
			operation: 'upload',
			binaryProperty: '={{ $binary.data }}',
		});
		expect(itemsOf(await run([...read(), upload]), 0, 'Upload')).toMatchObject([
			{ fileName: 'source.mp4', size: source.length },
		]);
	});

	it('a video is generated from a file, and comes down as it is, without the key', async () => {
		world.simulator.settings.resultSize = 5 * MEGABYTE + 13;
		const execution = await run([
			...read(),
			alephNode('Generate', 'aleph', {
				prompt: 'Make it snow',
				videoSource: 'binary',
				options: { download: ['video', 'thumbnail'], referenceImageBinaryProperty: 'data' },
			}),
			ownNode('Write', 'readWriteFile', 1, {
				operation: 'write',
				fileName: inN8n('result.mp4'),
				dataPropertyName: 'video',
			}),
		]);
		expect(execution.error).toBeUndefined();
		const [task] = world.simulator.tasks().slice(-1);
		expect(task?.request.videoUrl).toContain('/files/uploads/');
		expect(task?.request.referenceImage).toContain('/files/uploads/');
		const [item] = outputOf(execution, 'Generate');
		expect(item?.binary?.video).toMatchObject({
			fileName: `${task!.taskId}.mp4`,
			mimeType: 'video/mp4',
			fileExtension: 'mp4',
		});
		expect(item?.binary?.thumbnail).toMatchObject({ mimeType: 'image/png' });
		// Each byte of the result is its position modulo 256.
		const expected = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
		const result = readFileSync(inN8n('result.mp4'));
		expect(result.length).toBe(5 * MEGABYTE + 13);
		expect(sha256(result)).toBe(
			sha256(Buffer.concat(Array<Buffer>(5 * 4096 + 1).fill(expected)).subarray(0, result.length)),
		);
		expect(world.simulator.stats().authorizedFileRequests).toBe(0);
		const files = world.simulator.requests().filter(({ path }) => path.startsWith('/files/'));
		expect(files.length).toBeGreaterThan(0);
		expect(files.every(({ hasAuthorization }) => !hasAuthorization)).toBe(true);
	});

	// In the other mode, n8n keeps them apart all the same.
	if (mode === 'filesystem') {
		it('a video is generated from a file beside the other fields, by its name or by an expression', async () => {
			const generate = (name: string, videoBinaryProperty: string) =>
				alephNode(name, 'aleph', {
					prompt: 'Make it snow',
					videoSource: 'binary',
					videoBinaryProperty,
					options: { download: ['video'] },
				});
			const before = world.simulator.stats().uploads.length;
			const nodes = [
				...read(),
				generate('By name', 'data'),
				generate('By expression', '={{ $json._files.video }}'),
			];
			const execution = await run(nodes, world.credential, { binaryMode: 'combined' });
			expect(execution.error).toBeUndefined();
			for (const name of ['By name', 'By expression']) {
				expect(itemsOf(execution, 0, name)).toMatchObject([
					{ status: 'success', _files: { video: { mimeType: 'video/mp4' } } },
				]);
			}
			const uploads = world.simulator.stats().uploads.slice(before);
			expect(uploads[0]?.size).toBe(source.length);
			expect(uploads).toHaveLength(2);
		});
	}

	it('"Get" brings the video of a finished task', async () => {
		const execution = await run([
			START,
			alephNode('Generate', 'aleph', SNOW),
			alephNode('Get', 'aleph', {
				operation: 'get',
				taskId: '={{ $json.taskId }}',
				options: { download: ['video'] },
			}),
		]);
		expect(outputOf(execution, 'Generate')[0]?.binary).toBeUndefined();
		expect(outputOf(execution, 'Get')[0]?.binary?.video).toMatchObject({ mimeType: 'video/mp4' });
	});

	it('a download that fails keeps the task and its URLs', async () => {
		world.simulator.settings.resultBase = `${world.simulator.url}/gone`;
		const generate = alephNode('Generate', 'aleph', { ...SNOW, options: { download: ['video'] } });
		const failed = await run([START, generate]);
		const [task] = world.simulator.tasks().slice(-1);
		expect(failed.error?.message).toMatch(/^The video is ready, but/);
		expect(failed.error?.description).toContain(task!.taskId);
		expect(failed.error?.description).toContain('/gone/');
		const goingOn: INode = { ...generate, onError: 'continueRegularOutput' };
		const [item] = outputOf(await run([START, goingOn]), 'Generate');
		expect(item?.json).toMatchObject({
			status: 'success',
			error: expect.stringMatching(/^The video is ready, but/) as string,
			videoUrl: expect.stringContaining('/gone/') as string,
		});
	});

	it('a missing file and a provider without upload are told before anything is sent', async () => {
		const before = world.simulator.requests().length;
		const fromFile = (parameters: INodeParameters) => [
			...read(),
			alephNode('Generate', 'aleph', { prompt: 'Snow', videoSource: 'binary', ...parameters }),
		];
		const missing = await run(fromFile({ videoBinaryProperty: 'film' }));
		expect(missing.error?.message).toBe('This item has no binary field "film"');
		expect(missing.error?.description).toContain('"Input Binary Field" must name');
		const account = await newCredential(world, { uploadUrl: '' });
		const none = await run(fromFile({}), account);
		expect(none.error?.message).toBe(
			'"Input Binary Field" gives a file, and the credential has no Upload URL',
		);
		expect(none.error?.description).toContain('public URL');
		expect(world.simulator.requests()).toHaveLength(before);
	});

	it('the credits are told, also where they are too few', async () => {
		world.simulator.settings.credits = 7;
		const credits = { resource: 'account', operation: 'getCredits' };
		const told = await run([START, alephNode('Credits', 'aleph', credits)]);
		expect(itemsOf(told, 0, 'Credits')).toEqual([{ credits: 7 }]);
		const refused = await run([START, alephNode('Generate', 'aleph', SNOW)]);
		expect(refused.error?.message).toBe('Not enough credits');
		expect(refused.error?.description).toContain('Credits left: 7.');
	});
});
