/** Downloading the files of a finished task: the options for it, and the files as binary data. */
import type { IBinaryData, IBinaryKeyData, IDataObject, INodeProperties } from 'n8n-workflow';
import { asText } from '../task/json';
import type { Task } from '../task/task';
import type { Api, NodeFunctions } from '../api/connect';
import { asFailure } from '../api/failure';
import { downloadFile } from '../api/download';
import { inputError } from './errors';

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
			'Which files of a finished task to add to the item as binary data. The URLs in the item expire, usually after 14 days.',
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
};

/** Throws an error that names the fields where the files cannot be put into them. */
export function readDownloads(
	functions: NodeFunctions,
	itemIndex: number,
	options: IDataObject,
): Downloads {
	const wanted = Array.isArray(options.download) ? options.download : [];
	const property = (file: string, name: unknown) =>
		wanted.includes(file) ? (asText(name) ?? file) : null;
	const video = property('video', options.videoOutputProperty);
	const thumbnail = property('thumbnail', options.thumbnailOutputProperty);
	const refusal = refusalOf(video, thumbnail);
	if (refusal) {
		throw inputError(
			functions.getNode(),
			itemIndex,
			refusal,
			'Nothing was sent. Enter another name.',
		);
	}
	return { video, thumbnail };
}

function refusalOf(video: string | null, thumbnail: string | null): string | null {
	const names = {
		[downloadOptions.videoOutputProperty.displayName]: video,
		[downloadOptions.thumbnailOutputProperty.displayName]: thumbnail,
	};
	const fields = Object.keys(names);
	if (video !== null && video === thumbnail) {
		return `"${fields.join('" and "')}" must not have the same name: "${video}"`;
	}
	// No object of JavaScript can have a field of that name like any other.
	const field = fields.find((key) => names[key] === '__proto__');
	return field ? `"${field}" has a reserved name` : null;
}

/**
 * The files of a finished task. Throws an ApiFailure where the video cannot be had; where the thumbnail
 * cannot, n8n shows a hint, and the video stays.
 */
export async function downloadFiles(
	api: Api,
	task: Task,
	{ video, thumbnail }: Downloads,
): Promise<IBinaryKeyData | undefined> {
	const binary: IBinaryKeyData = {};
	if (video) binary[video] = await downloadFile(api, task.videoUrl);
	const image = thumbnail && (await thumbnailOf(api, task));
	if (image) binary[thumbnail] = image;
	return Object.keys(binary).length > 0 ? binary : undefined;
}

/** Null where there is none, or it cannot be had. */
async function thumbnailOf(api: Api, { taskId, imageUrl }: Task): Promise<IBinaryData | null> {
	if (imageUrl === null) return null;
	try {
		return await downloadFile(api, imageUrl);
	} catch (error) {
		const { reason } = asFailure(error);
		const message = `The thumbnail of task ${taskId} could not be downloaded, so it is missing (${reason}).`;
		const { functions } = api;
		functions.logger.warn(message);
		if ('addExecutionHints' in functions) {
			functions.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
		}
		return null;
	}
}
