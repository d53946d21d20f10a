/**
 * A simulator of the three APIs that serve Aleph: one server for them, the upload hosts and the
 * files, with the limits, delays and failures of the real ones, adjustable at start, at run time and
 * per prompt.
 */
import axios from 'axios';
import Fastify, { type FastifyInstance } from 'fastify';
import { apiRoutes } from './api';
import { DIALECTS, type ApiName } from './dialects';
import { fileRoutes } from './files';
import { readSettings, type Settings } from './settings';
import { State } from './state';
import type { LoggedRequest, Stats } from './stats';
import { viewOf, type TaskRequest, type TaskView } from './tasks';

export type { ApiName, LoggedRequest, Settings, Stats, TaskRequest, TaskView };

export interface Simulator {
	/** Without a slash at the end. */
	url: string;
	/** Live: a change holds from now on. */
	settings: Settings;
	stats(): Stats;
	/** In the order in which they were accepted. */
	tasks(): TaskView[];
	/** The last 10,000. */
	requests(): LoggedRequest[];
	/** Starts a task as a client would, and returns its id. Throws what the API says if it refuses. */
	startTask: (request?: Partial<TaskRequest>, account?: Account) => Promise<string>;
	/** Ends those that still run and whose prompt has the text. */
	endTasks(text: string): void;
	/** Cuts every connection and forgets every pending callback. */
	close(): Promise<void>;
}

interface Account {
	/** The Aleph API unless another is given. */
	api?: ApiName;
	key?: string;
}

declare module 'fastify' {
	interface FastifyRequest {
		/** The simulator's, with what the task of this request asked for on top. */
		settings: Settings;
	}
}

/** @param options settings that differ from the defaults; a free port unless one is given */
export async function startSimulator(
	options: Partial<Settings> & { port?: number; host?: string } = {},
): Promise<Simulator> {
	const { port = 0, host = '127.0.0.1', ...settings } = options;
	const state = new State(settings);
	const app = server(state);
	state.url = await app.listen({ port, host });
	return {
		url: state.url,
		settings: state.settings,
		stats: () => state.stats(),
		tasks: () => [...state.tasks.values()].map(viewOf),
		requests: () => [...state.counters.log],
		startTask: async (request = {}, account = {}) => {
			const sample = { prompt: 'Make it snow', videoUrl: `${state.url}/files/sample.mp4` };
			return await startTask(state.url, { ...sample, ...request }, account);
		},
		endTasks: (text) => state.endTasks(text),
		close: async () => {
			state.end();
			await app.close();
		},
	};
}

async function startTask(url: string, request: TaskRequest, account: Account): Promise<string> {
	const { api = 'aleph', key = 'key' } = account;
	const { create, bodyOf } = DIALECTS[api];
	const { data: body } = await axios.post<Created>(`${url}${create}`, bodyOf(request), {
		headers: { authorization: `Bearer ${key}`, 'x-runway-version': '2024-11-06' },
		proxy: false,
		validateStatus: () => true,
	});
	const taskId = body.id ?? body.data?.taskId;
	if (taskId === undefined) throw new Error(`The task was refused: ${JSON.stringify(body)}`);
	return taskId;
}

interface Created {
	id?: string;
	data?: { taskId: string } | null;
}

function server(state: State): FastifyInstance {
	const app = Fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
	app.decorateRequest('settings');
	app.addHook('onRequest', (request, reply, next) => {
		request.settings = state.settings;
		state.counters.request(request, reply);
		next();
	});
	app.setNotFoundHandler((request, reply) =>
		reply
			.code(404)
			.send(
				request.url.startsWith('/v1/')
					? { error: 'Not found' }
					: { code: 404, msg: 'Not found', data: null },
			),
	);
	void app.register((scope) => apiRoutes(scope, state));
	void app.register((scope, _options, next) => next(void fileRoutes(scope, state)));
	void app.register((scope, _options, next) => next(void controlRoutes(scope, state)));
	return app;
}

/** The routes that are not the API's: to look at the simulator and to change it as it runs. */
function controlRoutes(app: FastifyInstance, state: State): void {
	// What curl and axios call everything that is not said to be JSON.
	app.addContentTypeParser(
		'application/x-www-form-urlencoded',
		{ parseAs: 'string' },
		(_request, body, done) => done(null, body),
	);
	app.setErrorHandler((error: Error, _request, reply) =>
		reply.code(422).send({ msg: error.message }),
	);

	app.get('/stats', () => state.stats());
	app.get('/settings', () => state.settings);
	app.patch('/settings', (request) => Object.assign(state.settings, changes(request.body)));
	app.post('/reset', () => {
		state.reset();
		return state.settings;
	});
}

function changes(body: unknown): Partial<Settings> {
	const values: unknown = typeof body === 'string' ? JSON.parse(body) : body;
	if (values === null || typeof values !== 'object') throw new Error('settings must be an object');
	return readSettings(values as Record<string, unknown>);
}
