/** What happened so far: counters, the log of requests, and the figures made of them. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DIALECTS } from './dialects';
import { Moments } from './moments';
import type { GenerateRequest } from './tasks';
import type { StoredFile } from './uploads';

export interface LoggedRequest {
	/** Epoch milliseconds. */
	time: number;
	method: string;
	path: string;
	query: unknown;
	hasAuthorization: boolean;
	userAgent: string | null;
	/** Null as long as there is no answer, thus for good if the connection was cut. */
	status: number | null;
}

export interface Stats {
	/** Requests of each route, such as `POST /api/v1/aleph/generate`. */
	routes: Record<string, number>;
	/** Requests for new tasks, of both APIs. `refused` are those refused for other reasons than the two limits. */
	generate: {
		requests: number;
		accepted: number;
		refusedByRate: number;
		refusedByConcurrency: number;
		refused: number;
	};
	/** Requests for the state of a task, of both APIs. */
	recordInfo: { requests: number; peakPerSecond: number };
	/** Accepted requests for tasks and those for their state, divided by the tasks. */
	requestsPerTask: number;
	/** `sent` tries went out, `lost` ones did not; the others count tasks. */
	callbacks: {
		due: number;
		sent: number;
		lost: number;
		doubled: number;
		delivered: number;
		failed: number;
	};
	unauthorized: number;
	/** Requests for files that gave away the key. */
	authorizedFileRequests: number;
	/** Accepted tasks that ask for the same as an earlier one: paid twice. */
	duplicates: number;
	running: number;
	peakRunning: number;
	uploads: Array<Pick<StoredFile, 'path' | 'size' | 'sha256'>>;
}

const LOG_LENGTH = 10_000;

export class Counters {
	readonly log: LoggedRequest[] = [];
	readonly callbacks = { due: 0, sent: 0, lost: 0, doubled: 0, delivered: 0, failed: 0 };
	accepted = 0;
	refusedByRate = 0;
	refusedByConcurrency = 0;
	unauthorized = 0;
	authorizedFileRequests = 0;
	private readonly routes: Record<string, number> = {};
	private readonly orders = new Set<string>();
	private peakRunning = 0;
	private readonly recentReads = new Moments();
	private peakReads = 0;

	request(request: FastifyRequest, reply: FastifyReply): void {
		const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
		this.routes[route] = (this.routes[route] ?? 0) + 1;
		const entry: LoggedRequest = {
			time: Date.now(),
			method: request.method,
			path: request.url.split('?')[0] ?? '',
			query: request.query,
			hasAuthorization: request.headers.authorization !== undefined,
			userAgent: request.headers['user-agent'] ?? null,
			status: null,
		};
		reply.raw.once('finish', () => (entry.status = reply.statusCode));
		this.log.push(entry);
		if (this.log.length > LOG_LENGTH) this.log.shift();
	}

	recordInfoRead(): void {
		const now = Date.now();
		this.recentReads.add(now);
		this.peakReads = Math.max(this.peakReads, this.recentReads.countAfter(now - 1000));
	}

	taskAccepted(request: GenerateRequest, running: number): void {
		this.accepted++;
		this.peakRunning = Math.max(this.peakRunning, running);
		// The same order may ask to be told elsewhere.
		const order = Object.entries(request).filter(([name]) => name !== 'callBackUrl');
		this.orders.add(JSON.stringify(order.sort()));
	}

	stats(running: number, uploads: StoredFile[]): Stats {
		const { accepted, refusedByRate, refusedByConcurrency } = this;
		const ofBoth = (method: string, path: 'create' | 'read') =>
			Object.values(DIALECTS).reduce(
				(sum, dialect) => sum + (this.routes[`${method} ${dialect[path]}`] ?? 0),
				0,
			);
		const generated = ofBoth('POST', 'create');
		const reads = ofBoth('GET', 'read');
		return {
			routes: { ...this.routes },
			generate: {
				requests: generated,
				accepted,
				refusedByRate,
				refusedByConcurrency,
				refused: generated - accepted - refusedByRate - refusedByConcurrency,
			},
			recordInfo: { requests: reads, peakPerSecond: this.peakReads },
			requestsPerTask: accepted === 0 ? 0 : (accepted + reads) / accepted,
			callbacks: { ...this.callbacks },
			unauthorized: this.unauthorized,
			authorizedFileRequests: this.authorizedFileRequests,
			duplicates: accepted - this.orders.size,
			running,
			peakRunning: this.peakRunning,
			uploads: uploads.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
		};
	}
}
