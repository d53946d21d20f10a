/** A request for a new task: everything that may happen before it is accepted, and after. */
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import axios from 'axios';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { inWords, issuesOf } from './contract';
import { DIALECTS, type ApiName, type Dialect } from './dialects';
import { answerBadly, ApiError } from './errors';
import { directives, type Settings } from './settings';
import type { State } from './state';
import type { TaskRequest } from './tasks';

export async function startTask(
	state: State,
	api: ApiName,
	key: string,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<unknown> {
	const dialect = DIALECTS[api];
	const asked = dialect.requestIn(request.body);
	const settings = settingsAskedFor(asked.prompt, state.settings);
	request.settings = settings;
	admit(state, dialect, key, settings);
	const issues = issuesOf(dialect.schema, request.body);
	if (issues.length > 0) throw new ApiError(422, inWords(issues), issues);
	if (settings.refuse !== null) throw new ApiError(settings.refuse, settings.refuseText ?? '');
	if (settings.modelGone) throw dialect.modelGone();
	const early = faultOf(settings, 'Before');
	if (early) return answerBadly(early, reply);

	const wanted = asked as TaskRequest;
	await checkMedia(state, dialect, wanted, settings);
	if (!dialect.queues && state.limits.of(key).running() >= settings.concurrency) {
		state.counters.refusedByConcurrency++;
		throw new ApiError(429, `Concurrency limit: ${settings.concurrency} tasks are running`);
	}
	if (settings.credits < settings.creditPerTask || settings.credits === 0) throw new ApiError(402);

	const task = state.accept({ api, key, request: wanted }, settings);
	const late = faultOf(settings, 'After');
	return late ? answerBadly(late, reply) : dialect.created(task);
}

function faultOf(settings: Settings, moment: 'Before' | 'After'): string | null {
	const { generateFault: fault, generateFaultCode } = settings;
	if (fault === `cut${moment}`) return 'cut';
	if (fault === `error${moment}`) return String(generateFaultCode);
	return moment === 'After' && (fault === 'html' || fault === 'hang') ? fault : null;
}

function settingsAskedFor(prompt: unknown, settings: Settings): Settings {
	if (typeof prompt !== 'string') return settings;
	try {
		return { ...settings, ...directives(prompt) };
	} catch (error) {
		throw new ApiError(422, `prompt: ${(error as Error).message}`);
	}
}

/** kie.ai counts the requests of 10 seconds, Runway the tasks of a day. */
function admit(state: State, dialect: Dialect, key: string, settings: Settings): void {
	const limits = state.limits.of(key);
	const { rateLimit, dailyLimit } = settings;
	const fits = dialect.queues ? limits.today() < dailyLimit : limits.admit(rateLimit);
	if (fits) return;
	state.counters.refusedByRate++;
	throw new ApiError(
		429,
		dialect.queues ? '' : `Rate limit: more than ${rateLimit} requests in 10 seconds`,
	);
}

async function checkMedia(
	state: State,
	{ queues }: Dialect,
	{ videoUrl, referenceImage, keyframes = [] }: TaskRequest,
	{ httpsOnly, fetchVideo }: Settings,
): Promise<void> {
	const images = [referenceImage, ...keyframes.map(({ uri }) => uri)];
	const media = [
		{ url: videoUrl, kind: 'video' },
		...images.map((url) => ({ url, kind: 'image' })),
	];
	for (const { url, kind } of media) {
		if (url === undefined || url.startsWith('data:')) continue;
		if (url.startsWith('runway://')) {
			if (state.uploads.find(url.slice('runway://'.length))) continue;
			throw new ApiError(451, `Failed to fetch asset. ${url} is not known.`);
		}
		if (queues && httpsOnly) checkAddress(url);
		if (fetchVideo) await fetchOne(url, kind, state.ending.signal);
	}
}

function checkAddress(url: string): void {
	const { protocol, hostname } = new URL(url);
	if (protocol !== 'https:') throw new ApiError(422, 'Only HTTPS URLs are allowed.');
	if (isIP(hostname.replace(/[[\]]/g, '')))
		throw new ApiError(422, 'IP addresses are not allowed.');
	if (url.length > 2048) throw new ApiError(422, 'A URL has at most 2048 characters.');
}

async function fetchOne(url: string, kind: string, signal: AbortSignal): Promise<void> {
	const answer = await axios
		.get<Readable>(url, { responseType: 'stream', timeout: 10_000, signal })
		.catch(() => null);
	// What it is shows in the headers.
	answer?.data.destroy();
	const type = String(answer?.headers['content-type'] ?? 'nothing');
	if (!type.startsWith(`${kind}/`)) {
		throw new ApiError(451, `The ${kind} could not be fetched: ${url} gives ${type}`);
	}
}
