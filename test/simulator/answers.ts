/** How the API answers: its envelope, its refusals, and the ways in which it answers badly. */
import type { FastifyReply } from 'fastify';
import type { components } from '../../nodes/Aleph/api/openapi';

type Done<Data> = components['schemas']['Done'] & { data: Data };

const REASONS: Record<number, string> = {
	401: 'You do not have access permissions, please check your API key',
	402: 'The account has not enough credits',
	404: 'Not found',
	408: 'The upstream service is busy, please try again later',
	422: 'The parameters were refused',
	429: 'Too many requests, this one was not queued',
	433: 'The key is over its quota',
	451: 'The video or image could not be fetched',
	455: 'The service is under maintenance, please try again later',
	500: 'Internal error, please try again later',
	501: 'Generation failed',
	505: 'This feature is switched off',
	550: 'Connection denied',
};

/** Thrown by a route, turned into an envelope by `refuse`. */
export class Refusal extends Error {
	constructor(
		readonly code: number,
		reason = REASONS[code] ?? `Error ${code}`,
	) {
		super(reason);
	}
}

export function done<Data>(data: Data): Done<Data> {
	return { code: 200, msg: 'success', data };
}

/** For every error of a route; those of the web server, such as unreadable JSON, become 422. */
export function refuse(error: Error & { statusCode?: number }, reply: FastifyReply): FastifyReply {
	const code = error instanceof Refusal ? error.code : (error.statusCode ?? 500) < 500 ? 422 : 500;
	const { request } = reply;
	const { errorStyle, retryAfter } = request.settings;
	if (retryAfter !== null && (code === 429 || code === 455)) {
		void reply.header('retry-after', retryAfter);
	}
	const isUpload = request.routeOptions.url === '/api/file-stream-upload';
	return reply
		.code(errorStyle === 'status' ? code : 200)
		.send({ ...(isUpload && { success: false }), code, msg: error.message, data: null });
}

/** What the upload of kie.ai was seen to answer to clients that its firewall takes for bots. */
export function blockedByFirewall(reply: FastifyReply): FastifyReply {
	return reply
		.code(403)
		.type('text/html')
		.send('<!DOCTYPE html><title>Access denied</title><h1>Error 1010</h1><p>Cloudflare</p>');
}

/** Misbehaves as told: `cut`, `html`, `hang`, or a code. */
export function answerBadly(fault: string, reply: FastifyReply): FastifyReply {
	switch (fault) {
		case 'cut':
			reply.hijack().raw.destroy();
			return reply;
		case 'hang':
			return reply.hijack();
		case 'html':
			return reply
				.code(502)
				.type('text/html')
				.send('<html><head><title>502 Bad Gateway</title></head><body></body></html>');
		default:
			throw new Refusal(Number(fault));
	}
}
