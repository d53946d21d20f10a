/**
 * A simulator of both generations of the API: one server for them, the upload host and the files,
 * with the limits, delays and failures of the real one, adjustable at start, at run time and per
 * prompt.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { apiRoutes } from './api';
import { refuse } from './answers';
import { controlRoutes } from './control';
import { fileRoutes } from './files';
import type { Settings } from './settings';
import type { LoggedRequest, Stats } from './stats';
import { viewOf, type TaskView } from './tasks';
import { World } from './world';

export type { LoggedRequest, Settings, Stats, TaskView };

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
	/** Cuts every connection and forgets every pending callback. */
	close(): Promise<void>;
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
	const world = new World(settings);
	const app = server(world);
	world.url = await app.listen({ port, host });
	return {
		url: world.url,
		settings: world.settings,
		stats: () => world.stats(),
		tasks: () => [...world.tasks.values()].map(viewOf),
		requests: () => [...world.counters.log],
		close: async () => {
			world.end();
			await app.close();
		},
	};
}

function server(world: World): FastifyInstance {
	const app = Fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
	app.decorateRequest('settings');
	app.addHook('onRequest', (request, reply, next) => {
		request.settings = world.settings;
		world.counters.request(request, reply);
		next();
	});
	app.setErrorHandler((error: Error, _request, reply) => refuse(error, reply));
	app.setNotFoundHandler((_request, reply) =>
		reply.code(404).send({ code: 404, msg: 'Not found', data: null }),
	);
	void app.register((scope) => apiRoutes(scope, world));
	void app.register((scope, _options, next) => next(void fileRoutes(scope, world)));
	void app.register((scope, _options, next) => next(void controlRoutes(scope, world)));
	return app;
}
