/** video / generate: starts a task for each item, and waits for all of them together. */
import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Client } from '../../../api/client';
import type { Connection } from '../../../api/connection';
import type { Job } from '../../../batch/job';
import { acceptedReport } from '../../../execution/report';
import { asLocalFile } from '../../../items/binary';
import type { Execution } from '../../../n8n';
import { downloadWith, filesOf, hashOf, initialState } from '../job';
import { runJobs } from '../runJobs';
import { readParameters, type GenerateParameters } from './parameters';
import { canCall } from './reachable';
import { uploadAll, withUrls } from './uploads';
import { warnings } from './warnings';

export { description } from './fields';

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	return await runJobs(
		this,
		generateJobs,
		'To get them, retry in the executions list: only what failed is paid for again. If it fails every time, first set "On Error" in Settings to "Continue (using error output)", save, and retry with the currently saved workflow. "Execute step" pays for all of them again.',
	);
}

function generateJobs(ctx: IExecuteFunctions, client: Client, execution: Execution): Job[] {
	const warn = warnings(ctx);
	const report = acceptedReport(execution);
	const download = downloadWith(ctx, client);
	return ctx.getInputData().map((_, itemIndex): Job => {
		const read = reader(ctx, client, itemIndex);
		return {
			initial: async () =>
				await initialState(ctx, itemIndex, async () => {
					const { terms, request, files } = await read();
					warn(request, await client.connected());
					const requestHash = hashOf([{ ...request, callBackUrl: undefined }, filesOf(files)]);
					return { requestHash, terms, state: 'pending' };
				}),
			upload: async (known, signal, keep) => {
				const { files } = await read();
				const upload = async (file: IBinaryData) =>
					await client.upload(await asLocalFile(ctx, file), signal);
				return await uploadAll(files, known, upload, keep);
			},
			start: async (uploads, signal, calls) => {
				const { request, terms } = await read();
				const video = withUrls(request, uploads);
				const own = calls && ownCallbackUrl(execution, await client.connected());
				if (own) video.callBackUrl = own;
				const { rate, keepCredits } = terms;
				const started = await client.startTask(video, { rate, keepCredits, signal });
				report(started.taskId, itemIndex);
				const { prompt, videoUrl: sourceVideoUrl } = video;
				const requested = { prompt, sourceVideoUrl };
				return { ...started, requested, ...(own && { calls: true }) };
			},
			download,
		};
	});
}

/** Gives a function that reads the parameters of an item once, and only if they are needed. */
function reader(ctx: IExecuteFunctions, client: Client, itemIndex: number) {
	let parameters: GenerateParameters | undefined;
	return async () => (parameters ??= readParameters(ctx, itemIndex, await client.connected()));
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
