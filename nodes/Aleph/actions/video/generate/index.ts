/** video / generate: starts a task for each item, and waits for all of them together. */
import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Client } from '../../../api/client';
import type { Connection } from '../../../api/connection';
import type { Job } from '../../../batch/job';
import type { Uploads } from '../../../batch/state';
import { acceptedReport } from '../../../execution/report';
import { asLocalFile } from '../../../items/binary';
import type { Execution } from '../../../n8n';
import type { VideoRequest } from '../../../task/task';
import { filesOf, hashOf } from '../hashes';
import { downloadWith, initialState } from '../job';
import { runJobs } from '../runJobs';
import { readParameters, type GenerateParameters } from './parameters';
import { canCall } from './reachable';
import { warnings } from './warnings';

export { description } from './fields';

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return await runJobs(
		this,
		generateJobs,
		'They are paid for. To get them, retry in the executions list: only what failed is paid for again. If it fails every time, first set "On Error" in Settings to "Continue (using error output)", save, and retry with the currently saved workflow. "Execute step" pays for all of them again.',
	);
}

function generateJobs(
	ctx: IExecuteFunctions,
	client: Client,
	execution: Execution,
	sleeps: boolean,
): Job[] {
	const warn = warnings(ctx);
	const report = acceptedReport(execution);
	const download = downloadWith(ctx, client);
	return ctx.getInputData().map((_, itemIndex): Job => {
		let parameters: GenerateParameters | undefined;
		const read = async () =>
			(parameters ??= readParameters(ctx, itemIndex, await client.connected()));
		return {
			initial: async () =>
				await initialState(ctx, itemIndex, async () => {
					const { terms, request, files } = await read();
					warn(request, await client.connected());
					const requestHash = hashOf([{ ...request, callBackUrl: undefined }, filesOf(files)]);
					return { requestHash, terms, stage: { state: 'pending' } };
				}),
			upload: async (known, signal) => {
				const { files } = await read();
				const upload = async (file: IBinaryData) =>
					await client.upload(await asLocalFile(ctx, file), signal);
				return await uploadAll(files, known, upload);
			},
			start: async (uploads, signal) => {
				const { terms, ...rest } = await read();
				const own = sleeps ? ownCallbackUrl(execution, await client.connected()) : undefined;
				const request = withUrls(rest, uploads);
				const video = own ? { ...request, callBackUrl: own } : request;
				const { rate, keepCredits } = terms;
				const { taskId, api } = await client.startTask(video, { rate, keepCredits, signal });
				report(taskId, itemIndex);
				const { prompt, videoUrl: sourceVideoUrl } = request;
				return { taskId, api, requested: { prompt, sourceVideoUrl } };
			},
			download,
		};
	});
}

/** Uploads that end within this time are made again: the API may fetch a file a while after the start. */
const NEEDED_MS = 60 * 60_000;

async function uploadAll(
	files: GenerateParameters['files'],
	known: Uploads,
	upload: (file: IBinaryData) => Promise<Uploads[string]>,
): Promise<Uploads> {
	const uploads: Uploads = {};
	for (const [name, file] of Object.entries(files)) {
		const earlier = known[name];
		const lasts = earlier && Date.parse(earlier.expiresAt) > Date.now() + NEEDED_MS;
		const { url, expiresAt } = lasts ? earlier : await upload(file);
		uploads[name] = { url, expiresAt };
	}
	return uploads;
}

/** The request with the URLs of the files that were uploaded for it. */
function withUrls(
	{ request, files }: Pick<GenerateParameters, 'request' | 'files'>,
	uploads: Uploads,
): VideoRequest {
	const urlOf = (name: string, url = '') => (name in files ? uploads[name]!.url : url);
	const { videoUrl, referenceImage, keyframes } = request;
	return {
		...request,
		videoUrl: urlOf('videoUrl', videoUrl),
		...((referenceImage !== undefined || 'referenceImage' in files) && {
			referenceImage: urlOf('referenceImage', referenceImage),
		}),
		...(keyframes && {
			keyframes: keyframes.map((keyframe, index) => ({
				...keyframe,
				image: urlOf(`keyframes.${index}`, keyframe.image),
			})),
		}),
	};
}

/** Where the provider wakes this execution; undefined if it sends no callbacks, or cannot call this n8n. */
function ownCallbackUrl(
	execution: Execution,
	{ dialect, baseUrl }: Connection,
): string | undefined {
	if (!dialect.taskFromCallback) return undefined;
	const url = execution.callbackUrl();
	return canCall(baseUrl, url) ? url : undefined;
}
