/** How the simulator says no, and the ways in which it answers badly. */
import type { FastifyReply } from 'fastify';
import type { Issue } from './contract';

/** Thrown by a route. The dialect of the route says it in its own way. */
export class ApiError extends Error {
	/**
	 * @param code in kie.ai's words, such as 422 for wrong parameters
	 * @param message if absent, what the dialect says for the code
	 * @param issues what is wrong with a body
	 */
	constructor(
		readonly code: number,
		message = '',
		readonly issues: Issue[] = [],
	) {
		super(message);
	}
}

/** For whatever a route throws; errors of the web server, such as unreadable JSON, become 422. */
export function toApiError(error: Error & { statusCode?: number }): ApiError {
	if (error instanceof ApiError) return error;
	return new ApiError((error.statusCode ?? 500) < 500 ? 422 : 500, error.message);
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
			throw new ApiError(Number(fault));
	}
}
