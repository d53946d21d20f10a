/** Answers that no API should give: what fast-check makes of the right ones, and what is odd anyway. */
import fc from 'fast-check';

/** An answer over HTTP, in whatever state it arrives. */
export interface Answer {
	status: number;
	headers: Record<string, string>;
	body: string;
	/**
	 * `cut` comes before the first byte and `cutInside` after the first; `garbage` is no HTTP;
	 * `silent` never comes, and `trickling` never ends.
	 */
	delivery: 'whole' | 'cut' | 'cutInside' | 'garbage' | 'silent' | 'trickling';
}

/** Where this stands in an answer, the API gives away the key that it was sent. */
export const ECHO = '*the-key*';

const JSON_TYPE: Answer['headers'] = { 'content-type': 'application/json' };

const INFINITE = '1e999';

/** JSON can hold a number that is too large for JavaScript, but JSON.stringify cannot write it. */
export function asJson(value: unknown): string {
	const text = JSON.stringify(value, (_, part: unknown) => (part === Infinity ? INFINITE : part));
	return text.replaceAll(`"${INFINITE}"`, INFINITE);
}

const pollution = JSON.parse(
	'{"__proto__":{"polluted":true,"code":200,"taskId":"forged"},"constructor":{"prototype":{"polluted":true}}}',
) as unknown;

const deep = JSON.parse(`${'[{"data":'.repeat(500)}1${'}]'.repeat(500)}`) as unknown;

const text = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.constantFrom(
		...[
			'',
			' ',
			'0',
			'1',
			'200',
			'null',
			'undefined',
			'__proto__',
			'{',
			'{"prompt":{}}',
			'%',
			'\0',
		],
		...[ECHO, `Bearer ${ECHO}`, `https://example.com/?key=${ECHO}`, `{"prompt":"${ECHO}"}`],
		...['recordInfo is null', 'ECONNRESET', '../../etc/passwd', 'x'.repeat(50_000)],
		...['2026-13-45T99:99:99Z', '+999999-01-01', '8640000000000001', '2026-03-01 10:00:00'],
	),
);

const number = fc.oneof(
	fc.double({ noNaN: true }),
	fc.integer(),
	fc.constantFrom(...[0, 1, 2, 3, 200, 8.64e15, 8.64e15 + 1, 1e300, Infinity, -1, 2 ** 53, 1e-7]),
);

/** Any JSON. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
	text,
	number,
	fc.boolean(),
	fc.constant(null),
	fc.jsonValue(),
	fc.array(text, { maxLength: 3 }),
	fc.constantFrom(pollution, deep, {}, []),
);

/** Mostly what it should be. */
function nearly(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anything });
}

/** An object of which fields are missing, wrong, or too many. */
function nearlyObject(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
	const names = Object.keys(fields);
	const model = Object.fromEntries(names.map((name) => [name, nearly(fields[name]!)]));
	const whole = fc.record(model);
	const missing = fc.record(model, { requiredKeys: [] });
	const polluted = whole.map((object) =>
		Object.assign(structuredClone(pollution) as object, object),
	);
	return nearly(fc.oneof(whole, whole, missing, polluted));
}

const url = fc.constantFrom('https://example.com/out.mp4', '//example.com', 'file:///etc/passwd');

const time = fc.oneof(
	fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
	fc.date({ noInvalidDate: true }).map((date) => date.getTime()),
);

const code = fc.oneof(
	{ weight: 4, arbitrary: fc.constant(200) },
	{
		weight: 1,
		arbitrary: fc.constantFrom(
			...[0, 201, 302, 400, 401, 402, 403, 404, 405, 408, 418, 422, 429, 433, 451, 455],
			...[430, 500, 501, 503, 505, 550, 599, 600, 4030],
			...['200', '401', -200, 200.5],
		),
	},
);

export const taskId = fc.constant('a-task');

/** `data` of record-info of the Aleph API. */
const alephRecord = nearlyObject({
	taskId,
	paramJson: fc.constant('{"prompt":"Make it snow","videoUrl":"https://example.com/in.mp4"}'),
	response: nearlyObject({ taskId, resultVideoUrl: url, resultImageUrl: url }),
	createTime: time,
	completeTime: time,
	successFlag: fc.constantFrom(0, 1, 1, 2, 3),
	errorCode: fc.constantFrom(0, null, 400, 500),
	errorMessage: fc.constantFrom('', null, 'Flagged by moderation', 'Internal error'),
});

/** The same of the Jobs API. */
const jobRecord = nearlyObject({
	taskId,
	state: fc.constantFrom('success', 'success', 'fail', 'waiting', 'queuing', 'generating'),
	param: fc.constant(
		'{"input":{"prompt":"Make it snow","video_url":"https://example.com/in.mp4"}}',
	),
	resultJson: fc.oneof(
		nearlyObject({ resultUrls: fc.array(url, { maxLength: 2 }), firstFrameUrl: url }).map(asJson),
		fc.constantFrom('', '{', '[]'),
	),
	failCode: fc.constantFrom('', null, '400', '501', 500),
	failMsg: fc.constantFrom('', null, 'Flagged by moderation', 'Internal error'),
	createTime: time,
	completeTime: time,
	creditsConsumed: fc.nat(500),
	progress: fc.nat(100),
});

