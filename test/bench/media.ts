/** What large files take of n8n's memory on their way, beside n8n's own HTTP Request node. */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INode } from 'n8n-workflow';
import { outputOf } from '../support/n8n/execution';
import { startTask } from '../support/tasks';
import { alephNode, chain, ownNode, withAlephCredential } from '../support/workflow';
import { COLLECTS_GARBAGE, residentMemory, settledMemory } from './memory';
import { cell, median, times, type Part, type PartOptions, type Row } from './part';
import { newAccount, withWorld, type World } from './world';

const MEGABYTE = 1024 * 1024;
const DOWNLOAD_MB = 500;
const UPLOAD_MB = 200;
const ROUNDS = 3;

/** One way to move a file: the nodes between the start and the last, whose files are compared. */
interface Way {
	nodes: (world: World) => Promise<INode[]>;
}

const download = {
	title: `Download ${DOWNLOAD_MB} MB`,
	ours: {
		nodes: async (world: World) => {
			const taskId = await finishedTask(world);
			const parameters = { operation: 'get', taskId, options: { download: ['video'] } };
			return [alephNode('Move', 'aleph', parameters)];
		},
	},
	theirs: {
		nodes: async (world: World) => {
			const url = `${world.simulator.url}/files/result/${await finishedTask(world)}.mp4`;
			const response = { response: { response: { responseFormat: 'file' } } };
			return [ownNode('Move', 'httpRequest', 4.2, { url, options: response })];
		},
	},
};

const upload = {
	title: `Upload ${UPLOAD_MB} MB`,
	ours: {
		nodes: async (world: World) => [
			await fileFromDisk(world),
			alephNode('Move', 'aleph', { resource: 'file', operation: 'upload' }),
		],
	},
	theirs: {
		nodes: async (world: World) => [
			await fileFromDisk(world),
			withAlephCredential(
				ownNode('Move', 'httpRequest', 4.2, {
					method: 'POST',
					url: `${world.simulator.url}/api/file-stream-upload`,
					authentication: 'predefinedCredentialType',
					nodeCredentialType: 'alephApi',
					sendBody: true,
					contentType: 'multipart-form-data',
					bodyParameters: {
						parameters: [
							{ name: 'uploadPath', value: 'bench' },
							{ parameterType: 'formBinaryData', name: 'file', inputDataFieldName: 'data' },
						],
					},
				}),
			),
		],
	},
};

export const media: Part = {
	compares: `How far the resident memory of n8n's main process rises above idle while it transfers one large file in the "filesystem" binary data mode, with Runway Aleph and with n8n's HTTP Request node. Medians of ${ROUNDS} fresh n8n instances each, taken in turn.`,
	inShort: (rows) =>
		`a ${DOWNLOAD_MB} MB video takes ${cell(rows, download.title, 'Runway Aleph (MB)')} MB of memory on its way, ${cell(rows, download.title, 'Compared with HTTP Request')} what n8n's HTTP Request node takes.`,
	run: async (options) => [
		await compare(download.title, download.ours, download.theirs, options),
		await compare(upload.title, upload.ours, upload.theirs, options),
	],
};

async function compare(title: string, ours: Way, theirs: Way, options: PartOptions): Promise<Row> {
	const rises = { ours: [] as number[], theirs: [] as number[] };
	for (let round = 1; round <= ROUNDS; round++) {
		options.progress(`${title}, round ${round} of ${ROUNDS}`);
		rises.ours.push(await riseOf(ours, options));
		rises.theirs.push(await riseOf(theirs, options));
	}
	const [own, other] = [median(rises.ours), median(rises.theirs)];
	return {
		File: title,
		'Compared with HTTP Request': times(own / other),
		'Runway Aleph (MB)': own.toFixed(0),
		'HTTP Request (MB)': other.toFixed(0),
	};
}

/** Megabytes between n8n at rest and its highest while the workflow runs. */
async function riseOf(way: Way, { packageTarball }: PartOptions): Promise<number> {
	const env = { ...COLLECTS_GARBAGE, N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' };
	return await withWorld({ packageTarball, env }, async (world) => {
		const { client, n8n } = world;
		const nodes = [ownNode('Start', 'manualTrigger', 1), ...(await way.nodes(world))];
		const id = await client.importWorkflow(chain('Media', nodes), [
			await newAccount(world, 'media'),
		]);
		const before = await settledMemory(n8n.pid);
		const running = { yes: true };
		const highest = highestMemory(n8n.pid, running);
		const execution = await client.waitForExecution(await client.runManually(id), {
			timeout: 180_000,
		});
		running.yes = false;
		if (execution.error || outputOf(execution, 'Move').length !== 1) {
			throw new Error(`The file was not moved: ${execution.error?.message}`);
		}
		return (await highest) - before;
	});
}

async function highestMemory(pid: number, running: { yes: boolean }): Promise<number> {
	let highest = 0;
	while (running.yes) {
		highest = Math.max(highest, await residentMemory(pid));
		await sleep(50);
	}
	return highest;
}

async function finishedTask({ simulator }: World): Promise<string> {
	Object.assign(simulator.settings, { duration: 0, resultSize: DOWNLOAD_MB * MEGABYTE });
	return await startTask(simulator, { prompt: 'Large' }, 'media');
}

async function fileFromDisk({ n8n }: World): Promise<INode> {
	const file = join(n8n.filesFolder, 'large.mp4');
	await writeFile(file, '');
	await truncate(file, UPLOAD_MB * MEGABYTE);
	return ownNode('Read', 'readWriteFile', 1, { operation: 'read', fileSelector: file });
}
