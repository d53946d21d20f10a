/** Downloading the files of a finished task: the options for it, and the files as binary data. */
import type { IBinaryData, IBinaryKeyData, IDataObject, INodeProperties } from 'n8n-workflow';
import type { Client } from '../api/client';
import type { ApiRef } from '../api/connection';
import { asApiError } from '../api/error';
import type { Downloads } from '../batch/state';
import { showHint, type NodeContext } from '../n8n';
import type { Task } from '../task/task';
import { InvalidInput, readListOf, readText, withDefault } from './parameters';

export const downloadOptions = {
	download: {
		displayName: 'Download',
		name: 'download',
		type: 'multiOptions',
		options: [
			{ name: 'Thumbnail', value: 'thumbnail', description: 'Runway has none' },
			{ name: 'Video', value: 'video' },
		],
		default: ['video'],
		description:
			'Files to add to the item as binary data. Without this you only get links, which stop working after a day or more.',
	},
	thumbnailOutputProperty: {
		displayName: 'Put Thumbnail in Field',
		name: 'thumbnailOutputProperty',
		type: 'string',
		default: 'thumbnail',
		displayOptions: { show: { download: ['thumbnail'] } },
		hint: 'The name of the output binary field to put the thumbnail in',
	},
	videoOutputProperty: {
		displayName: 'Put Video in Field',
		name: 'videoOutputProperty',
		type: 'string',
		default: 'video',
		displayOptions: { show: { download: ['video'] } },
		hint: 'The name of the output binary field to put the video in',
	},
} satisfies Record<string, INodeProperties>;

/** Throws an InvalidInput if the files cannot be put into these fields. */
export function readDownloads(options: IDataObject): Downloads {
	const { download, videoOutputProperty, thumbnailOutputProperty } = downloadOptions;
	const wanted = withDefault(options, 'download', [], (value) =>
		readListOf(download.displayName, value, ['video', 'thumbnail']),
	);
	const property = (file: 'video' | 'thumbnail', { name, displayName }: INodeProperties) =>
		wanted.includes(file)
			? withDefault(options, name, file, (value) => readProperty(displayName, value))
			: null;
	const video = property('video', videoOutputProperty);
	const thumbnail = property('thumbnail', thumbnailOutputProperty);
	if (video === null || video !== thumbnail) return { video, thumbnail };
	throw new InvalidInput(
		`"${videoOutputProperty.displayName}" and "${thumbnailOutputProperty.displayName}" must not have the same name: "${video}"`,
		'Enter another name.',
	);
}

function readProperty(label: string, value: unknown): string {
	const name = readText(label, value, 'Enter the name of a binary field.');
	// It can't be an ordinary key.
	if (name !== '__proto__') return name;
	throw new InvalidInput(`"${label}" has a reserved name`, 'Enter another name.');
}

/**
 * Gives a function that downloads the files of a finished task. It throws an ApiError, or n8n's error, if the
 * video cannot be had, or the signal's reason if they are withdrawn while they wait for their first turn; if the
 * thumbnail cannot, n8n shows a hint, and the video stays.
 */
export function downloader(ctx: NodeContext, client: Client) {
	let isTold = false;
	return async (
		{ task, api }: { task: Task; api: ApiRef },
		{ video, thumbnail }: Downloads,
		firstTurn?: AbortSignal,
	): Promise<IBinaryKeyData> => {
		const binary: IBinaryKeyData = {};
		if (video) binary[video] = await client.download(task, task.videoUrl!, api, firstTurn);
		if (!thumbnail) return binary;
		if (task.imageUrl === null) {
			// Some providers never give one, which needs no telling for each item.
			if (!isTold) showHint(ctx, NO_THUMBNAIL, 'info');
			isTold = true;
			return binary;
		}
		// Once the video is there, it is not to be loaded again.
		const turn = video ? undefined : firstTurn;
		const image = await client
			.download(task, task.imageUrl, api, turn)
			.catch((error: unknown) => missing(ctx, task, asApiError(error).reason));
		if (image) binary[thumbnail] = image;
		return binary;
	};
}

const NO_THUMBNAIL = 'At least one video came without a thumbnail, because the provider gave none.';

function missing(ctx: NodeContext, { taskId }: Task, reason: string): IBinaryData | null {
	const message = `The thumbnail of task ${taskId} could not be downloaded, so it is missing (${reason}).`;
	ctx.logger.warn(message);
	showHint(ctx, message, 'warning');
	return null;
}
