/** A request for a new task: everything that may happen before it is accepted, and after. */
import type { Readable } from 'node:stream';
import axios from 'axios';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerBadly, done, Refusal } from './answers';
import { faultsOf } from './contract';
import { DIALECTS, type ApiName } from './dialects';
import { directives, type Settings } from './settings';
import type { GenerateRequest } from './tasks';
import type { World } from './world';

type Faults = Partial<Record<NonNullable<Settings['generateFault']>, string>>;

const FAULTS_BEFORE: Faults = { cutBefore: 'cut', errorBefore: '500' };
const FAULTS_AFTER: Faults = { cutAfter: 'cut', errorAfter: '500', html: 'html', hang: 'hang' };

export async function generate(
	world: World,
	api: ApiName,
	key: string,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<unknown> {
	const dialect = DIALECTS[api];
	const asked = dialect.orderIn(request.body);
	const settings = settingsAskedFor(asked.prompt, world.settings);
	request.settings = settings;
	if (!world.limits.admit(key, settings.rateLimit)) {
		world.counters.refusedByRate++;
		throw new Refusal(429, `Rate limit: more than ${settings.rateLimit} requests in 10 seconds`);
	}
	const faults = faultsOf(dialect.schema, request.body);
	if (faults) throw new Refusal(422, faults);
	const order = asked as GenerateRequest;
	if (settings.refuse !== null) throw new Refusal(settings.refuse);
	const early = settings.generateFault && FAULTS_BEFORE[settings.generateFault];
	if (early) return answerBadly(early, reply);

	if (settings.fetchVideo) await fetchMedia(order, world.ending.signal);
	if (world.limits.running(key) >= settings.concurrency) {
		world.counters.refusedByConcurrency++;
		throw new Refusal(429, `Concurrency limit: ${settings.concurrency} tasks are running`);
	}
	if (settings.credits < settings.creditPerTask || settings.credits === 0) throw new Refusal(402);

	const { taskId } = world.accept({ api, key, order, sent: request.body }, settings);
	const late = settings.generateFault && FAULTS_AFTER[settings.generateFault];
	return late ? answerBadly(late, reply) : done({ taskId });
}

function settingsAskedFor(prompt: unknown, settings: Settings): Settings {
	if (typeof prompt !== 'string') return settings;
	try {
		return { ...settings, ...directives(prompt) };
	} catch (error) {
		throw new Refusal(422, `prompt: ${(error as Error).message}`);
	}
}

async function fetchMedia(order: GenerateRequest, signal: AbortSignal): Promise<void> {
	await fetchOne(order.videoUrl, 'video', signal);
	if (order.referenceImage) await fetchOne(order.referenceImage, 'image', signal);
}

async function fetchOne(url: string, kind: 'video' | 'image', signal: AbortSignal): Promise<void> {
	const answer = await axios
		.get<Readable>(url, { responseType: 'stream', timeout: 10_000, signal })
		.catch(() => null);
	// What it is shows in the headers.
	answer?.data.destroy();
	const type = String(answer?.headers['content-type'] ?? 'nothing');
	if (!type.startsWith(`${kind}/`)) {
		throw new Refusal(451, `The ${kind} could not be fetched: ${url} gives ${type}`);
	}
}
