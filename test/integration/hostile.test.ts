/** Whatever the API answers: a task or an item with all its fields, or an error that says what to do. */
import '../support/fastClock';
import fc from 'fast-check';
import type { IBinaryKeyData, INodeParameters, IWebhookFunctions, OnError } from 'n8n-workflow';
import { taskFromCallback } from '../../nodes/Aleph/api/callback';
import { readCallback } from '../../nodes/Aleph/api/callback';
import { DIALECTS } from '../../nodes/Aleph/api/connect';
import { openEnvelope, type HttpAnswer } from '../../nodes/Aleph/api/envelope';
import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { asNumber, asObject, asText, parseObject } from '../../nodes/Aleph/task/json';
import { logged } from '../support/engine';
import * as hostile from '../support/hostile/answers';
import { ECHO, good, type Answer } from '../support/hostile/answers';
import { expectFields, number, orNull, TASK, UPLOAD } from '../support/hostile/fields';
import {
	elsewhere,
	forEach,
	itemOf,
	KEY,
	run,
	SEED,
	server,
	useHostileServers,
} from '../support/hostile/run';
import { API_PATHS, PATHS } from '../support/hostile/server';

const MANY = { seed: SEED, numRuns: 5_000 };

const json = (value: fc.Arbitrary<unknown>) =>
	fc.oneof(value, hostile.anything).map(hostile.asJson);
const parsed = (text: string) => JSON.parse(text) as unknown;

const APIS = ['aleph', 'jobs'] as const;

useHostileServers();

describe.each(APIS)('any JSON of the API "%s"', (api) => {
	it('as a record is a task', () => {
		const property = fc.property(json(hostile.records[api]), (data) => {
			const task = DIALECTS[api].taskFromRecord('a-task', parsed(data));
			expectFields(task, TASK);
			expect(task.taskId).toBe('a-task');
			expect(task.status).not.toBe('timeout');
		});
		fc.assert(property, MANY);
	});

	it('as a callback is a task, or none', () => {
		const property = fc.property(json(hostile.callbacks[api]), (body) => {
			const task = taskFromCallback(parsed(body));
			if (task) expectFields(task, TASK);
		});
		fc.assert(property, MANY);
	});

	it('as a callback that nobody has signed is refused, whatever its headers', () => {
		const now = String(Math.floor(Date.now() / 1000));
		const name = fc.constantFrom('x-webhook-signature', 'x-webhook-timestamp');
		const headers = fc.dictionary(name, fc.oneof(fc.constant(now), hostile.anything));
		const property = fc.property(json(hostile.callbacks[api]), headers, (body, headerData) => {
			const functions = {
				getRequestObject: () => ({ rawBody: Buffer.from(body) }),
				getBodyData: () => parsed(body),
				getHeaderData: () => headerData,
			} as unknown as IWebhookFunctions;
			const refusal = readCallback(functions, 'a key');
			expect('msg' in refusal && [400, 401].includes(refusal.code)).toBe(true);
		});
		fc.assert(property, MANY);
	});

	it('as an envelope gives data, or a failure that does not show the key', () => {
		const http = hostile.answers(hostile.records[api], 'https://example.com', ['whole']);
		const property = fc.property(
			json(hostile.envelope(hostile.records[api])),
			http,
			(body, answer) => {
				const { status, headers } = answer;
				const opened = open({ statusCode: status, headers, body: parsed(body) });
				if (!('failure' in opened)) {
					expect(asNumber(asObject(parsed(body)).code)).toBe(200);
					expect(Math.floor(status / 100)).toBe(2);
					return;
				}
				const { failure } = opened;
				expect(failure).toBeInstanceOf(ApiFailure);
				expect(failure.reason.trim()).not.toBe('');
				expect(failure.message).not.toContain(ECHO);
				expect(orNull(number)(failure.code)).toBe(true);
				if (failure.isRefusedForNow) expect([429, 455]).toContain(failure.code);
			},
		);
		fc.assert(property, MANY);
	});

	it('leaves no trace in other objects', () => {
		expect({}).not.toHaveProperty('polluted');
	});
});

function open(answer: HttpAnswer): { data: unknown } | { failure: ApiFailure } {
	try {
		return { data: openEnvelope(answer, (text) => text.replaceAll(ECHO, '*****')) };
	} catch (failure) {
		return { failure: failure as ApiFailure };
	}
}

/** Mostly whole, since most of what can go wrong is inside. */
const answers = (
	data: fc.Arbitrary<unknown>,
	deliveries: Array<Answer['delivery']> = ['cut', 'cutInside', 'garbage'],
) => hostile.answers(data, `${elsewhere.url}/stolen`, deliveries);

const DONE = { successFlag: 1, response: { resultVideoUrl: 'https://example.com/out.mp4' } };

const doneIn = {
	aleph: DONE,
	jobs: { state: 'success', resultJson: '{"resultUrls":["https://example.com/out.mp4"]}' },
};

const get = (parameters: INodeParameters = {}): INodeParameters => ({
	resource: 'video',
	operation: 'get',
	taskId: 'a-task',
	...parameters,
});

