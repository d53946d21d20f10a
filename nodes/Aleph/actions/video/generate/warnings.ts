/** Hints for videos that the provider can probably not fetch. It may have ways of its own: so nothing is refused. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../api/connection';
import { showHint } from '../../../n8n';
import type { VideoRequest } from '../../../task/task';
import { canCall, isPrivate } from './reachable';

/** Gives a function that shows each kind of hint once, however many items there are. */
export function warnings(ctx: IExecuteFunctions) {
	const shown = new Set<string>();
	return ({ videoUrl }: Partial<VideoRequest>, { baseUrl }: Connection): void => {
		const hint = videoUrl === undefined ? null : hintFor(videoUrl, baseUrl);
		if (!hint || shown.has(hint.kind)) return;
		shown.add(hint.kind);
		showHint(ctx, hint.message, 'warning');
	};
}

/** Hosts whose links lead to a page with a player, not to the file. */
export const PAGES =
	/(^|\.)(drive\.google\.com|docs\.google\.com|dropbox\.com|youtube\.com|youtu\.be|vimeo\.com|onedrive\.live\.com|1drv\.ms|sharepoint\.com|we\.tl|wetransfer\.com|icloud\.com)$/i;

function hintFor(videoUrl: string, baseUrl: string): { kind: string; message: string } | null {
	const { hostname } = new URL(videoUrl);
	if (PAGES.test(hostname)) {
		return {
			kind: 'page',
			message: `${videoUrl} leads to a page, not to a video file. Download the file with the node for that service, and set Video Source to "Binary File".`,
		};
	}
	const isInsecure = videoUrl.startsWith('http:') && !isPrivate(baseUrl);
	if (canCall(baseUrl, videoUrl) && !isInsecure) return null;
	return {
		kind: 'private',
		message: `The provider probably cannot fetch ${videoUrl}: the video needs a public HTTPS URL`,
	};
}
