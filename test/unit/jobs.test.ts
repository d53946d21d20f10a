import { DIALECTS } from '../../nodes/Aleph/api/dialects';
import { aleph } from '../../nodes/Aleph/api/dialects/aleph';
import { jobs } from '../../nodes/Aleph/api/dialects/jobs';

/** The task that the record with these data tells about. */
const taskOf = (data: unknown) => jobs.taskFromRecord('t1', data)?.task;

const INPUT = { prompt: 'snow', video_url: 'https://example.com/in.mp4' };

const done = {
	taskId: 't1',
	model: 'runway/gen4-aleph',
	state: 'success',
	param: JSON.stringify({ model: 'runway/gen4-aleph', input: INPUT }),
	resultJson:
		'{"resultUrls":["https://example.com/out.mp4"],"firstFrameUrl":"https://example.com/out.png"}',
	failCode: '',
	failMsg: '',
	costTime: 270_000,
	createTime: 1772359200000,
	completeTime: 1772359470000,
	updateTime: 1772359470000,
	progress: 100,
	creditsConsumed: 110,
};

const finished = {
	taskId: 't1',
	status: 'success',
	videoUrl: 'https://example.com/out.mp4',
	imageUrl: 'https://example.com/out.png',
	prompt: 'snow',
	sourceVideoUrl: 'https://example.com/in.mp4',
	credits: 110,
	completedAt: '2026-03-01T10:04:30.000Z',
	expiresAt: null,
	errorMessage: null,
};

describe('a request of the Jobs API', () => {
	it('holds what the user has set, under the names of that API', () => {
		const { body } = jobs.start({
			prompt: 'snow',
			videoUrl: 'https://example.com/in.mp4',
			callBackUrl: 'https://example.com/hook',
			waterMark: 'draft',
			uploadCn: true,
			aspectRatio: '16:9',
			seed: 0,
			referenceImage: 'https://example.com/style.png',
		});
		expect(body).toEqual({
			model: 'runway/gen4-aleph',
			callBackUrl: 'https://example.com/hook',
			input: {
				prompt: 'snow',
				video_url: 'https://example.com/in.mp4',
				watermark: 'draft',
				upload_cn: true,
				aspect_ratio: '16:9',
				seed: 0,
				reference_image: 'https://example.com/style.png',
			},
		});
	});

	it('names nothing that is not set', () => {
		const request = { prompt: 'snow', videoUrl: 'https://example.com/in.mp4' };
		expect(jobs.start(request).body).toEqual({
			model: 'runway/gen4-aleph',
			input: { prompt: 'snow', video_url: 'https://example.com/in.mp4' },
		});
	});
});

