/** Who may ask: the check of the key, and the firewall in front of the hosts of files. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiName } from './dialects';
import { ApiError } from './errors';
import type { State } from './state';

const RUNWAY_VERSION = '2024-11-06';
const PACKAGE = /\bn8n-nodes-[\w-]+/;

export function keyOf(request: FastifyRequest): string {
	return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]?.trim() ?? '';
}

export function keyCheck(api: ApiName): (app: FastifyInstance, state: State) => void {
	return (app, state) => {
		app.addHook('onRequest', (request, _reply, next) => next(reasonToRefuse(state, api, request)));
	};
}

function reasonToRefuse(state: State, api: ApiName, request: FastifyRequest): ApiError | undefined {
	const { keys, ipBlocked, maintenance } = state.settings;
	const key = keyOf(request);
	const valid = keys ? keys.includes(key) : key !== '' && !key.startsWith('wrong');
	if (!valid || ipBlocked) {
		state.counters.unauthorized++;
		return new ApiError(401, valid ? 'The IP address is not in the whitelist of the API key' : '');
	}
	if (api === 'runway' && request.headers['x-runway-version'] !== RUNWAY_VERSION) {
		return new ApiError(400, `The header X-Runway-Version has to be ${RUNWAY_VERSION}.`);
	}
	return maintenance ? new ApiError(455) : undefined;
}

/** Answers with a page, as Cloudflare was seen to do. It looks at no key. */
export function firewall(app: FastifyInstance, { settings }: State): void {
	app.addHook('onRequest', (request, reply, next) => {
		const isUpload = request.method === 'POST';
		const isScript = !PACKAGE.test(request.headers['user-agent'] ?? '');
		const isBlocked = (settings.firewall && isUpload) || (settings.botCheck && isScript);
		if (!isBlocked) return next();
		void reply
			.code(403)
			.type('text/html')
			.send('<!DOCTYPE html><title>Access denied</title><h1>Error 1010</h1><p>Cloudflare</p>');
	});
}
