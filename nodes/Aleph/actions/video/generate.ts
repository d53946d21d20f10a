/** video / generate: starts a task for each item, and waits for all of them together. */
import { createHash } from 'crypto';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { createTask } from '../../api/client';
import { connect, type Api } from '../../api/connect';
import { canCall, isPrivate } from '../../api/reachable';
import { callbackUrl, canSleep } from '../../batch/sleep';
import { asBoolean } from '../../task/json';
import { acceptedTask, type VideoRequest } from '../../task/task';
import { identityOf, upload } from '../binary';
import { readDownloads } from '../downloads';
import { inputError } from '../errors';
import { readInputs } from '../outcome';
import { readParameters, type GenerateParameters } from './generateParameters';
import { runTasks, type TaskInput } from './tasks';
import { readWaiting, wantsToSleep } from './waiting';

export { description } from './generateFields';

interface GenerateInput extends TaskInput, GenerateParameters {}

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const inputs = readInputs(this, (itemIndex) => readInput(this, itemIndex));
	const callBackUrl = ownCallbackUrl(this, api);
	warnOfPrivateVideos(this, api, inputs);
	/** By item: files are uploaded once in a run, however often the API refuses the task. */
	const videos = new Map<number, VideoRequest>();
	return await runTasks(this, api, inputs, {
		hashes: (input) => hashesOf(this, api, input),
		fresh: () => ({ at: 'toStart' }),
		terms: ({ waiting, rate, keepCredits }) => ({
			until: waiting.wait ? 'ended' : 'started',
			// The API gave us the id of the task, so it will know it some time.
			unknownFor: Infinity,
			rate,
			keepCredits,
		}),
		known: ({ request }, taskId) => acceptedTask(taskId, request),
		start: async (input, itemIndex, { forNow, forGood }) => {
			const video = videos.get(itemIndex) ?? (await withUploads(this, api, input));
			videos.set(itemIndex, video);
			const request = { ...video, ...(callBackUrl && { callBackUrl }) };
			// The next run would have to upload its files again: so this one stays in the line.
			const hasFiles = Object.keys(input.uploads).length > 0;
			const withdrawal = hasFiles ? forGood : AbortSignal.any([forNow, forGood]);
			const taskId = await createTask(api, request, input.rate, withdrawal);
			// For whoever looks for the tasks of an execution that was killed.
			this.logger.info(`Runway Aleph accepted task ${taskId}`, {
				itemIndex,
				executionId: this.getExecutionId(),
			});
			return taskId;
		},
		rerun:
			'To continue from here and pay only for what failed, retry from the executions list. "Execute step" pays for all of them again.',
	});
}

function readInput(functions: IExecuteFunctions, itemIndex: number): GenerateInput {
	const parameters = readParameters(functions, itemIndex);
	if (parameters.request.callBackUrl && wantsToSleep(functions)) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			'"Callback URL" cannot be used with the "Sleep" wait mode',
			'Nothing was sent. Remove the option: in this mode the provider calls the sleeping execution.',
		);
	}
	return {
		...parameters,
		simplify: asBoolean(functions.getNodeParameter('simplify', itemIndex)),
		waiting: readWaiting(functions, itemIndex),
		downloads: readDownloads(
			functions,
			itemIndex,
			functions.getNodeParameter('options', itemIndex, {}),
		),
	};
}

/** Where the provider wakes this execution; undefined where it stays awake, or cannot be called. */
function ownCallbackUrl(functions: IExecuteFunctions, { baseUrl }: Api): string | undefined {
	if (!wantsToSleep(functions) || !canSleep(functions)) return undefined;
	const url = callbackUrl(functions);
	return canCall(baseUrl, url) ? url : undefined;
}

/**
 * Tells whether an item still asks for the same: another prompt or credential is another video, another
 * key in the same credential is not. Version 0.1.0 went by the key.
 */
function hashesOf(
	functions: IExecuteFunctions,
	{ baseUrl, account }: Api,
	{ request, uploads }: GenerateParameters,
): string[] {
	// Where the provider is to call says nothing about the video, and may differ with each execution.
	const video = { ...request, callBackUrl: undefined };
	const files = Object.entries(uploads).map(([name, binary]) => [name, identityOf(binary)]);
	const credential = functions.getNode().credentials?.alephApi?.id;
	return [`${baseUrl} ${credential}`, account].map((payer) =>
		createHash('sha256')
			.update(JSON.stringify([payer, video, files]))
			.digest('hex'),
	);
}

/** The request with the URLs of the files, which are uploaded first. */
async function withUploads(
	functions: IExecuteFunctions,
	api: Api,
	{ request, uploads }: GenerateParameters,
): Promise<VideoRequest> {
	const complete = { ...request };
	for (const [name, binary] of Object.entries(uploads)) {
		complete[name as keyof typeof uploads] = (await upload(functions, api, binary)).url;
	}
	// What is not uploaded has its URL from the parameters.
	return complete as VideoRequest;
}

/** The provider fetches the video itself. It may have ways of its own, so that nothing is refused. */
function warnOfPrivateVideos(
	functions: IExecuteFunctions,
	{ baseUrl }: Api,
	inputs: Array<GenerateInput | Error>,
): void {
	const isDoubtful = (url: string) =>
		!canCall(baseUrl, url) || (url.startsWith('http:') && !isPrivate(baseUrl));
	const urls = inputs.flatMap((input) =>
		input instanceof Error ? [] : (input.request.videoUrl ?? []),
	);
	const doubtful = urls.find(isDoubtful);
	if (doubtful === undefined) return;
	functions.addExecutionHints({
		message: `The provider probably cannot fetch ${doubtful}: the video needs a public HTTPS URL`,
		type: 'warning',
		location: 'outputPane',
	});
}
