/** Whatever the API answers: a task or an item with all its fields, or an error that says what to do. */
import '../support/fastClock';
import fc from 'fast-check';
import type { IBinaryKeyData, INodeParameters, IWebhookFunctions, OnError } from 'n8n-workflow';
import { isRejection, readCallback } from '../../nodes/Aleph/api/callback';
import { dialectOf } from '../../nodes/Aleph/api/dialects';
import type { HttpAnswer } from '../../nodes/Aleph/api/dialects/dialect';
import { ApiError } from '../../nodes/Aleph/api/error';
import { redact } from '../../nodes/Aleph/api/key';
import { asId, asNumber, asObject, parseObject } from '../../nodes/Aleph/task/json';
import { logged } from '../support/engine';
import * as hostile from '../support/hostile/answers';
import { ECHO, good, plain, type Answer } from '../support/hostile/answers';
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

const MANY = { seed: SEED, numRuns: 2_000 };

const json = (value: fc.Arbitrary<unknown>) =>
	fc.oneof(value, hostile.anything).map(hostile.asJson);
const parsed = (text: string) => JSON.parse(text) as unknown;

const APIS = ['aleph', 'jobs', 'runway'] as const;
type Api = (typeof APIS)[number];

useHostileServers();

describe.each(APIS)('any JSON of the API "%s"', (api) => {
	const dialect = dialectOf(api)!;

	it('as a record is a task, or none of ours', () => {
		const property = fc.property(json(hostile.records[api]), (data) => {
			const record = dialect.taskFromRecord('a-task', parsed(data));
			if (!record) return;
			expectFields(record.task, TASK);
			expect(record.task.taskId).toBe('a-task');
			expect(record.task.status).not.toBe('timeout');
		});
		fc.assert(property, MANY);
	});

	it('as the number of credits, or of tasks at once, is a number or none', () => {
		const data = api === 'runway' ? hostile.organization : hostile.credits;
		const property = fc.property(json(data), (body) => {
			expect(orNull(number)(dialect.credits.from(parsed(body)))).toBe(true);
			expect(orNull(number)(dialect.concurrency?.from(parsed(body)) ?? null)).toBe(true);
		});
		fc.assert(property, MANY);
	});

	it('as a body gives data, or an error that does not show the key', () => {
		const body = hostile.bodies[api](hostile.records[api]);
		const http = hostile.answers(body, 'https://example.com', ['whole']);
		const property = fc.property(json(body), http, (text, { status, headers }) => {
			const answer = { statusCode: status, headers, body: redact(parsed(text), ECHO) };
			const opened = open(answer);
			if (!('error' in opened)) {
				expect(Math.floor(status / 100)).toBe(2);
				if (api !== 'runway') expect(asNumber(asObject(parsed(text)).code)).toBe(200);
				return;
			}
			const { error } = opened;
			expect(error).toBeInstanceOf(ApiError);
			expect(error.reason.trim()).not.toBe('');
			expect(error.message).not.toContain(ECHO);
			expect(orNull(number)(error.code)).toBe(true);
			if (error.isThrottled) expect([429, 430, 455]).toContain(error.code);
		});
		fc.assert(property, MANY);

		function open(answer: HttpAnswer): { data: unknown } | { error: ApiError } {
			try {
				return { data: dialect.open(answer, dialect.read('a-task')) };
			} catch (error) {
				return { error: error as ApiError };
			}
		}
	});

	it('leaves no trace in other objects', () => {
		expect({}).not.toHaveProperty('polluted');
	});
});

describe.each(['aleph', 'jobs'] as const)('any JSON as a callback of the API "%s"', (api) => {
	it('is a task, or none', () => {
		const property = fc.property(json(hostile.callbacks[api]), (body) => {
			const task = dialectOf(api)!.taskFromCallback!(parsed(body));
			if (task) expectFields(task, TASK);
		});
		fc.assert(property, MANY);
	});

	it('that nobody has signed is refused, whatever its headers', () => {
		const now = String(Math.floor(Date.now() / 1000));
		const name = fc.constantFrom('x-webhook-signature', 'x-webhook-timestamp', 'content-type');
		const value = fc.oneof(fc.constantFrom(now, 'application/json'), hostile.anything);
		const headers = fc.dictionary(name, value);
		const property = fc.property(json(hostile.callbacks[api]), headers, (body, headerData) => {
			const ctx = {
				getRequestObject: () => ({ rawBody: Buffer.from(body) }),
				getBodyData: () => parsed(body),
				getHeaderData: () => headerData,
				getNode: () => ({ name: 'Trigger' }),
				logger: { warn: () => {} },
			} as unknown as IWebhookFunctions;
			const read = readCallback(ctx, 'a key');
			expect(isRejection(read) && [400, 401].includes(read.code)).toBe(true);
		});
		fc.assert(property, MANY);
	});
});