describe('a record of the Jobs API', () => {
	it('that is done tells everything about the video', () => {
		expect(taskOf(done)).toEqual(finished);
	});

	it('may name the files by other names, and its JSON may be an object', () => {
		const resultJson = { resultVideoUrl: finished.videoUrl, resultImageUrl: finished.imageUrl };
		expect(taskOf({ ...done, resultJson })).toEqual(finished);
	});

	it('has its input as JSON within the JSON of the parameters', () => {
		const param = JSON.stringify({ model: 'runway/gen4-aleph', input: JSON.stringify(INPUT) });
		expect(taskOf({ ...done, param })).toEqual(finished);
	});

	it.each([
		['success', undefined, 'success'],
		['completed', undefined, 'success'],
		['fail', undefined, 'failed'],
		['failed', 1, 'failed'],
		['error', undefined, 'failed'],
		[null, 1, 'success'],
		[null, 3, 'failed'],
		[null, 0, 'processing'],
		['succeeded', 1, 'success'],
		['cancelled', 3, 'failed'],
		['running', 0, 'processing'],
		['generating', 1, 'processing'],
		['done', undefined, 'success'],
		['running', undefined, 'processing'],
	])('in the state %s, with the flag %s, is %s', (state, successFlag, status) => {
		expect(taskOf({ ...done, state, successFlag })).toMatchObject({ status });
	});

	it.each(['waiting', 'queuing', 'generating', 'some new state', null])(
		'in the state %s is processing',
		(state) => {
			const running = { ...done, state, resultJson: '', completeTime: null };
			expect(taskOf(running)).toMatchObject({
				status: 'processing',
				prompt: 'snow',
				videoUrl: null,
				completedAt: null,
			});
		},
	);

	it.each([
		['its message', { failMsg: 'flagged', failCode: '400' }, 'flagged'],
		['its code, if there is no message', { failMsg: null, failCode: '501' }, '501'],
		['its code as a number', { failMsg: '', failCode: 501 }, '501'],
		['its code by the other name', { failCode: 0, errorCode: 501 }, '501'],
		['nothing, if there is neither', { failMsg: '', failCode: '' }, null],
	])('that has failed says why by %s', (_, fields, errorMessage) => {
		const failed = { ...done, state: 'fail', resultJson: '', ...fields };
		expect(taskOf(failed)).toMatchObject({
			status: 'failed',
			videoUrl: null,
			errorMessage,
		});
	});

	it.each(['timeout', 'cancelled', 'Failure', null])(
		'in the state %s, which is not known, has failed if it says why',
		(state) => {
			const failed = { ...done, state, resultJson: '', failMsg: 'Internal error' };
			expect(taskOf(failed)).toMatchObject({ status: 'failed', errorMessage: 'Internal error' });
		},
	);

	it('may be a text, and made a text of twice', () => {
		expect(taskOf(JSON.stringify(done))).toEqual(finished);
		const resultJson = JSON.stringify(done.resultJson);
		expect(taskOf({ ...done, resultJson })).toEqual(finished);
	});

	it.each([[null], [undefined], [[]], ['Task does not exist'], [42]])(
		'that is %j is none',
		(data) => {
			expect(taskOf(data)).toBeUndefined();
		},
	);

	it('has no video where a list holds something else', () => {
		const resultUrls = [{ toString: 1 }, 7, null];
		expect(taskOf({ ...done, resultJson: { resultUrls } })).toMatchObject({ videoUrl: null });
	});

	it.each(['null', 'N/A', 'undefined', 'None'])('has no video at %j', (url) => {
		expect(taskOf({ ...done, resultJson: { resultUrls: [url] } })).toMatchObject({
			status: 'failed',
			videoUrl: null,
		});
		const resultUrls = [url, finished.videoUrl];
		expect(taskOf({ ...done, resultJson: { resultUrls } })?.videoUrl).toBe(finished.videoUrl);
	});

	it.each([null, '{"resultUrls":null}', '{"resultUrls":[]}', '{"resultUrls":[" "]}'])(
		'takes its video from its response if its result is %j',
		(resultJson) => {
			const response = { resultUrls: [finished.videoUrl], firstFrameUrl: finished.imageUrl };
			expect(taskOf({ ...done, resultJson, response })).toEqual(finished);
		},
	);

	it.each([[[null, finished.videoUrl]], [finished.videoUrl], [`["${finished.videoUrl}"]`]])(
		'finds its video in the URLs %j',
		(resultUrls) => {
			const resultJson = JSON.stringify({ resultUrls, firstFrameUrl: finished.imageUrl });
			expect(taskOf({ ...done, resultJson })).toEqual(finished);
		},
	);

	it.each(['', '{', '{"resultUrls":[]}', '{"resultUrls":[null]}', '{"resultUrls":{}}', null])(
		'has failed if it is done and its result is %j',
		(resultJson) => {
			expect(taskOf({ ...done, resultJson })).toMatchObject({
				status: 'failed',
				errorMessage: 'The provider reported success without a video URL',
			});
		},
	);

	it.each([
		['nulls', { param: null, state: null, resultJson: null, createTime: null }],
		['broken JSON inside', { param: '{', resultJson: '[', state: 'waiting' }],
		['a list as input', { param: '{"input":[1]}', state: 'waiting' }],
	])('that is %s is a task in progress with nulls', (_, data) => {
		const task = taskOf(data);
		expect(task).toMatchObject({ taskId: 't1', status: 'processing', prompt: null });
		expect(Object.values(task!)).not.toContain(undefined);
	});
});

describe('an answer of the Jobs API', () => {
	it.each([
		['with nothing', null],
		['of another task', { ...done, taskId: 't2' }],
		['of another model', { ...done, model: 'google/veo3' }],
	])('%s is no record of the task', (_, data) => {
		expect(taskOf(data)).toBeUndefined();
	});

	it('may name neither the task nor the model, and spell IDs as numbers', () => {
		expect(taskOf({ ...done, taskId: null, model: undefined })).toEqual(finished);
		expect(jobs.taskFromRecord('5', { ...done, taskId: 5 })).not.toBeNull();
		expect(jobs.startedTaskId({ data: { taskId: 5, recordId: 'r' } })).toBe('5');
	});
});

