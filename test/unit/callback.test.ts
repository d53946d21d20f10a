import { createHmac } from 'node:crypto';
import { taskFromCallback } from '../../nodes/Aleph/task/callback';
import { isSigned } from '../../nodes/Aleph/task/signature';

const success = {
	taskId: 't1',
	status: 'success',
	videoUrl: 'https://example.com/out.mp4',
	imageUrl: 'https://example.com/out.png',
};

describe('a callback', () => {
	it.each([
		[
			'the documented spelling',
			{
				code: 200,
				msg: 'ok',
				taskId: 't1',
				data: {
					result_video_url: success.videoUrl,
					result_image_url: success.imageUrl,
				},
			},
		],
		[
			'the spelling of the examples',
			{
				code: 200,
				msg: 'ok',
				data: { task_id: 't1', video_url: success.videoUrl, image_url: success.imageUrl },
			},
		],
	])('in %s is a finished task', (_, body) => {
		expect(taskFromCallback(body)).toMatchObject(success);
	});

	it('of a failed task says why', () => {
		expect(taskFromCallback({ code: 400, msg: 'flagged', data: null, taskId: 't1' })).toMatchObject(
			{
				taskId: 't1',
				status: 'failed',
				errorCode: 400,
				errorMessage: 'flagged',
				videoUrl: null,
			},
		);
	});

	it.each([
		['an array', [{ taskId: 't1', code: 200 }]],
		['text', 'taskId=t1'],
		['nothing', null],
		['without a task ID', { code: 200, data: {} }],
		['with a blank task ID', { code: 200, taskId: ' ' }],
		['with an object as task ID', { code: 200, taskId: { $ne: null } }],
		['without a code', { taskId: 't1' }],
		['with a code that is no number', { taskId: 't1', code: 'ok' }],
	])('that is %s is none', (_, body) => {
		expect(taskFromCallback(body)).toBeNull();
	});
});

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

	it('may be younger by a tolerance of one’s own', () => {
		expect(isSigned(signed, key, now + 2_000, 1_000)).toBe(false);
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