/** Mostly whole, since most of what can go wrong is inside. */
const answers = (
	body: fc.Arbitrary<unknown>,
	deliveries: Array<Answer['delivery']> = ['cut', 'cutInside', 'garbage'],
) => hostile.answers(body, `${elsewhere.url}/stolen`, deliveries);

const DONE = { successFlag: 1, response: { resultVideoUrl: 'https://example.com/out.mp4' } };

/** A finished task, as the API tells of it. */
const doneIn: Record<Api, (taskId: string) => { data: object; answer: Answer }> = {
	aleph: () => ({ data: DONE, answer: good(DONE) }),
	jobs: () => {
		const data = {
			state: 'success',
			resultJson: '{"resultUrls":["https://example.com/out.mp4"]}',
		};
		return { data, answer: good(data) };
	},
	runway: (id) => {
		const data = { id, status: 'SUCCEEDED', output: ['https://example.com/out.mp4'] };
		return { data, answer: plain(data) };
	},
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
function meaningOf(api: Api, { status, headers, body, delivery }: Answer) {
	if (delivery !== 'whole') return {};
	if ('content-length' in headers || 'content-encoding' in headers) return null;
	const content = [204, 304].includes(status) ? {} : parseObject(body);
	const isRunway = api === 'runway';
	const said = isRunway ? null : asNumber(content.code);
	const verdict = said === null || said === 200 ? status : said;
	const refusals = isRunway ? [] : [505, 550, 4030];
	const isRefusal =
		(verdict >= 400 && verdict < 500 && verdict !== 408) || refusals.includes(verdict);
	if (isRefusal) return { refusal: verdict };
	const ids = isRunway
		? [content.id]
		: [asObject(content.data), content].flatMap(({ taskId, task_id: other }) => [taskId, other]);
	const taskId = ids.map(asId).find((id) => id !== null);
	// The key is taken out of it first, whatever is left.
	if (taskId?.includes(ECHO)) return null;
	if (taskId) return { taskId };
	// A server that leads elsewhere, and names no task, is not the API.
	return verdict >= 300 && verdict < 400 ? { refusal: verdict } : {};
}

/** The API has started nothing, and may take the same request: so it is sent again. */
const AGAIN = [407, 429, 430, 455];

describe.each(APIS)('any answer of the API "%s" to', (api) => {
	const paths = API_PATHS[api];
	const bodiesOf = hostile.bodies[api];

	it('a check is a task or an error', async () => {
		const given = fc.tuple(answers(bodiesOf(hostile.records[api])), choice);
		await forEach(given, 60, async ([answer, { simplify, onError }]) => {
			const outcome = await run(
				get({ simplify }),
				{ [paths.record()]: answer },
				{ times: 2, onError, api },
			);
			const item = itemOf(outcome);
			if (item && simplify) expectFields(item, TASK);
		});
	});

	it('a check ends a wait for it', async () => {
		// Time in the queue of the provider, where Runway's tasks may be for a day, does not count.
		const bodies = bodiesOf(hostile.records[api]).filter(
			(body) => !JSON.stringify(body).includes('THROTTLED'),
		);
		const given = fc.tuple(answers(bodies, ['cut', 'cutInside']), choice);
		await forEach(given, 60, async ([answer, { simplify, onError }]) => {
			const outcome = await run(
				get({ simplify, ...briefly }),
				{ [paths.record()]: answer },
				{ onError, api },
			);
			const item = itemOf(outcome);
			if (item && simplify) expect(item).toMatchObject({ taskId: 'a-task', status: 'success' });
		});
	});

	it('generate is a task or an error, and is paid for once', async () => {
		const given = fc.tuple(answers(bodiesOf(hostile.accepted[api])), choice, fc.boolean());
		await forEach(given, 80, async ([answer, { simplify, onError }, wait]) => {
			const meaning = meaningOf(api, answer);
			const { taskId, refusal } = meaning ?? {};
			const done = doneIn[api](taskId ?? '');
			const outcome = await run(
				generate({ simplify, ...briefly, waitForCompletion: wait }),
				{ [paths.generate]: answer, [paths.record(taskId)]: done.answer },
				{ times: 1, onError, api },
			);
			const item = itemOf(outcome);
			if (!meaning) return;
			if (!AGAIN.includes(refusal ?? 0)) expect(outcome.requests(paths.generate)).toBe(1);
			if (taskId) expect(item).toMatchObject(simplify || !wait ? { taskId } : done.data);
			else expect(item).toBeNull();
			if (!taskId && !refusal) expect(JSON.stringify(outcome.run)).toContain('it may exist');
		});
	});

	it.each([302, 408, 500, 503, 600])(
		'generate with the status %i that names a task has started it',
		async (status) => {
			const answer = { ...plain({ id: 'a-task', code: 200, data: { taskId: 'a-task' } }), status };
			const parameters = generate({ waitForCompletion: false });
			const outcome = await run(parameters, { [paths.generate]: answer }, { api });
			expect(itemOf(outcome)).toMatchObject({ taskId: 'a-task', status: 'processing' });
		},
	);

	it('generate that refuses has started nothing, whatever it names', async () => {
		const answer = { ...plain({ id: 'a-task', data: { taskId: 'a-task' } }), status: 422 };
		const { error } = await run(generate(), { [paths.generate]: answer }, { api });
		expect(error?.description).toMatch(/^Nothing was charged for this item/);
	});

	it('generate that leads elsewhere has started nothing if it names no task', async () => {
		const answer = { ...plain({ code: 200, data: null }), status: 302 };
		const { error } = await run(generate(), { [paths.generate]: answer }, { api });
		expect(error?.message).toBe('This server does not know the request');
		expect(error?.description).toMatch(/^Nothing was charged for this item/);
	});

	it('the credits is a number or an error', async () => {
		const data = api === 'runway' ? hostile.organization : hostile.credits;
		await forEach(fc.tuple(answers(bodiesOf(data)), choice), 60, async ([answer, { onError }]) => {
			const outcome = await run(
				getCredits,
				{ [paths.credits]: answer },
				{ times: 2, onError, api },
			);
			const item = itemOf(outcome);
			if (item) expectFields(item, { credits: number });
		});
	});
});

describe('any answer to', () => {
	it('an upload is a file or an error', async () => {
		const given = fc.tuple(answers(hostile.envelope(hostile.uploaded)), choice);
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
});

it('data that is nested 100,000 deep is a task or an error', async () => {
	const nested = '['.repeat(100_000) + ']'.repeat(100_000);
	const body = `{"code":200,"data":{"successFlag":1,"response":${nested}}}`;
	for (const simplify of [true, false]) {
		await run(get({ simplify }), { [PATHS.record]: { ...good(null), body } });
	}
});

it.each(['', '{}', '{"data":{"id":"a-task","status":"RUNNING"}}'])(
	'a check of Runway that is answered with %j does not say that there is no task',
	async (body) => {
		const answers = { [API_PATHS.runway.record()]: { ...plain({}), body } };
		const { error } = await run(get(), answers, { api: 'runway' });
		expect(error?.message).toBe('The response did not come from the API');
		expect(error?.description).toContain('Task ID: a-task.');
	},
);

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
		const operations = fc.constantFrom<[INodeParameters, string, string]>(
			[get(), PATHS.record, 'a-task'],
			[get(briefly), PATHS.record, 'a-task'],
			[getCredits, PATHS.credits, ''],
		);
		await forEach(fc.tuple(failing, operations), 15, async ([answer, operation]) => {
			const [parameters, path, told] = operation;
			const { error, requests } = await run(parameters, { [path]: answer });
			expect(error?.description).toContain(told);
			expect(requests(path)).toBeLessThan(50);
		});
	});
});

