/** Warnings of URLs that the provider can probably not fetch or call. It may have ways of its own: so nothing is refused. */
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../api/connection';
import { showHint } from '../../../n8n';
import type { VideoRequest } from '../../../task/task';
import { canCall, isPrivate, PAGES } from './reachable';

/** Gives a function that shows each kind of warning once, however many items there are. */
export function warnings(ctx: IExecuteFunctions) {
	const shown = new Set<string>();
	return (request: Partial<VideoRequest>, { baseUrl }: Connection): void => {
		for (const { kind, message } of warningsFor(request, baseUrl)) {
			if (shown.has(kind)) continue;
			shown.add(kind);
			showHint(ctx, message, 'warning');
		}
	};
}

interface Warning {
	kind: string;
	message: string;
}

function warningsFor(request: Partial<VideoRequest>, baseUrl: string): Warning[] {
	const { videoUrl, referenceImage, keyframes = [], callBackUrl } = request;
	const images = [referenceImage, ...keyframes.map(({ image }) => image)];
	const found = [
		mediaWarning('video', videoUrl, baseUrl),
		...images.map((image) => mediaWarning('image', image, baseUrl)),
		callbackWarning(callBackUrl, baseUrl),
	];
	return found.flatMap((warning) => warning ?? []);
}

const INSTEAD_OF_PAGE = {
	video:
		'not to a video file. Download the file with the node for that service, and set "Video Source" to "Binary File".',
	image:
		'not to an image file. Download the file with the node for that service, and use that file instead of a URL.',
};

/** @param url empty if it is a file that is still to be uploaded */
function mediaWarning(
	what: 'video' | 'image',
	url: string | undefined,
	baseUrl: string,
): Warning | null {
	if (!url) return null;
	const { hostname, protocol } = new URL(url);
	if (PAGES.test(hostname)) {
		return { kind: `${what} page`, message: `${url} leads to a page, ${INSTEAD_OF_PAGE[what]}` };
	}
	const isInsecure = protocol === 'http:' && !isPrivate(baseUrl);
	if (canCall(baseUrl, url) && !isInsecure) return null;
	return {
		kind: `${what} private`,
		message: `The provider probably cannot fetch ${url}: the ${what} needs a public HTTPS URL`,
	};
}

function callbackWarning(url: string | undefined, baseUrl: string): Warning | null {
	if (!url || canCall(baseUrl, url)) return null;
	return {
		kind: 'callback',
		message: `The provider probably cannot call ${url}: "Callback URL" needs a public URL`,
	};
}
