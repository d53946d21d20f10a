import { networkError } from '../../nodes/Aleph/api/networkError';
import { isHttpUrl } from '../../nodes/Aleph/task/url';

const errorOf = (cause: object) => networkError({ cause }, 'https://api.kie.ai/path');

const notSent = { kind: 'unreachable', isNotSent: true, isAmbiguous: false };
const sent = { kind: 'interrupted', isNotSent: false, isAmbiguous: true };

describe('a request that got no answer', () => {
	it.each([
		'ECONNREFUSED',
		'ENOTFOUND',
		'EAI_AGAIN',
		'EPROTO',
		'CERT_HAS_EXPIRED',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
		'ERR_TLS_CERT_ALTNAME_INVALID',
	])('was not sent if there was no connection: %s', (code) => {
		expect(errorOf({ code })).toMatchObject(notSent);
	});

	it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])(
		'was sent if %s ended a connection that was open',
		(code) => {
			expect(errorOf({ code, syscall: 'read' })).toMatchObject(sent);
			expect(errorOf({ code, syscall: 'connect' })).toMatchObject(notSent);
		},
	);

	it('was not sent if none of the addresses of a host could be connected to', () => {
		const refused = { code: 'ECONNREFUSED', syscall: 'connect' };
		const timedOut = { code: 'ETIMEDOUT', syscall: 'connect' };
		const cut = { code: 'ECONNRESET', syscall: 'read' };
		expect(errorOf({ code: 'ETIMEDOUT', errors: [refused, timedOut] })).toMatchObject(notSent);
		expect(errorOf({ code: 'ECONNRESET', errors: [refused, cut] })).toMatchObject(sent);
	});

	it('was not sent if the connection was cut before TLS was ready', () => {
		const message =
			'Client network socket disconnected before secure TLS connection was established';
		expect(errorOf({ code: 'ECONNRESET', message })).toMatchObject(notSent);
		expect(errorOf({ code: 'ECONNRESET', message: 'read ECONNRESET' })).toMatchObject(sent);
	});

	it('was not sent if the protection of n8n has stopped it', () => {
		const byName = { name: 'SsrfBlockedIpError', message: 'not allowed' };
		const byText = { message: 'The request was blocked because it resolves to a private address' };
		expect(errorOf(byName)).toMatchObject(notSent);
		expect(errorOf(byText)).toMatchObject(notSent);
		expect(errorOf(byText).reason).toBe("n8n's SSRF protection at https://api.kie.ai");
	});

	it.each(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_CANCELED', 'ERR_SSL_WRONG_VERSION_NUMBER'])(
		'may have been sent: %s',
		(code) => {
			expect(errorOf({ code })).toMatchObject(sent);
		},
	);

	it.each([[null], [undefined], ['oops'], [{}], [{ cause: { cause: null } }]])(
		'may have been sent if nobody tells why: %j',
		(error) => {
			expect(networkError(error, 'https://api.kie.ai')).toMatchObject({
				...sent,
				reason: 'no response at https://api.kie.ai',
			});
		},
	);

	it('is told by its code however deep n8n has put it, also where older versions put it', () => {
		expect(errorOf({ cause: { cause: { code: 'ENOTFOUND' } } })).toMatchObject(notSent);
		const older = { httpCode: 'ECONNREFUSED', messages: ['connect ECONNREFUSED 127.0.0.1:1'] };
		expect(networkError(older, 'https://api.kie.ai')).toMatchObject(notSent);
	});

	it('comes to an end for an error that is its own cause', () => {
		const error: { cause?: object } = {};
		error.cause = error;
		expect(networkError(error, 'https://api.kie.ai')).toMatchObject(sent);
	});

	it('is told by its code and the host, and by nothing of the request', () => {
		const { reason } = networkError(
			{ message: 'Bearer secret', cause: { code: 'ECONNRESET', config: 'secret' } },
			'https://api.kie.ai/path?key=secret',
		);
		expect(reason).toBe('ECONNRESET at https://api.kie.ai');
	});
});

it('a URL may have letters of any script, however often it is looked at', () => {
	const looks = Array.from({ length: 50_000 }, () => isHttpUrl('https://müller.de/ü.mp4'));
	expect(looks).not.toContain(false);
});

it('a URL is one that HTTP can fetch', () => {
	expect(['https://a.b/c', ' http://a '].map(isHttpUrl)).toEqual([true, true]);
	expect(['ftp://a.b', 'a.b/c', '', null, 5, 'https://'].map(isHttpUrl)).toEqual(
		Array(6).fill(false),
	);
});
