/**
 * n8n's queue mode: a main process for the editor, workers that execute, and processes that take
 * webhooks. Each has its own user folder with the package in it, as in a container of its own; they
 * share the database, the queue and the encryption key.
 */
import { randomBytes } from 'node:crypto';
import { startBalancer } from './balancer';
import { freePorts } from './ports';
import { startN8n, type N8nCommand, type N8nOptions, type N8nServer } from './server';
import { openServices } from './services';

export interface QueueMode {
	main: N8nServer;
	workers: N8nServer[];
	/** What take webhooks, which the main process does not. */
	webhooks: N8nServer[];
	/** WEBHOOK_URL, behind which they take turns. */
	webhookUrl: string;
	/** Kills the processes that take webhooks, and starts them again. */
	restartWebhooks(): Promise<void>;
	/** The worker that has begun the execution last. */
	workerOf(executionId: string): N8nServer | undefined;
	stop(): Promise<void>;
}

interface QueueOptions {
	packageTarball: string;
	workers?: number;
	webhooks?: number;
	/** Environment variables of all processes. */
	env?: Record<string, string>;
}

export async function startQueueMode(options: QueueOptions): Promise<QueueMode> {
	const { packageTarball, workers: workerCount = 2, webhooks: webhookCount = 2 } = options;
	const services = await openServices();
	const [publicPort = 0, ...ports] = await freePorts(1 + workerCount + webhookCount);
	const workerPorts = ports.slice(0, workerCount);
	const balancer = await startBalancer(publicPort);
	balancer.ports = ports.slice(workerCount);
	const webhookUrl = `http://localhost:${publicPort}`;
	const env = {
		...services.env,
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
		N8N_ENCRYPTION_KEY: randomBytes(24).toString('base64'),
		WEBHOOK_URL: `${webhookUrl}/`,
		...options.env,
	};
	const started: N8nServer[] = [];
	const start = async (command: N8nCommand, places: Pick<N8nOptions, 'port' | 'userFolder'>) => {
		const { port, userFolder } = places;
		const tarball = userFolder ? undefined : packageTarball;
		const server = await startN8n({
			command,
			...places,
			packageTarball: tarball,
			env: command === 'worker' ? { ...env, ...healthOn(port) } : env,
		});
		started.push(server);
		return server;
	};
	const stop = async () => {
		await Promise.all(started.map(async (server) => await server.stop()));
		balancer.close();
		await services.release();
	};

	try {
		// Alone at first: it sets the database up.
		const main = await start('start', {});
		const [webhooks, workers] = await Promise.all([
			Promise.all(balancer.ports.map(async (port) => await start('webhook', { port }))),
			Promise.all(workerPorts.map(async (port) => await start('worker', { port }))),
		]);
		const queue: QueueMode = {
			main,
			workers,
			webhooks,
			webhookUrl,
			restartWebhooks: async () => {
				await Promise.all(queue.webhooks.map(async (server) => await server.kill()));
				queue.webhooks = await Promise.all(
					queue.webhooks.map(
						async ({ port, userFolder }) => await start('webhook', { port, userFolder }),
					),
				);
			},
			workerOf: (executionId) => latestWorkerOf(executionId, workers),
			stop,
		};
		return queue;
	} catch (error) {
		await stop();
		throw error;
	}
}

/** A worker answers nothing but this, and only if told so. */
function healthOn(port = 0): Record<string, string> {
	return {
		QUEUE_HEALTH_CHECK_ACTIVE: 'true',
		QUEUE_HEALTH_CHECK_PORT: String(port),
		N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
	};
}

/** Jobs are numbered as they come, and a worker prints which it takes. */
function latestWorkerOf(executionId: string, workers: N8nServer[]): N8nServer | undefined {
	const beginning = new RegExp(`Worker started execution ${executionId} \\(job (\\d+)\\)`, 'g');
	const taken = workers.flatMap((worker) =>
		[...worker.logs().matchAll(beginning)].map(([, job]) => ({ worker, job: Number(job) })),
	);
	return taken.sort((a, b) => b.job - a.job)[0]?.worker;
}