describe('of two APIs of a provider', () => {
	const JOBS_RECORD = '/api/v1/jobs/recordInfo';

	it('one that does not know the task decides, if the server lacks the other', async () => {
		const { error } = await run(get(), { [PATHS.record]: good(null) });
		expect(error?.message).toBe('The API does not know this task');
	});

	it('one that cannot be asked is told of, whatever the other says', async () => {
		const { error } = await run(get(), {
			[PATHS.record]: good(null),
			[JOBS_RECORD]: { ...good(null), body: '<html>Log in</html>' },
		});
		expect(error?.message).toBe('The response did not come from the API');
	});

	it('one that knows the task decides, if the server lacks the other', async () => {
		const resultUrls = ['https://example.com/out.mp4'];
		const record = { taskId: 'a-task', state: 'success', resultJson: { resultUrls } };
		const result = await run(get(), { [JOBS_RECORD]: good(record) });
		expect(itemOf(result)).toMatchObject({ taskId: 'a-task', status: 'success' });
	});
});

it('a start without a task ID tells the words of the API', async () => {
	const body = JSON.stringify({ code: 200, msg: 'Your account has been frozen' });
	const { error } = await run(generate(), { [PATHS.generate]: { ...good(null), body } });
	expect(error?.description).toContain('Your account has been frozen');
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
			server.answer('', { [url.pathname]: { ...good(null), headers, body: 'content' } });
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
	it.each(['', 'https://', 'ftp://api.kie.ai', 'http://[::1'])(
		'is an error: %s',
		async (baseUrl) => {
			const { error } = await run(generate(), {}, { baseUrl });
			expect(error).toMatchObject({
				message: 'The base URL in the credential is not a URL',
				description: expect.stringMatching(/^Nothing was sent/) as string,
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
