/** The routes that are not the API's: to look at the simulator and to change it as it runs. */
import type { FastifyInstance } from 'fastify';
import { readSettings, type Settings } from './settings';
import type { World } from './world';

export function controlRoutes(app: FastifyInstance, world: World): void {
	// What curl and axios call everything that is not said to be JSON.
	app.addContentTypeParser(
		'application/x-www-form-urlencoded',
		{ parseAs: 'string' },
		(_request, body, done) => done(null, body),
	);
	app.setErrorHandler((error: Error, _request, reply) =>
		reply.code(422).send({ msg: error.message }),
	);

	app.get('/stats', () => world.stats());
	app.get('/settings', () => world.settings);
	app.patch('/settings', (request) => Object.assign(world.settings, changes(request.body)));
	app.post('/reset', () => {
		world.reset();
		return world.settings;
	});
}

function changes(body: unknown): Partial<Settings> {
	const values: unknown = typeof body === 'string' ? JSON.parse(body) : body;
	if (values === null || typeof values !== 'object') throw new Error('settings must be an object');
	return readSettings(values as Record<string, unknown>);
}
