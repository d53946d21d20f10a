import { openEnvelope } from '../../nodes/Aleph/api/envelope';
import { ApiFailure } from '../../nodes/Aleph/api/failure';

const answer = (statusCode: number, body: unknown, headers = {}) => ({ statusCode, body, headers });

function failureOf(...args: Parameters<typeof answer>): ApiFailure {
	try {
		openEnvelope(answer(...args));
	} catch (error) {
		return error as ApiFailure;
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
		[405, 'Method not allowed', 'notFound'],
		[408, 'Upstream busy', 'busy'],
		[422, 'prompt is required', 'parameters'],
		[422, 'recordInfo is null', 'unknownTask'],
		[429, 'Too many requests', 'rateLimit'],
		[433, 'Quota exceeded', 'quota'],
		[451, 'Failed to fetch the image', 'media'],
		[455, 'Maintenance', 'maintenance'],
		[500, 'Server error', 'server'],
		[501, 'Generation failed', 'server'],
		[503, 'Unavailable', 'server'],
		[505, 'Feature disabled', 'switchedOff'],
		[550, 'Connection denied', 'denied'],
	])('with the code %i and "%s" fails alike in the body and as HTTP status', (code, msg, kind) => {
		expect(failureOf(200, { code, msg, data: null })).toMatchObject({ kind, code, reason: msg });
		expect(failureOf(code, { code, msg, data: null })).toMatchObject({ kind, code, reason: msg });
	});

	it('is judged by its HTTP status where there is no envelope', () => {
		expect(failureOf(502, '<html>Bad gateway</html>').kind).toBe('server');
		expect(failureOf(401, '').kind).toBe('credential');
		expect(failureOf(200, '<html>Welcome</html>').kind).toBe('notTheApi');
		expect(failureOf(302, '').kind).toBe('notFound');
		expect(failureOf(200, [1, 2]).kind).toBe('notTheApi');
	});

	it('with 403 refuses the key, but not where a page says so: that is a firewall', () => {
		expect(failureOf(403, { code: 403, msg: 'Forbidden' }).kind).toBe('credential');
		expect(failureOf(200, { code: 403, msg: 'Forbidden' }).kind).toBe('credential');
		const page = failureOf(403, '<html><title>Access denied</title></html>');
		expect(page).toMatchObject({ kind: 'firewall', code: 403 });
		expect(page.reason).not.toContain('<');
	});

	it('may call its words "message"', () => {
		const body = { code: 422, message: 'recordInfo is null', data: null };
		expect(failureOf(200, body)).toMatchObject({ kind: 'unknownTask', reason: body.message });
	});

	it('says with Retry-After how long to stay away, in seconds or as a date', () => {
		expect(failureOf(429, {}, { 'retry-after': '7' }).retryAfter).toBe(7_000);
		const inAMinute = new Date(Date.now() + 60_000).toUTCString();
		const { retryAfter } = failureOf(429, {}, { 'retry-after': inAMinute });
		expect(retryAfter).toBeGreaterThan(55_000);
		expect(retryAfter).toBeLessThanOrEqual(60_000);
		expect(failureOf(429, {}).retryAfter).toBeNull();
	});
});

describe('a failure', () => {
	const failure = (code: number) => failureOf(200, { code, msg: 'no' });

	it('leaves open whether a task was accepted, where the API did not say that it was refused', () => {
		const codes = [401, 402, 404, 408, 422, 429, 433, 451, 455, 500, 501, 503, 505, 550];
		expect(codes.filter((code) => failure(code).leavesOpen)).toEqual([408, 500, 501, 503]);
	});

	it('is of the account where every other request would fail alike', () => {
		const codes = [401, 402, 403, 404, 408, 422, 429, 433, 451, 455, 500, 505, 550];
		expect(codes.filter((code) => failure(code).isOfTheAccount)).toEqual([401, 402, 403, 433, 505]);
		expect(codes.filter((code) => failure(code).isRefusedForNow)).toEqual([429, 455]);
	});
});
