/** What happened so far: counters, the log of requests, and the figures made of them. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DIALECTS } from './dialects';
import { Moments, type Limits } from './limits';
import type { Task, TaskRequest } from './tasks';
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
	/**
	 * Requests for new tasks, of all APIs. `refusedByRate` counts Runway's daily limit, too; `refused`
	 * are those refused for other reasons than limits.
	 */
	generate: {
		requests: number;
		accepted: number;
		refusedByRate: number;
		refusedByConcurrency: number;
		refused: number;
	};
	/** Requests for the state of a task, of all APIs. */
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
	/** Reads of a task at Runway within 5 seconds of the last one. */
	tooSoonReads: number;
	running: number;
	peakRunning: number;
	/** Tasks that run or wait for a slot. */
	open: number;
	peakOpen: number;
	uploads: Array<Pick<StoredFile, 'path' | 'size' | 'sha256'>>;
}

const LOG_LENGTH = 10_000;
const RUNWAY_INTERVAL_MS = 5_000;

export class Counters {
	readonly log: LoggedRequest[] = [];
	readonly callbacks = { due: 0, sent: 0, lost: 0, doubled: 0, delivered: 0, failed: 0 };
	accepted = 0;
	refusedByRate = 0;
	refusedByConcurrency = 0;
	unauthorized = 0;
	authorizedFileRequests = 0;
	private tooSoonReads = 0;
	private readonly routes: Record<string, number> = {};
	private readonly orders = new Set<string>();
	private peakRunning = 0;
	private peakOpen = 0;
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

	/** A request for the state of a task, whether there is one or not. */
	read(): void {
		const now = Date.now();
		this.recentReads.add(now);
		this.peakReads = Math.max(this.peakReads, this.recentReads.countAfter(now - 1000));
	}

	readTask(task: Task): void {
		const now = Date.now();
		const isTooSoon = task.lastReadAt !== null && now - task.lastReadAt < RUNWAY_INTERVAL_MS;
		if (task.api === 'runway' && isTooSoon) this.tooSoonReads++;
		task.lastReadAt = now;
	}

	taskAccepted(request: TaskRequest, limits: Limits): void {
		this.accepted++;
		this.peakRunning = Math.max(this.peakRunning, limits.running());
		this.peakOpen = Math.max(this.peakOpen, limits.open());
		// The same request may ask for another callback.
		const order = Object.entries(request).filter(([name]) => name !== 'callBackUrl');
		this.orders.add(JSON.stringify(order.sort()));
	}

	stats(limits: Limits, uploads: StoredFile[]): Stats {
		const { accepted, refusedByRate, refusedByConcurrency } = this;
		const ofAll = (method: string, path: 'create' | 'read') =>
			Object.values(DIALECTS).reduce(
				(sum, dialect) => sum + (this.routes[`${method} ${dialect[path]}`] ?? 0),
				0,
			);
		const generated = ofAll('POST', 'create');
		const reads = ofAll('GET', 'read');
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
			tooSoonReads: this.tooSoonReads,
			running: limits.running(),
			peakRunning: this.peakRunning,
			open: limits.open(),
			peakOpen: this.peakOpen,
			uploads: uploads.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
		};
	}
}
