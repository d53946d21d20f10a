/** The routes of all APIs: each behind a check of the key, and with errors as its API says them. */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { firewall, keyCheck, keyOf } from './access';
import { API_NAMES, DIALECTS, type ApiName } from './dialects';
import { answerBadly, ApiError, toApiError } from './errors';
import { kieAccount, kieUpload } from './kieAccount';
import { runwayAccount, runwayStorage } from './runwayAccount';
import { startTask } from './startTask';
import type { State } from './state';

type Routes = (app: FastifyInstance, state: State) => void;

/** The codes of what may go well later. */
const PASSING = [429, 430, 455, 502, 503, 504];

export async function apiRoutes(app: FastifyInstance, state: State): Promise<void> {
	await app.register(multipart, { limits: { fileSize: Infinity } });
	const scope = (api: ApiName, ...parts: Routes[]) =>
		app.register((child, _options, next) => {
			child.setErrorHandler((error: Error, _request, reply) => refuse(api, error, reply));
			for (const routes of parts) routes(child, state);
			next();
		});

	for (const api of API_NAMES) await scope(api, keyCheck(api), taskRoutes(api));
	await scope('jobs', keyCheck('jobs'), kieAccount);
	await scope('runway', keyCheck('runway'), runwayAccount);
	// Hosts of their own, behind firewalls. Runway's is not to see the key.
	await scope('jobs', firewall, keyCheck('jobs'), kieUpload);
	await scope('runway', firewall, runwayStorage);
}

function refuse(api: ApiName, error: Error, reply: FastifyReply): FastifyReply {
	const { settings } = reply.request;
	const { retryAfter, retryAfterMs, shouldRetry } = settings;
	const apiError = toApiError(error);
	if (PASSING.includes(apiError.code)) {
		if (retryAfter !== null) void reply.header('retry-after', retryAfter);
		if (retryAfterMs !== null) void reply.header('retry-after-ms', retryAfterMs);
	}
	if (shouldRetry !== null) void reply.header('x-should-retry', String(shouldRetry));
	const { status, body } = DIALECTS[api].error(apiError, settings);
	return reply.code(status).send(body);
}

function taskRoutes(api: ApiName): Routes {
	const { create, read } = DIALECTS[api];
	return (app, state) => {
		app.addHook('onRequest', (_request, _reply, next) => {
			const { apis } = state.settings;
			next(apis === 'all' || apis === api ? undefined : new ApiError(505));
		});
		app.post(create, (request, reply) => startTask(state, api, keyOf(request), request, reply));
		app.get(read, (request, reply) => readTask(state, api, request, reply));
	};
}

function readTask(
	state: State,
	api: ApiName,
	request: FastifyRequest,
	reply: FastifyReply,
): unknown {
	const { taskId } = { ...(request.query as object), ...(request.params as object) } as {
		taskId?: unknown;
	};
	state.counters.read();
	if (typeof taskId !== 'string' || taskId === '') throw new ApiError(422, 'taskId is required');
	const task = state.find(api, taskId);
	const { unknownTask, record } = DIALECTS[api];
	if (!task) return unknownTask();

	const settings = state.settingsFor(task);
	request.settings = settings;
	state.counters.readTask(task);
	const fault = settings.readFaults[task.reads++];
	if (fault) return answerBadly(fault, reply);
	if (Date.now() < task.createdAt + settings.lag * 1000) return unknownTask();
	return record(task, settings, state.filesBase(settings));
}
