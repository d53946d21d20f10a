import { openEnvelope } from '../../nodes/Aleph/api/dialects/envelope';
import type { ApiError } from '../../nodes/Aleph/api/error';

const answer = (statusCode: number, body: unknown, headers = {}) => ({ statusCode, body, headers });

function errorOf(...args: Parameters<typeof answer>): ApiError {
	try {
		openEnvelope(answer(...args));
	} catch (error) {
		return error as ApiError;
	}
	throw new Error('The answer counted as good');
}

describe('an answer of the API', () => {
	it('gives its data when HTTP and the body both say 200', () => {
		expect(
			openEnvelope(answer(200, { code: 200, msg: 'success', data: { taskId: 't1' } })),
		).toEqual({
			taskId: 't1',
		});
	});

	it.each([
		[401, 'Unauthorized', 'credential'],
		[402, 'Insufficient credits', 'credits'],
		[404, 'Not found', 'notFound'],
		[404, 'Task not found', 'unknownTask'],
		[405, 'Method not allowed', 'notFound'],
		[408, 'Upstream busy', 'busy'],
		[422, 'prompt is required', 'parameters'],
		[422, 'recordInfo is null', 'unknownTask'],
		[422, 'The model name you specified is not supported', 'noModel'],
		[422, 'The page does not exist or is not published', 'noModel'],
		[429, 'Too many requests', 'rateLimit'],
		[430, 'The call frequency is too high', 'rateLimit'],
		[433, 'Quota exceeded', 'quota'],
		[451, 'Failed to fetch the image', 'media'],
		[455, 'Maintenance', 'maintenance'],
		[500, 'Server error', 'server'],
		[500, 'Invalid video. No credits have been deducted.', 'server'],
		[500, 'Credits insufficient. Please top up', 'credits'],
		[500, 'The account does not have enough credits', 'credits'],
		[500, 'The model name you specified is not supported', 'noModel'],
		[500, 'prompt is required', 'parameters'],
		[500, 'aspect_ratio is not within the range of allowed options', 'parameters'],
		[501, 'Generation failed', 'server'],
		[503, 'Unavailable', 'server'],
		[505, 'Feature disabled', 'switchedOff'],
		[550, 'Connection denied', 'denied'],
	])('with the code %i and "%s" fails alike in the body and as HTTP status', (code, msg, kind) => {
		expect(errorOf(200, { code, msg, data: null })).toMatchObject({ kind, code, reason: msg });
		expect(errorOf(code, { code, msg, data: null })).toMatchObject({ kind, code, reason: msg });
	});

	it('may say that the region is not served, by a code that is no HTTP status', () => {
		const body = { code: 4030, msg: 'Not supported in the current region' };
		expect(errorOf(200, body)).toMatchObject({ kind: 'region', isAccountError: true });
	});

	it.each([
		[{ code: 422, msg: ['prompt is too long'] }, '["prompt is too long"]'],
		[{ code: 422, detail: [{ msg: 'too long' }] }, '[{"msg":"too long"}]'],
		['The video is too large', 'The video is too large'],
		['<html>Too large</html>', 'HTTP 422'],
		[{ code: 422, msg: '', detail: ['too long'] }, '["too long"]'],
		[{ code: 422, msg: [] }, 'HTTP 422'],
		[{ code: 422 }, 'HTTP 422'],
		['x'.repeat(301), 'HTTP 422'],
	])('keeps the words that it has, in whatever form: %j', (body, reason) => {
		expect(errorOf(422, body)).toMatchObject({ kind: 'parameters', reason });
	});

	it.each(['Argument "host" is required', 'Insufficient credits of the pool connection'])(
		'leaves open what became of a request if only a proxy says: %s',
		(body) => {
			expect(errorOf(500, body)).toMatchObject({ kind: 'server', isAmbiguous: true, reason: body });
		},
	);

	it('may have its code as text', () => {
		expect(openEnvelope(answer(200, { code: '200', data: 5 }))).toBe(5);
		expect(errorOf(200, { code: '401', msg: 'Unauthorized' }).kind).toBe('credential');
	});

	it('is judged by its HTTP status if there is no envelope', () => {
		expect(errorOf(502, '<html>Bad gateway</html>').kind).toBe('server');
		expect(errorOf(401, '').kind).toBe('credential');
		expect(errorOf(200, '<html>Welcome</html>').kind).toBe('notTheApi');
		expect(errorOf(302, '').kind).toBe('notFound');
		expect(errorOf(200, [1, 2]).kind).toBe('notTheApi');
	});

	it('with 403 refuses the key, but not if a page says so: that is a firewall', () => {
		expect(errorOf(403, { code: 403, msg: 'Forbidden' }).kind).toBe('credential');
		expect(errorOf(200, { code: 403, msg: 'Forbidden' }).kind).toBe('credential');
		const page = errorOf(403, '<html><title>Access denied</title></html>');
		expect(page).toMatchObject({ kind: 'firewall', code: 403 });
		expect(page.reason).not.toContain('<');
	});

	it.each([
		{ message: 'Forbidden' },
		{ detail: 'Forbidden' },
		{ status: 403, error: 'Forbidden' },
		{ error: { message: 'Forbidden', code: 1 } },
	])('with 403 refuses the key, wherever its words are: %j', (body) => {
		expect(errorOf(403, body)).toMatchObject({ kind: 'credential', reason: 'Forbidden' });
	});

	it('with 403 and no object comes from a firewall', () => {
		expect(['', 'Access denied', null, []].map((body) => errorOf(403, body).kind)).toEqual(
			Array(4).fill('firewall'),
		);
	});

	it.each([
		{ code: 422, msg: 'recordInfo is null', message: 'no' },
		{ code: 422, message: 'recordInfo is null', data: null },
		{ code: 422, error: 'recordInfo is null' },
		{ code: 422, error: { message: 'recordInfo is null' } },
		{ code: 422, detail: 'recordInfo is null' },
	])('may have its words in several places: %j', (body) => {
		expect(errorOf(200, body)).toMatchObject({
			kind: 'unknownTask',
			reason: 'recordInfo is null',
		});
	});

	it('says with Retry-After how long to stay away, in seconds or as a date', () => {
		expect(errorOf(429, {}, { 'retry-after': '2026-07-01T00:00:10Z' }).retryAfter).toBe(1_000);
		for (const value of ['7', 7, '7s', '7 seconds', '7, 7']) {
			expect(errorOf(429, {}, { 'retry-after': value }).retryAfter).toBe(7_000);
		}
		const inAMinute = new Date(Date.now() + 60_000).toUTCString();
		const { retryAfter } = errorOf(429, {}, { 'retry-after': inAMinute });
		expect(retryAfter).toBeGreaterThan(55_000);
		expect(retryAfter).toBeLessThanOrEqual(60_000);
		expect(errorOf(429, {}).retryAfter).toBeUndefined();
	});
});

describe('an error', () => {
	const error = (code: number) => errorOf(200, { code, msg: 'no' });

	it('leaves open whether a task was accepted, if the API did not say that it was refused', () => {
		const codes = [401, 402, 404, 408, 422, 429, 433, 451, 455, 500, 501, 503, 505, 550];
		expect(codes.filter((code) => error(code).isAmbiguous)).toEqual([408, 500, 501, 503]);
	});

	it('is of the account if every other request would fail alike', () => {
		const codes = [401, 402, 403, 404, 408, 422, 429, 433, 451, 455, 500, 505, 550];
		expect(codes.filter((code) => error(code).isAccountError)).toEqual([401, 402, 403, 433, 505]);
		expect(codes.filter((code) => error(code).isThrottled)).toEqual([429, 455]);
	});
});