describe('a callback of the Jobs API', () => {
	it('is the record of a finished task', () => {
		expect(jobs.taskFromCallback!({ code: 200, msg: 'ok', data: done })).toEqual(finished);
	});

	it('may spell the ID of its task the other way', () => {
		const data = { ...done, taskId: undefined, task_id: 't1' };
		expect(taskFromCallback({ code: 200, msg: 'ok', data })).toEqual(finished);
	});

	it('of a failed task says why', () => {
		const data = { ...done, state: 'fail', resultJson: '', failMsg: 'flagged' };
		expect(jobs.taskFromCallback!({ code: 501, msg: 'failed', data })).toMatchObject({
			taskId: 't1',
			status: 'failed',
			errorMessage: 'flagged',
		});
	});

	it.each([null, undefined])('may lack its state, as a record may: %s', (state) => {
		const data = { ...done, state, successFlag: 1 };
		expect(taskFromCallback({ code: 200, msg: 'ok', data })).toEqual(finished);
	});

	it.each([
		[200, 'succeeded', undefined, 'success'],
		[501, 'timeout', undefined, 'failed'],
		[501, 'cancelled', 0, 'failed'],
		[501, 'succeeded', 1, 'success'],
		[200, 'generating', undefined, 'processing'],
		[501, 'generating', 3, 'processing'],
	])(
		'with the code %s, in the state %s, with the flag %s, is %s',
		(code, state, successFlag, status) => {
			const data = { ...done, state, successFlag };
			expect(jobs.taskFromCallback!({ code, msg: 'ok', data })).toMatchObject({ status });
		},
	);

	it.each([
		['without a task ID', { code: 200, data: { ...done, taskId: null } }],
		['without a code', { data: done }],
		['without data', { code: 200, data: null, taskId: 't1' }],
		['text', 'taskId=t1'],
	])('that is %s is none', (_, body) => {
		expect(jobs.taskFromCallback!(body)).toBeNull();
	});
});

it.each([
	{ code: 200, data: { ...done, model: 'google/veo3' } },
	{ code: 501, msg: 'failed', data: { taskId: 't1', model: 'google/veo3', state: 'fail' } },
	{ code: 200, data: { taskId: 't1', model: 'google/veo3' } },
])('a callback for a task of another model is none: %j', (body) => {
	expect([jobs, aleph].map((each) => each.taskFromCallback!(body))).toEqual([null, null]);
});

it.each([
	{ param: { input: {} }, resultJson: { resultUrls: ['https://a.com/b.mp4'] } },
	{ response: { resultUrls: ['https://a.com/b.mp4'] } },
	{ model: 'runway/gen4-aleph', response: { resultUrls: ['https://a.com/b.mp4'] } },
])('a callback of the Jobs API may have this alone: %j', (data) => {
	const body = { code: 200, msg: 'ok', data: { taskId: 't1', successFlag: 1, ...data } };
	expect(jobs.taskFromCallback!(body)).toMatchObject({
		status: 'success',
		videoUrl: 'https://a.com/b.mp4',
	});
});

/** As the node reads them: each API in turn. */
function taskFromCallback(body: unknown) {
	const tasks = DIALECTS.map((dialect) => dialect.taskFromCallback?.(body) ?? null);
	return tasks.find((task) => task !== null) ?? null;
}

describe('a callback of either API', () => {
	it('is understood without being told which', () => {
		const ofJobs = { code: 200, msg: 'ok', data: done };
		const ofAleph = {
			code: 200,
			msg: 'ok',
			taskId: 't1',
			data: { result_video_url: finished.videoUrl, result_image_url: finished.imageUrl },
		};
		for (const body of [ofJobs, ofAleph]) {
			expect(taskFromCallback(body)).toMatchObject({
				taskId: 't1',
				status: 'success',
				videoUrl: finished.videoUrl,
				imageUrl: finished.imageUrl,
			});
		}
	});

	it('is none if neither knows it', () => {
		expect(taskFromCallback({ code: 200 })).toBeNull();
		expect(taskFromCallback(null)).toBeNull();
	});
});