const generate = (parameters: INodeParameters = {}): INodeParameters => ({
	resource: 'video',
	operation: 'generate',
	prompt: 'Make it snow',
	videoUrl: 'https://example.com/in.mp4',
	...parameters,
});

const getCredits: INodeParameters = { resource: 'account', operation: 'getCredits' };

const upload: INodeParameters = { resource: 'file', operation: 'upload', binaryProperty: 'data' };

const file: IBinaryKeyData = {
	data: { data: 'AAAA', mimeType: 'video/mp4', fileName: 'a.mp4', fileExtension: 'mp4' },
};

const briefly = { waitForCompletion: true, options: { timeout: 0.01 } };

/** What the user has chosen, which makes an item or an error of the same answer. */
const choice = fc.record({
	simplify: fc.boolean(),
	onError: fc.constantFrom<OnError>('stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'),
});

/**
 * What an answer to generate says of the task: its ID, or the code that it was refused with, or nothing
 * that a client could rely on. Null where that depends on how the body is understood.
 */
function meaningOf({ status, headers, body, delivery }: Answer) {
	if (delivery !== 'whole') return {};
	if ('content-length' in headers || 'content-encoding' in headers) return null;
	const { code, data } = [204, 304].includes(status) ? {} : parseObject(body);
	const accepted = asNumber(code) === 200;
	const verdict = accepted ? status : (asNumber(code) ?? status);
	const isRefusal =
		(verdict >= 400 && verdict < 500 && verdict !== 408) || [505, 550].includes(verdict);
	if (isRefusal) return { refusal: verdict };
	const { taskId: id, task_id: otherId } = asObject(data);
	const number = asNumber(id);
	const taskId = asText(id) ?? asText(otherId) ?? (number === null ? null : String(number));
	return accepted && verdict < 300 && taskId && !taskId.includes(ECHO) ? { taskId } : {};
}

describe.each(APIS)('any answer of the API "%s" to', (api) => {
	const paths = API_PATHS[api];
	const done = doneIn[api];
	it('a check is a task or an error', async () => {
		const given = fc.tuple(answers(hostile.records[api]), choice);
		await forEach(given, 60, async ([answer, { simplify, onError }]) => {
			const outcome = await run(
				get({ simplify }),
				{ [paths.record]: answer },
				{ times: 2, onError, api },
			);
			const item = itemOf(outcome);
			if (item && simplify) expectFields(item, TASK);
		});
	});

	it('a check ends a wait for it', async () => {
		const given = fc.tuple(answers(hostile.records[api], ['cut', 'cutInside', 'silent']), choice);
		await forEach(given, 60, async ([answer, { simplify, onError }]) => {
			const outcome = await run(
				get({ simplify, ...briefly }),
				{ [paths.record]: answer },
				{ onError, api },
			);
			const item = itemOf(outcome);
			if (item && simplify) expect(item).toMatchObject({ taskId: 'a-task', status: 'success' });
		});
	});

	it('generate is a task or an error, and is paid for once', async () => {
		const given = fc.tuple(answers(hostile.accepted), choice, fc.boolean());
		await forEach(given, 80, async ([answer, { simplify, onError }, wait]) => {
			const outcome = await run(
				generate({ simplify, waitForCompletion: wait }),
				{ [paths.generate]: answer, [paths.record]: good(done) },
				{ times: 1, onError, api },
			);
			const item = itemOf(outcome);
			const meaning = meaningOf(answer);
			if (!meaning) return;
			const { taskId, refusal } = meaning;
			if (refusal !== 429 && refusal !== 455) expect(outcome.requests(paths.generate)).toBe(1);
			if (taskId) expect(item).toMatchObject(simplify || !wait ? { taskId } : done);
			else expect(item).toBeNull();
			if (!taskId && !refusal) expect(JSON.stringify(outcome.run)).toContain('it may exist');
		});
	});
});

describe('any answer to', () => {
	it('an upload is a file or an error', async () => {
		const given = fc.tuple(answers(hostile.uploaded), choice);
		await forEach(given, 40, async ([answer, { onError }]) => {
			const outcome = await run(
				upload,
				{ [PATHS.upload]: answer },
				{ times: 1, onError, binary: file },
			);
			const item = itemOf(outcome);
			if (item) expectFields(item, UPLOAD);
		});
	});

	it('the credits is a number or an error', async () => {
		const given = fc.tuple(answers(hostile.credits), choice);
		await forEach(given, 60, async ([answer, { onError }]) => {
			const outcome = await run(getCredits, { [PATHS.credits]: answer }, { times: 2, onError });
			const item = itemOf(outcome);
			if (item) expectFields(item, { credits: number });
		});
	});
});

it('data that is nested 100,000 deep is a task or an error', async () => {
	const nested = '['.repeat(100_000) + ']'.repeat(100_000);
	const body = `{"code":200,"data":{"successFlag":1,"response":${nested}}}`;
	for (const simplify of [true, false]) {
		await run(get({ simplify }), { [PATHS.record]: { ...good(null), body } });
	}
});

