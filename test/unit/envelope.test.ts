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
		[422, 'prompt is required', 'parameters'],
		[422, 'recordInfo is null', 'unknownTask'],
		[429, 'Too many requests', 'rateLimit'],
		[451, 'Failed to fetch the image', 'media'],
		[455, 'Maintenance', 'maintenance'],
		[500, 'Server error', 'server'],
		[503, 'Unavailable', 'server'],
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

	it('says with Retry-After how long to stay away, in seconds or as a date', () => {
		expect(failureOf(429, {}, { 'retry-after': '7' }).retryAfter).toBe(7_000);
		const inAMinute = new Date(Date.now() + 60_000).toUTCString();
		const { retryAfter } = failureOf(429, {}, { 'retry-after': inAMinute });
		expect(retryAfter).toBeGreaterThan(55_000);
		expect(retryAfter).toBeLessThanOrEqual(60_000);
		expect(failureOf(429, {}).retryAfter).toBeNull();
	});
});
