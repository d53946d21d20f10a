/** Downloading the files of a finished task: the options for it, and the files as binary data. */
import type { IBinaryKeyData, IDataObject, INodeProperties } from 'n8n-workflow';
import { asText } from '../task/json';
import type { Task } from '../task/task';
import type { NodeFunctions } from '../api/client';
import { asFailure } from '../api/failure';
import { downloadFile } from '../api/files';
import type { Outcome } from './outcome';
import { downloadError } from './errors';

export interface Downloads {
	/** The binary properties to put the files into; null for what is not wanted. */
	video: string | null;
	thumbnail: string | null;
}

type Options = Record<
	'download' | 'videoOutputProperty' | 'thumbnailOutputProperty',
	INodeProperties
>;

export const downloadOptions: Options = {
	download: {
		displayName: 'Download',
		name: 'download',
		type: 'multiOptions',
		options: [
			{ name: 'Thumbnail', value: 'thumbnail' },
			{ name: 'Video', value: 'video' },
		],
		default: ['video'],
		description:
			'Which files of a finished task to add to the item as binary data. The URLs of the provider end after 14 days.',
	},
	thumbnailOutputProperty: {
		displayName: 'Put Thumbnail in Field',
		name: 'thumbnailOutputProperty',
		type: 'string',
		default: 'thumbnail',
		hint: 'The name of the output binary field to put the thumbnail in',
	},
	videoOutputProperty: {
		displayName: 'Put Video in Field',
		name: 'videoOutputProperty',
		type: 'string',
		default: 'video',
		hint: 'The name of the output binary field to put the video in',
	},
};

export function readDownloads(options: IDataObject): Downloads {
	const wanted = Array.isArray(options.download) ? options.download : [];
	const property = (file: string, name: unknown) =>
		wanted.includes(file) ? (asText(name) ?? file) : null;
	return {
		video: property('video', options.videoOutputProperty),
		thumbnail: property('thumbnail', options.thumbnailOutputProperty),
	};
}

/** Adds the files to the outcome of a finished task. Where one cannot be had, the task stays. */
export async function withFiles(
	functions: NodeFunctions,
	itemIndex: number,
	outcome: Outcome,
	downloads: Downloads,
	signal?: AbortSignal,
): Promise<Outcome> {
	const { task } = outcome;
	if (task?.status !== 'success') return outcome;
	try {
		return { ...outcome, binary: await filesOf(functions, task, downloads, signal) };
	} catch (error) {
		const failure = asFailure(error);
		return { ...outcome, error: downloadError(functions.getNode(), itemIndex, failure, task) };
	}
}

async function filesOf(
	functions: NodeFunctions,
	{ videoUrl, imageUrl }: Task,
	{ video, thumbnail }: Downloads,
	signal?: AbortSignal,
): Promise<IBinaryKeyData | undefined> {
	const binary: IBinaryKeyData = {};
	if (video) binary[video] = await downloadFile(functions, videoUrl, signal);
	if (thumbnail) binary[thumbnail] = await downloadFile(functions, imageUrl, signal);
	return Object.keys(binary).length > 0 ? binary : undefined;
}
