/** The files of an item, which go up to the provider first, and the request with their URLs. */
import type { IBinaryData } from 'n8n-workflow';
import type { Uploads } from '../../../batch/state';
import type { VideoRequest } from '../../../task/task';
import type { GenerateParameters } from './parameters';

/** Uploads that end within this time are made again: the API may fetch a file a while after the start. */
const NEEDED_MS = 60 * 60_000;

/** @param keep is told of what is up as soon as it is */
export async function uploadAll(
	files: GenerateParameters['files'],
	known: Uploads,
	upload: (file: IBinaryData) => Promise<Uploads[string]>,
	keep: (uploads: Uploads) => void,
): Promise<Uploads> {
	let uploads = known;
	for (const [name, file] of Object.entries(files)) {
		const earlier = known[name];
		if (earlier && Date.parse(earlier.expiresAt) > Date.now() + NEEDED_MS) continue;
		const { url, expiresAt } = await upload(file);
		uploads = { ...uploads, [name]: { url, expiresAt } };
		keep(uploads);
	}
	return uploads;
}

/** The request with the URLs of the files that were uploaded for it. */
export function withUrls(request: GenerateParameters['request'], uploads: Uploads): VideoRequest {
	const { videoUrl = '', referenceImage, keyframes } = request;
	return {
		...request,
		videoUrl: uploads.videoUrl?.url ?? videoUrl,
		referenceImage: uploads.referenceImage?.url ?? referenceImage,
		keyframes: keyframes?.map((keyframe, index) => ({
			...keyframe,
			image: uploads[`keyframes.${index}`]?.url ?? keyframe.image,
		})),
	};
}
