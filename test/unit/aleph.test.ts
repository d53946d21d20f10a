import { aleph } from '../../nodes/Aleph/api/dialects/aleph';

/** The task that the record with these data tells about. */
const taskOf = (data: unknown) => aleph.taskFromRecord('t1', data)?.task;

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

describe('a request of the Aleph API', () => {
	it('holds what the user has set, under the same names', () => {
		const request = {
			prompt: 'snow',
			videoUrl: 'https://example.com/in.mp4',
			callBackUrl: 'https://example.com/hook',
			waterMark: 'draft',
			uploadCn: true,
			aspectRatio: '16:9',
			seed: 0,
			referenceImage: 'https://example.com/style.png',
		} as const;
		const call = { method: 'POST', path: '/api/v1/aleph/generate' };
		expect(aleph.start(request)).toEqual({ ...call, body: request });
	});
});

describe('a record of the Aleph API', () => {
	it('that is done tells everything about the video', () => {
		expect(taskOf(done)).toEqual({
			taskId: 't1',
			status: 'success',
			videoUrl: 'https://example.com/out.mp4',
			imageUrl: 'https://example.com/out.png',
			prompt: 'snow',
			sourceVideoUrl: 'https://example.com/in.mp4',
			credits: null,
			completedAt: '2026-03-01T10:04:30.000Z',
			expiresAt: null,
			errorMessage: null,
		});
	});

	it('is processing while there is neither a result nor an error', () => {
		const running = { ...done, response: null, completeTime: null, successFlag: 0, errorCode: 200 };
		expect(taskOf(running)).toMatchObject({
			status: 'processing',
			prompt: 'snow',
			videoUrl: null,
			completedAt: null,
		});
	});

	it.each([
		['an error message', { successFlag: 0, errorMessage: 'flagged', errorCode: 400 }],
		['an error code alone', { successFlag: 0, errorMessage: null, errorCode: 501 }],
		['an error code in words', { successFlag: 0, errorCode: 'MODERATION' }],
		['the flag 2', { successFlag: 2 }],
		['the flag 3', { successFlag: 3 }],
	])('has failed when it shows %s', (_, fields) => {
		const task = taskOf({ ...done, response: null, ...fields });
		expect(task).toMatchObject({ status: 'failed', videoUrl: null });
	});

	it.each([undefined, null, true, 'SUCCESS', 7])(
		'with the flag %j has ended if there is a video, or a reason why there is none',
		(successFlag) => {
			expect(taskOf({ ...done, successFlag })).toMatchObject({ status: 'success' });
			const failed = { ...done, successFlag, response: null, errorCode: 'MODERATION' };
			expect(taskOf(failed)).toMatchObject({ status: 'failed', errorMessage: 'MODERATION' });
			expect(taskOf({ ...done, successFlag, response: null })).toMatchObject({
				status: 'processing',
			});
		},
	);

	it.each([[null], [[]], ['Task does not exist']])('that is %j is none', (data) => {
		expect(taskOf(data)).toBeUndefined();
	});

	it.each([
		['its message', { errorMessage: 'flagged', errorCode: 400 }, 'flagged'],
		['its code, if there is no message', { errorMessage: '', errorCode: 501 }, '501'],
		['nothing, if there is neither', { errorMessage: null, errorCode: 0 }, null],
	])('that has failed says why by %s', (_, fields, errorMessage) => {
		expect(taskOf({ ...done, successFlag: 3, ...fields })).toMatchObject({ errorMessage });
	});

	it('that is done has no error, whatever its code', () => {
		const task = taskOf({ ...done, errorCode: 200 });
		expect(task).toMatchObject({ status: 'success', errorMessage: null });
	});

	it.each([
		['null', null],
		['without a URL', { resultVideoUrl: '' }],
	])('has failed if it is done and its response is %s', (_, response) => {
		expect(taskOf({ ...done, response })).toMatchObject({
			status: 'failed',
			videoUrl: null,
			errorMessage: 'The provider reported success without a video URL',
		});
	});

	it.each([
		['ISO with a zone', '2026-03-01T12:04:30+02:00'],
		['ISO without a zone, which means UTC', '2026-03-01T10:04:30'],
		['a blank between date and time', '2026-03-01 10:04:30'],
		['epoch milliseconds', 1772359470000],
		['epoch milliseconds as text', '1772359470000'],
		['epoch seconds', 1772359470],
		['epoch seconds as text', '1772359470'],
		['ISO with blanks around it', ' 2026-03-01T10:04:30Z '],
		['ISO with the hours of a zone', '2026-03-01T18:04:30+08'],
		['a blank before the zone', '2026-03-01 18:04:30 +08'],
		['the name of a zone', '2026-03-01 10:04:30 UTC'],
	])('may give its times as %s', (_, completeTime) => {
		expect(taskOf({ ...done, completeTime })).toMatchObject({
			completedAt: '2026-03-01T10:04:30.000Z',
		});
	});

	it.each([
		['nulls', { paramJson: null, response: null, createTime: null, successFlag: null }],
		['broken JSON inside', { paramJson: '{', createTime: 'soon', successFlag: 'x' }],
		['impossible times', { createTime: 1e300, completeTime: -5 }],
	])('that is %s is a task in progress with nulls', (_, data) => {
		const task = taskOf(data);
		expect(task).toMatchObject({ taskId: 't1', status: 'processing', prompt: null });
		expect(Object.values(task!)).not.toContain(undefined);
	});
});

