/** What an account at Runway has beside tasks: cancelling, credits and limits, and uploads. */
import { createHash, randomUUID } from 'node:crypto';
import type RunwayML from '@runwayml/sdk';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keyOf } from './access';
import { inWords, issuesOf } from './contract';
import { ApiError } from './errors';
import type { State } from './state';

const STORAGE = '/storage/ephemeral';
const MIN_UPLOAD = 512;
const MAX_UPLOAD = 200 * 1024 * 1024;
const MAX_MONTHLY_SPEND = 100_000;

export function runwayAccount(app: FastifyInstance, state: State): void {
	app.delete('/v1/tasks/:taskId', (request, reply) => {
		const task = state.find('runway', (request.params as { taskId: string }).taskId);
		if (!task) throw new ApiError(404);
		state.cancelOrDelete(task);
		return reply.code(204).send();
	});
	app.get('/v1/organization', (request, reply) =>
		state.settings.creditEndpoint ? organization(state, keyOf(request)) : reply.callNotFound(),
	);
	app.post('/v1/uploads', (request, reply) =>
		state.settings.upload ? placeholder(state, request.body) : reply.callNotFound(),
	);
}

function organization({ settings, limits }: State, key: string) {
	const { credits, concurrency, dailyLimit } = settings;
	const limit = { maxConcurrentGenerations: concurrency, maxDailyGenerations: dailyLimit };
	const answer: RunwayML.OrganizationRetrieveResponse = {
		creditBalance: credits,
		tier: { maxMonthlyCreditSpend: MAX_MONTHLY_SPEND, models: { aleph2: limit } },
		usage: { models: { aleph2: { dailyGenerations: limits.of(key).today() } } },
	};
	return answer;
}

/** Where a file may be sent, and what it is called from then on. */
function placeholder({ url }: State, body: unknown) {
	const issues = issuesOf('UploadPlaceholderRequest', body);
	if (issues.length > 0) throw new ApiError(422, inWords(issues), issues);
	const id = randomUUID();
	const fields = { key: id, policy: 'ephemeral', 'x-amz-signature': signatureOf(id) };
	return { uploadUrl: `${url}${STORAGE}`, fields, runwayUri: `runway://${id}` };
}

/** It lets the storage know its own fields without remembering them. */
function signatureOf(id: string): string {
	return createHash('sha256').update(`a secret and ${id}`).digest('hex');
}

/** The host of the uploads. The fields stand for the key, which it is not to see. */
export function runwayStorage(app: FastifyInstance, state: State): void {
	app.post(STORAGE, async (request, reply) => {
		if (request.headers.authorization !== undefined) {
			state.counters.authorizedFileRequests++;
			return storageError(reply, 400, 'InvalidArgument');
		}
		return await receive(state, request, reply);
	});
}

async function receive(state: State, request: FastifyRequest, reply: FastifyReply) {
	const { file, fields, late } = await state.uploads.receive(request, state.uploadConnection());
	const { key } = fields;
	if (!file || late.length > 0) return storageError(reply, 400, 'InvalidArgument');
	if (typeof key !== 'string' || fields['x-amz-signature'] !== signatureOf(key)) {
		return storageError(reply, 403, 'AccessDenied');
	}
	if (file.size < MIN_UPLOAD) return storageError(reply, 400, 'EntityTooSmall');
	if (file.size > MAX_UPLOAD) return storageError(reply, 400, 'EntityTooLarge');
	state.uploads.store(file, '', key);
	return reply.code(204).send();
}

function storageError(reply: FastifyReply, status: number, code: string): FastifyReply {
	return reply
		.code(status)
		.type('application/xml')
		.send(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`);
}
