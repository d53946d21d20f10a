import { createHmac } from 'node:crypto';
import { isSigned } from '../../nodes/Aleph/api/signature';

describe('a signature', () => {
	const key = 'secret';
	const now = 1_800_000_000_000;
	const timestamp = String(now / 1000);
	const sign = (text: string, withKey = key) =>
		createHmac('sha256', withKey).update(text).digest('base64');
	const signed = { taskId: 't1', timestamp, signature: sign(`t1.${timestamp}`) };

	it('of the right key, task and time is accepted for five minutes', () => {
		expect(isSigned(signed, key, now)).toBe(true);
		expect(isSigned(signed, key, now + 299_000)).toBe(true);
		expect(isSigned(signed, key, now + 301_000)).toBe(false);
		expect(isSigned(signed, key, now - 301_000)).toBe(false);
	});

	it.each([
		['of another key', { signature: sign(`t1.${timestamp}`, 'other') }],
		['of another task', { taskId: 't2' }],
		['of another time', { timestamp: String(now / 1000 + 1) }],
		['that is missing', { signature: undefined }],
		['without a timestamp', { timestamp: undefined }],
		['with a timestamp that is no number', { timestamp: 'now' }],
		['that is cut off', { signature: signed.signature.slice(0, 20) }],
	])('%s is refused', (_, change) => {
		expect(isSigned({ ...signed, ...change }, key, now)).toBe(false);
	});
});