describe('an answer that never gets better', () => {
	const failing = fc.record({
		status: fc.constantFrom(429, 455, 500, 503),
		headers: fc
			.option(hostile.retryAfter)
			.map((value): Answer['headers'] => (value === null ? {} : { 'retry-after': value })),
		body: fc.constant(''),
		delivery: fc.constantFrom<Answer['delivery']>('whole', 'cut', 'garbage', 'silent', 'trickling'),
	});

	it('is not asked for without a pause, nor for ever', async () => {
		const operations = fc.constantFrom<[INodeParameters, string]>(
			[get(), PATHS.record],
			[getCredits, PATHS.credits],
		);
		await forEach(fc.tuple(failing, operations), 30, async ([answer, [parameters, path]]) => {
			const { error, requests } = await run(parameters, { [path]: answer });
			expect(error).toBeDefined();
			expect(requests(path)).toBeLessThan(50);
		});
	});

	it('that comes in bit by bit does not do so for ever', async () => {
		const endless: Answer = { ...good(DONE), delivery: 'trickling' };
		const { error } = await run(get(briefly), { [PATHS.record]: endless });
		expect(error?.description).toContain('a-task');
	});
});

describe('Retry-After', () => {
	const absurd = ['99999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '1e999'];

	it.each(absurd)('of %s does not keep an account from generating for good', async (value) => {
		const refused = { ...good(null), status: 429, headers: { 'retry-after': value } };
		const first = await run(generate(briefly), { [PATHS.generate]: refused });
		expect(first.error?.message).toMatch(/^Rate limit/);
		const { apiKey } = first;
		const accepted = { [PATHS.generate]: good({ taskId: 'a-task' }) };
		const second = await run(generate({ waitForCompletion: false }), accepted, { apiKey });
		expect(itemOf(second)).toMatchObject({ taskId: 'a-task' });
	});
});

describe('any URL of a result', () => {
	const download = get({ options: { download: ['video'] } });
	const recordOf = (resultVideoUrl: string) => ({
		[PATHS.record]: good({ ...DONE, response: { resultVideoUrl } }),
	});

	it('that leads to a file gives it, whatever its name', async () => {
		const names = ['a.mp4', '', '%E0%A4%A.mp4', 'a%00b', '%2e%2e%2fx', 'a?b=%', '\u{1F3AC}.mp4'];
		const dispositions = [
			...['attachment', 'attachment; filename="../../etc/passwd"', 'filename=', 'filename="%E0"'],
			...["attachment; filename*=UTF-8''%e2%82%ac.mp4", '"'],
		];
		const headers = fc.record(
			{
				'content-disposition': fc.constantFrom(...dispositions),
				'content-type': fc.constantFrom('', 'x', 'video/mp4', 'application/octet-stream'),
			},
			{ requiredKeys: [] },
		);
		let folders = 0;
		await forEach(fc.tuple(fc.constantFrom(...names), headers), 40, async ([name, headers]) => {
			const url = new URL(`${server.url}/${++folders}/${name}`);
			server.answer('', { [url.pathname]: { ...good(null), headers } });
			const { items } = await run(download, recordOf(url.href));
			expect(items[0]?.binary?.video).toMatchObject({ mimeType: expect.any(String) as string });
		});
	});

	it.each([
		...['no URL', 'http://', '//example.com/x', 'file:///etc/passwd', 'javascript:1', 'data:,x'],
		...['http://[::1', 'http://127.0.0.1:99999/', 'ftp://127.0.0.1/x', '\0'],
	])('such as %j, which leads nowhere, is an error that names the task', async (url) => {
		const { error } = await run(download, recordOf(url));
		expect(error?.message).toContain('could not be downloaded');
		expect(error?.description).toContain('a-task');
	});
});

describe('a base URL that is none', () => {
	it.each(['api.kie.ai', 'kie', 'https://', 'ftp://api.kie.ai'])(
		'is an error: %s',
		async (baseUrl) => {
			const { error } = await run(generate(), {}, { baseUrl });
			expect(error).toMatchObject({
				message: 'The API could not be reached',
				description: expect.stringContaining(
					'Nothing was charged for this item. Check the base URL',
				) as string,
			});
		},
	);
});

describe('the key', () => {
	it('is not shown either where it was pasted with the end of its line', async () => {
		const refusal: Answer = {
			...good(null),
			body: `{"code":401,"msg":"${ECHO} is not a key of ours"}`,
		};
		const answers = { [PATHS.credits]: refusal };
		server.answer(`${KEY}-pasted`, answers);
		const { error } = await run(getCredits, answers, { apiKey: `${KEY}-pasted\n` });
		expect(error?.description).toContain('is not a key of ours');
	});

	it('is in no log, and went nowhere else by a redirect', () => {
		expect(logged).toContainEqual(expect.stringContaining('it may exist'));
		expect(logged.filter((line) => line.includes(KEY))).toEqual([]);
		expect(elsewhere.allRequests()).toBe(0);
	});
});
