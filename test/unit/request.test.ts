import { isHttpUrl, networkFailure } from '../../nodes/Aleph/api/request';

const failureOf = (cause: object) => networkFailure({ cause }, 'https://api.kie.ai/path');

describe('a request that got no answer', () => {
	it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'CERT_HAS_EXPIRED'])(
		'was not sent where there was no connection: %s',
		(code) => {
			expect(failureOf({ code })).toMatchObject({ kind: 'unreachable', leavesOpen: false });
		},
	);

	it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])(
		'was sent where %s ended a connection that was open',
		(code) => {
			expect(failureOf({ code, syscall: 'read' })).toMatchObject({ kind: 'cut', leavesOpen: true });
			expect(failureOf({ code, syscall: 'connect' }).kind).toBe('unreachable');
		},
	);

	it.each(['ECONNRESET', 'ECONNABORTED', 'EPIPE'])('may have been sent: %s', (code) => {
		expect(failureOf({ code })).toMatchObject({ kind: 'cut', leavesOpen: true });
	});

	it('is told by its code and the host, and by nothing of the request', () => {
		const { reason } = networkFailure(
			{ message: 'Bearer secret', cause: { code: 'ECONNRESET', config: 'secret' } },
			'https://api.kie.ai/path?key=secret',
		);
		expect(reason).toBe('ECONNRESET at https://api.kie.ai');
	});
});

it('a URL is one that HTTP can fetch', () => {
	expect(['https://a.b/c', ' http://a '].map(isHttpUrl)).toEqual([true, true]);
	expect(['ftp://a.b', 'a.b/c', '', null, 5, 'https://'].map(isHttpUrl)).toEqual(
		Array(6).fill(false),
	);
});
