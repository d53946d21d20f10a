/** The URLs of results: which ones there are, how long they work, and what they lead to. */
import type { Settings } from './settings';
import type { OutputFormat, Task } from './tasks';

/** What is in the query of a fresh URL. */
export interface Link {
	/** Epoch milliseconds. */
	expires?: string;
	/** The first URL of a result is number 1, as is one without a number. */
	link?: string;
}

const EXTENSIONS: Record<OutputFormat, string> = {
	mp4: 'mp4',
	sdr_rec709_10bit: 'mp4',
	prores: 'mov',
	png_sequence: 'zip',
};

/** Null if the record is to name none. */
export function resultUrls(
	{ taskId, request }: Task,
	{ noVideo, thumbnail }: Settings,
	base: string,
): Record<'video' | 'image', string | null> {
	const result = `${base}/files/result/${taskId}`;
	return {
		video: noVideo ? null : `${result}.${EXTENSIONS[request.outputFormat ?? 'mp4']}`,
		image: thumbnail ? `${result}.png` : null,
	};
}

/** @param link its number: later ones work even if the first does not */
export function freshUrl(url: string, link: number, lifetime: number): string {
	return `${url}?expires=${Date.now() + lifetime}&link=${link}`;
}

/** The status that a URL of a result answers instead of the file; null if it works. */
export function statusOfLink({ endsAt }: Task, link: Link, settings: Settings): number | null {
	const { resultFault, resultExpires } = settings;
	if (resultFault !== null && Number(link.link ?? 1) === 1) return resultFault;
	const ownEnd = resultExpires === null ? Infinity : endsAt + resultExpires * 1000;
	return Date.now() > Number(link.expires ?? ownEnd) ? 403 : null;
}