/** A task of the Runway API. */
const runwayTask = nearlyObject({
	id: taskId,
	status: fc.constantFrom(
		...['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'PENDING', 'THROTTLED', 'RUNNING'],
	),
	output: fc.array(url, { maxLength: 2 }),
	cost: nearlyObject({ credits: fc.nat(500) }),
	failure: fc.constantFrom('', null, 'Flagged by moderation', 'Internal error'),
	failureCode: fc.constantFrom('', null, 'SAFETY.INPUT.TEXT', 'INTERNAL.BAD_OUTPUT.CODE01'),
	createdAt: time,
	progress: fc.double({ min: 0, max: 1 }),
});

export const records = { aleph: alephRecord, jobs: jobRecord, runway: runwayTask };

/** What the APIs say to a request for a new task. */
export const accepted = {
	aleph: nearlyObject({ taskId }),
	jobs: nearlyObject({ taskId, recordId: taskId }),
	runway: nearlyObject({ id: taskId, estimatedCost: nearlyObject({ credits: fc.nat(500) }) }),
};

/** `data` of an upload. */
export const uploaded = nearlyObject({
	fileName: fc.constant('a.mp4'),
	filePath: fc.constant('n8n/a.mp4'),
	downloadUrl: url,
	fileSize: fc.nat(),
	mimeType: fc.constant('video/mp4'),
	uploadedAt: time,
});

/** `data` of the credits. */
export const credits = nearly(fc.nat());

/** What the Runway API says of the account. */
export const organization = nearlyObject({
	creditBalance: nearly(fc.nat()),
	tier: nearlyObject({
		models: nearlyObject({
			aleph2: nearlyObject({ maxConcurrentGenerations: nearly(fc.nat(20)) }),
		}),
	}),
});

/** The body of a callback of the Aleph API. */
const alephCallback = nearlyObject({
	code,
	msg: text,
	taskId,
	task_id: taskId,
	data: nearlyObject({
		task_id: taskId,
		taskId,
		result_video_url: url,
		result_image_url: url,
		video_url: url,
		image_url: url,
	}),
});

const jobCallback = nearlyObject({
	code: fc.oneof(code, fc.constant(501)),
	msg: text,
	data: jobRecord,
});

export const callbacks = { aleph: alephCallback, jobs: jobCallback };

/** Bodies by what they have to say: the Runway API says it as it is, or in an error. */
export const bodies = {
	aleph: envelope,
	jobs: envelope,
	runway: (data: fc.Arbitrary<unknown>) =>
		fc.oneof(
			{ weight: 3, arbitrary: data },
			{ weight: 1, arbitrary: nearlyObject({ error: text, issues: anything, docUrl: url }) },
		),
};

export function envelope(data: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return nearlyObject({ code, msg: text, data });
}

const notJson = fc.constantFrom(
	...['', ' ', 'null', '[]', '"200"', '200', '{"code":200,"data":{"taskId"', '\uFEFF{"code":200}'],
	...['<html><body>502 Bad Gateway</body></html>', '{"code":200}{"code":200}', "{'code': 200}"],
);

const status = fc.oneof(
	{ weight: 5, arbitrary: fc.constant(200) },
	{
		weight: 1,
		arbitrary: fc.constantFrom(
			...[201, 202, 204, 206, 207, 301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 405, 407, 418],
			...[422, 429, 451, 455, 500, 502, 503, 504, 599, 600, 999],
		),
	},
);

/** Retry-After of any kind, but none that a client would have to obey for long. */
export const retryAfter: fc.Arbitrary<string> = fc.constantFrom(
	...['0', '-1', '1', '', 'soon', '0x10', INFINITE, '99999999999'],
	...['Wed, 21 Oct 2015 07:28:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', '2026-13-45'],
);

/** @param elsewhere a URL of another host, where redirects lead */
function headers(elsewhere: string): fc.Arbitrary<Answer['headers']> {
	const odd = fc.record(
		{
			'content-type': fc.constantFrom('text/html', 'application/json; charset=utf-16', 'x', ''),
			'content-encoding': fc.constantFrom('gzip', 'br', 'x'),
			'content-length': fc.constantFrom('0', '3', '100000'),
			'retry-after': retryAfter,
			location: fc.constantFrom(elsewhere, '/', '//', 'http://', 'file:///etc/passwd'),
			'set-cookie': fc.constant('a=b; Domain=.'),
			'www-authenticate': fc.constant('Digest nonce="1", realm="x"'),
		},
		{ requiredKeys: [] },
	);
	return fc.oneof(
		{ weight: 3, arbitrary: fc.constant(JSON_TYPE) },
		{ weight: 1, arbitrary: odd.map((headers) => ({ ...JSON_TYPE, ...headers })) },
	);
}

/**
 * @param body what the API would have to say, more or less
 * @param elsewhere a URL of another host, where redirects lead
 * @param deliveries besides `whole`
 */
export function answers(
	body: fc.Arbitrary<unknown>,
	elsewhere: string,
	deliveries: Array<Answer['delivery']>,
): fc.Arbitrary<Answer> {
	return fc.record({
		status,
		headers: headers(elsewhere),
		body: fc.oneof({ weight: 9, arbitrary: body.map(asJson) }, { weight: 1, arbitrary: notJson }),
		delivery: fc.oneof(
			{ weight: 8, arbitrary: fc.constant<Answer['delivery']>('whole') },
			{ weight: 1, arbitrary: fc.constantFrom(...deliveries) },
		),
	});
}

/** As it should be. */
export function good(data: unknown): Answer {
	return plain({ code: 200, msg: 'success', data });
}

/** As it should be, without an envelope. */
export function plain(body: unknown): Answer {
	return { status: 200, headers: JSON_TYPE, body: asJson(body), delivery: 'whole' };
}