describe('an answer of the Aleph API', () => {
	it.each([
		['with nothing', null],
		['of another task', { ...done, taskId: 't2' }],
	])('%s is no record of the task', (_, data) => {
		expect(aleph.taskFromRecord('t1', data)).toBeNull();
	});

	it('may spell IDs as numbers, and need not name the task', () => {
		expect(aleph.taskFromRecord('123', { ...done, taskId: 123 })).not.toBeNull();
		expect(taskOf({ ...done, taskId: undefined })).toMatchObject({ status: 'success' });
		expect(aleph.startedTaskId({ data: { taskId: 123 } })).toBe('123');
		expect(aleph.startedTaskId({ data: { task_id: ' t1 ' } })).toBe('t1');
		expect(aleph.startedTaskId({ data: { taskId: '' } })).toBeNull();
		expect(aleph.startedTaskId({ data: { taskId: '🎬' } })).toBe('🎬');
	});
});

describe('a callback of the Aleph API', () => {
	const success = {
		taskId: 't1',
		status: 'success',
		videoUrl: 'https://example.com/out.mp4',
		imageUrl: 'https://example.com/out.png',
	};
	const { videoUrl, imageUrl } = success;

	it.each([
		[
			'the documented spelling',
			{ taskId: 't1', data: { result_video_url: videoUrl, result_image_url: imageUrl } },
		],
		[
			'the spelling of the examples',
			{ data: { task_id: 't1', video_url: videoUrl, image_url: imageUrl } },
		],
	])('in %s is a finished task', (_, body) => {
		expect(aleph.taskFromCallback!({ code: 200, msg: 'ok', ...body })).toMatchObject(success);
	});

	it('may bring the record of the task', () => {
		expect(aleph.taskFromCallback!({ code: 200, msg: 'ok', data: done })).toEqual(taskOf(done));
	});

	it.each([
		[0, { errorMessage: null }, 'processing', null],
		[0, { errorMessage: 'flagged' }, 'failed', 'flagged'],
		[3, { errorMessage: 'flagged' }, 'failed', 'flagged'],
		[null, {}, 'success', null],
	])('with the flag %s and %j is %s', (successFlag, fields, status, errorMessage) => {
		const data = { ...done, errorMessage: null, successFlag, ...fields };
		const task = aleph.taskFromCallback!({ code: 200, msg: 'ok', data });
		expect(task).toMatchObject({ status, errorMessage });
	});

	it('of a failed task says why', () => {
		const body = { code: 400, msg: 'flagged', data: null, taskId: 't1' };
		expect(aleph.taskFromCallback!(body)).toMatchObject({
			taskId: 't1',
			status: 'failed',
			errorMessage: 'flagged',
			videoUrl: null,
		});
	});

	it('may give the ID as a number, and the code as text', () => {
		const body = { code: '200', msg: 'ok', taskId: 42, data: { video_url: videoUrl } };
		expect(aleph.taskFromCallback!(body)).toMatchObject({ taskId: '42', status: 'success' });
	});

	it.each([
		['an array', [{ taskId: 't1', code: 200 }]],
		['text', 'taskId=t1'],
		['nothing', null],
		['without a task ID', { code: 200, data: {} }],
		['with a blank task ID', { code: 200, taskId: ' ' }],
		['with a task ID that no API would give', { code: 200, taskId: 'x'.repeat(201) }],
		['with half a character as task ID', { code: 200, taskId: '\ud83c' }],
		['with an object as task ID', { code: 200, taskId: { $ne: null } }],
		['without a code', { taskId: 't1' }],
		['with a code that is no number', { taskId: 't1', code: 'ok' }],
	])('that is %s is none', (_, body) => {
		expect(aleph.taskFromCallback!(body)).toBeNull();
	});
});
