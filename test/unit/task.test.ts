import { taskFromRecord } from '../../nodes/Aleph/task/task';

const done = {
	taskId: 't1',
	paramJson: '{"prompt":"snow","videoUrl":"https://example.com/in.mp4"}',
	response: {
		taskId: 't1',
		resultVideoUrl: 'https://example.com/out.mp4',
		resultImageUrl: 'https://example.com/out.png',
	},
	createTime: '2026-03-01T10:00:00Z',
	completeTime: '2026-03-01T10:04:30Z',
	successFlag: 1,
	errorCode: 0,
	errorMessage: '',
};

describe('a record of record-info', () => {
	it('that is done tells everything about the video', () => {
		expect(taskFromRecord('t1', done)).toEqual({
			taskId: 't1',
			status: 'success',
			videoUrl: 'https://example.com/out.mp4',
			imageUrl: 'https://example.com/out.png',
			prompt: 'snow',
			sourceVideoUrl: 'https://example.com/in.mp4',
			createTime: '2026-03-01T10:00:00.000Z',
			completeTime: '2026-03-01T10:04:30.000Z',
			durationSeconds: 270,
			expiresAt: '2026-03-15T10:04:30.000Z',
			errorCode: null,
			errorMessage: null,
		});
	});

	it('is processing while there is neither a result nor an error', () => {
		const running = { ...done, response: null, completeTime: null, successFlag: 0 };
		expect(taskFromRecord('t1', running)).toMatchObject({
			status: 'processing',
			videoUrl: null,
			completeTime: null,
			durationSeconds: null,
			expiresAt: null,
		});
	});

	it.each([
		['an error message', { successFlag: 0, errorMessage: 'flagged', errorCode: 400 }],
		['an error code alone', { successFlag: 0, errorMessage: null, errorCode: 501 }],
		['the flag 2 of the sister APIs', { successFlag: 2 }],
		['the flag 3 of the sister APIs', { successFlag: 3 }],
	])('has failed when it shows %s', (_, fields) => {
		const task = taskFromRecord('t1', { ...done, response: null, ...fields });
		expect(task).toMatchObject({ status: 'failed', expiresAt: null });
	});

	it.each([
		['ISO with a zone', '2026-03-01T12:00:00+02:00'],
		['ISO without a zone, which means UTC', '2026-03-01T10:00:00'],
		['a blank between date and time', '2026-03-01 10:00:00'],
		['epoch milliseconds', 1772359200000],
		['epoch milliseconds as text', '1772359200000'],
	])('may give its times as %s', (_, createTime) => {
		expect(taskFromRecord('t1', { ...done, createTime }).createTime).toBe(
			'2026-03-01T10:00:00.000Z',
		);
	});

	it.each([
		['nothing', null],
		['an array', []],
		['text', 'oops'],
		['nulls', { paramJson: null, response: null, createTime: null, successFlag: null }],
		['broken JSON inside', { paramJson: '{', createTime: 'soon', successFlag: 'x' }],
		['impossible times', { createTime: 1e300, completeTime: -5 }],
	])('that is %s is a task in progress with nulls', (_, data) => {
		const task = taskFromRecord('t1', data);
		expect(task).toMatchObject({ taskId: 't1', status: 'processing', prompt: null });
		expect(Object.values(task)).not.toContain(undefined);
	});
});
