import type { ApiError } from '../../nodes/Aleph/api/error';
import { runway } from '../../nodes/Aleph/api/dialects/runway';

const NOW = Date.parse('2026-10-01T12:00:00Z');

beforeEach(() => {
	jest.spyOn(Date, 'now').mockReturnValue(NOW);
});

afterEach(() => jest.restoreAllMocks());

const done = {
	id: 't1',
	status: 'SUCCEEDED',
	createdAt: '2026-10-01T11:50:00Z',
	output: ['https://example.com/out.mp4?token=x'],
	cost: { credits: 140 },
};

const finished = {
	taskId: 't1',
	status: 'success',
	videoUrl: 'https://example.com/out.mp4?token=x',
	imageUrl: null,
	prompt: null,
	sourceVideoUrl: null,
	credits: 140,
	completedAt: null,
	expiresAt: '2026-10-02T12:00:00.000Z',
	errorMessage: null,
};

const taskOf = (data: object) => runway.taskFromRecord('t1', { id: 't1', ...data })?.task;

describe('a request of the Runway API', () => {
	it('holds what the user has set, under the names of that API', () => {
		const call = runway.start({
			prompt: 'snow',
			videoUrl: 'runway://clip',
			aspectRatio: '21:9',
			seed: 0,
			keyframes: [
				{ image: 'https://example.com/a.png', seconds: 2 },
				{ image: 'runway://b', position: 0.5, start: 1, end: 3 },
			],
			outputFormat: 'prores',
			publicFigures: 'low',
		});
		expect(call).toEqual({
			method: 'POST',
			path: '/v1/video_to_video',
			body: {
				model: 'aleph2',
				promptText: 'snow',
				videoUri: 'runway://clip',
				targetAspectRatio: '21:9',
				seed: 0,
				keyframes: [
					{ uri: 'https://example.com/a.png', seconds: 2 },
					{ uri: 'runway://b', at: 0.5, range: { start_seconds: 1, end_seconds: 3 } },
				],
				outputFormat: 'prores',
				contentModeration: { publicFigureThreshold: 'low' },
			},
		});
	});

	it('names the version of the API', () => {
		expect(runway.headers).toEqual({ 'X-Runway-Version': '2024-11-06' });
	});

	it('reads and cancels a task at its own path, whatever its ID is', () => {
		expect(runway.read('a/b')).toMatchObject({ method: 'GET', path: '/v1/tasks/a%2Fb' });
		expect(runway.cancel!('t1')).toEqual({ method: 'DELETE', path: '/v1/tasks/t1' });
	});
});

describe('a task of the Runway API', () => {
	it('that has succeeded tells its video and what it cost; its URL lives for a day', () => {
		expect(runway.taskFromRecord('t1', done)).toEqual({ task: finished });
	});

	it.each(['PENDING', 'RUNNING', 'A NEW STATE', undefined])(
		'in the state %s is processing',
		(status) => {
			expect(taskOf({ status, progress: 0.5 })).toMatchObject({
				status: 'processing',
				credits: null,
			});
		},
	);

	it('whose state is not known has ended if there is a video, or a reason why there is none', () => {
		expect(taskOf({ ...done, status: 'COMPLETED' })).toEqual(finished);
		const expired = taskOf({ status: 'EXPIRED', failure: 'Too late', failureCode: 'EXPIRED' });
		expect(expired).toMatchObject({ status: 'failed', errorMessage: 'Too late (EXPIRED)' });
	});

	it('is the same under an ID in capitals', () => {
		expect(runway.taskFromRecord('T1', done)?.task).toEqual({ ...finished, taskId: 'T1' });
	});

	it.each(['THROTTLED', ' throttled'])(
		'that is %s is processing, in the queue of the provider',
		(status) => {
			const record = runway.taskFromRecord('t1', { id: 't1', status });
			expect(record).toMatchObject({ queued: true, task: { status: 'processing' } });
		},
	);

	it.each([
		[
			'why',
			{ failure: 'Moderated', failureCode: 'SAFETY.INPUT.TEXT' },
			'Moderated (SAFETY.INPUT.TEXT)',
		],
		['a code alone', { failureCode: 'INTERNAL.BAD_OUTPUT.CODE01' }, 'INTERNAL.BAD_OUTPUT.CODE01'],
		['a code that is a number', { failureCode: 501 }, '501'],
		['nothing', {}, null],
	])('that has failed says %s, and what it cost', (_, fields, errorMessage) => {
		const task = taskOf({ status: 'FAILED', cost: { credits: 140 }, ...fields });
		expect(task).toMatchObject({ status: 'failed', errorMessage, credits: 140, videoUrl: null });
	});

	it.each(['CANCELLED', 'canceled'])('that is %s has failed, and says so', (status) => {
		const task = taskOf({ status, cost: { credits: 0 } });
		expect(task).toMatchObject({
			status: 'failed',
			errorMessage: 'The task was cancelled',
			credits: 0,
		});
	});

	it.each([[[null, finished.videoUrl]], [finished.videoUrl]])(
		'finds its video in the output %j',
		(output) => {
			expect(taskOf({ ...done, output })).toEqual(finished);
		},
	);

	it.each([[[]], [null], [['']], [{}]])(
		'that has succeeded with the output %j has no video, and so has failed',
		(output) => {
			const errorMessage = 'The provider reported success without a video URL';
			expect(taskOf({ ...done, output })).toMatchObject({ status: 'failed', errorMessage });
		},
	);

	it.each([
		['nothing', null],
		['text', 'oops'],
		['another task', { ...done, id: 't2' }],
		['a task without an ID', { ...done, id: undefined }],
	])('is not what %s tells about', (_, data) => {
		expect(runway.taskFromRecord('t1', data)).toBeNull();
	});
});

describe('an answer of the Runway API', () => {
	const answer = (statusCode: number, body: unknown, headers = {}) => ({
		statusCode,
		body,
		headers,
	});

	function errorOf(path: string, ...args: Parameters<typeof answer>): ApiError {
		try {
			runway.open(answer(...args), { method: 'GET', path });
		} catch (error) {
			return error as ApiError;
		}
		throw new Error('The answer counted as good');
	}

	it('gives its body if the status is good', () => {
		expect(runway.open(answer(200, done), runway.read('t1'))).toBe(done);
	});

	it('is empty to a cancel only', () => {
		expect(runway.open(answer(204, ''), runway.cancel!('t1'))).toBe('');
		for (const body of ['', null, undefined]) {
			expect(errorOf('/v1/tasks/t1', 204, body).kind).toBe('notTheApi');
			expect(errorOf('/v1/organization', 200, body).kind).toBe('notTheApi');
		}
	});

	it('about a task that has no ID is not of the API; one with another ID is no record of the task', () => {
		for (const body of [{}, { ...done, id: null }, { data: done }]) {
			expect(errorOf('/v1/tasks/t1', 200, body).kind).toBe('notTheApi');
		}
		const other = runway.open(answer(200, { ...done, id: 't2' }), runway.read('t1'));
		expect(runway.taskFromRecord('t1', other)).toBeNull();
	});

	it.each([
		[400, 'Failed to fetch asset', 'media'],
		[400, 'Only HTTPS URLs are allowed', 'media'],
		[400, 'videoUri: Asset duration must be at least 2 seconds', 'parameters'],
		[400, 'You do not have enough credits to run this task.', 'credits'],
		[400, 'Your credits are insufficient', 'credits'],
		[400, 'This account is out of credits', 'credits'],
		[400, 'Insufficient credits', 'credits'],
		[400, 'Failed to fetch asset https://example.com/no-credits.mp4', 'media'],
		[400, 'The prompt "a film of credit cards" is too long', 'parameters'],
		[400, 'The video is too long. No credits were charged.', 'parameters'],
		[400, 'No credits, so nothing was charged', 'parameters'],
		[400, 'No credits are left', 'credits'],
		[400, 'You have no credits left to be used', 'credits'],
		[400, 'You do not have enough credits to be charged for this task', 'credits'],
		[400, 'Validation of body failed', 'parameters'],
		[401, 'The API key is not valid', 'credential'],
		[403, 'This model is not available to your account', 'noModel'],
		[404, 'Not found', 'notFound'],
		[429, 'You have reached the daily limit', 'dailyLimit'],
		[500, 'Internal error', 'server'],
		[502, 'Bad gateway', 'server'],
		[503, 'Overloaded', 'server'],
		[302, 'Moved', 'notFound'],
	])('with %i and "%s" says what went wrong', (status, error, kind) => {
		const path = '/v1/video_to_video';
		expect(errorOf(path, status, { error })).toMatchObject({ kind, code: status, reason: error });
	});

	it('with 429 for anything but a new task says nothing of the day', () => {
		expect(errorOf('/v1/tasks/t1', 429, { error: 'Slow down' }).kind).toBe('rateLimit');
	});

	it('with 404 for a task says that there is none', () => {
		expect(errorOf('/v1/tasks/t1', 404, { error: 'Not found' }).kind).toBe('unknownTask');
	});

	it('with 404 and a web page is that of another server', () => {
		expect(errorOf('/v1/tasks/t1', 404, '<html>Not found</html>').kind).toBe('notFound');
	});

	it('with 403 and a web page comes from a firewall', () => {
		const { kind, reason } = errorOf('/v1/tasks/t1', 403, '<html>Denied</html>');
		expect(kind).toBe('firewall');
		expect(reason).not.toContain('<');
		const problem = { type: 'https://example.com/1010', title: 'Access denied', detail: 'Blocked' };
		expect(errorOf('/v1/tasks/t1', 403, problem).kind).toBe('firewall');
	});

	it.each([
		{ error: { message: 'Model not available', code: 1 } },
		{ message: 'Model not available' },
		{ detail: 'Model not available' },
	])('may have its words in several places: %j', (body) => {
		const error = errorOf('/v1/video_to_video', 403, body);
		expect(error).toMatchObject({ kind: 'noModel', reason: 'Model not available' });
	});

	it('names the fields that are wrong', () => {
		const issues = [
			{ path: ['keyframes', 0, 'uri'], message: 'Invalid URL' },
			{ message: 'Too long' },
		];
		const { reason } = errorOf('/v1/video_to_video', 400, { error: 'Validation failed', issues });
		expect(reason).toBe('Validation failed; keyframes.0.uri: Invalid URL; Too long');
	});

	it('says that there are no credits in its own words only, not where it quotes an input', () => {
		const quote = '"no credits left" is too long';
		const issues = [{ path: ['promptText'], message: quote }];
		const error = errorOf('/v1/video_to_video', 400, { error: 'Validation failed', issues });
		expect(error.kind).toBe('parameters');
		const url = { path: ['videoUri'], message: 'https://example.com/credits.mp4 answered 404' };
		const body = { error: 'Failed to fetch asset', issues: [url] };
		expect(errorOf('/v1/video_to_video', 400, body).kind).toBe('media');
	});

	it('takes no prompt that it quotes for what is wrong with the video', () => {
		const issues = [
			{ path: ['promptText'], message: '"fetch and redirect the light" is too long' },
		];
		const error = errorOf('/v1/video_to_video', 400, { error: 'Validation failed', issues });
		expect(error.kind).toBe('parameters');
		const asset = [{ path: ['keyframes', 0, 'uri'], message: 'The asset has no content-type' }];
		const body = { error: 'Validation failed', issues: asset };
		expect(errorOf('/v1/video_to_video', 400, body).kind).toBe('media');
	});

	it('may say how long to stay away, and whether to ask again at all', () => {
		const asked = (headers: object, status = 503) => errorOf('/v1/tasks/t1', status, {}, headers);
		expect(asked({ 'retry-after-ms': '2500', 'retry-after': '9' }).retryAfter).toBe(2_500);
		expect(asked({ 'retry-after': '9' }).retryAfter).toBe(9_000);
		expect(asked({ 'retry-after-ms': '0', 'retry-after': '60' }).retryAfter).toBe(60_000);
		expect(asked({ 'retry-after-ms': 1e12, 'retry-after': 60 }).retryAfter).toBe(60_000);
		expect(asked({}).isTransient).toBe(true);
		expect(asked({ 'x-should-retry': 'false' }).isTransient).toBe(false);
		expect(asked({ 'x-should-retry': 'true' }, 400).isTransient).toBe(true);
	});
});

describe('the organization of a Runway account', () => {
	const organization = {
		creditBalance: 1_234.5,
		tier: { models: { aleph2: { maxConcurrentGenerations: 3, maxDailyGenerations: 50 } } },
	};

	it('tells the credits that are left, and how many tasks it runs at once', () => {
		expect(runway.credits.from(organization)).toBe(1_234.5);
		expect(runway.concurrency!.from(organization)).toBe(3);
	});

	it.each([organization, { creditBalance: 0 }, { tier: {} }])(
		'answers the test of a credential: %j',
		(data) => expect(runway.answersProbe!(data)).toBe(true),
	);

	const none = { tier: { models: { aleph2: { maxConcurrentGenerations: 0 } } } };

	it.each([[null], [{}], [none], [{ creditBalance: 'many', tier: { models: {} } }]])(
		'tells neither in %j',
		(data) => {
			expect(runway.credits.from(data)).toBeNull();
			expect(runway.concurrency!.from(data)).toBeNull();
		},
	);
});

describe('an upload to the Runway API', () => {
	const file = { name: 'in.mp4', mimeType: 'video/mp4', size: 5_000 };
	const ticket = {
		uploadUrl: 'https://storage.example.com/',
		fields: { key: 'k', policy: 'p' },
		runwayUri: 'runway://clip',
	};

	it('goes where the API says, with all that it says, and without the key', async () => {
		const send = jest.fn().mockResolvedValue(ticket);
		const { read, ...call } = await runway.upload(file, '', send);
		const body = { filename: 'in.mp4', type: 'ephemeral' };
		expect(send).toHaveBeenCalledWith({ method: 'POST', path: '/v1/uploads', body });
		expect(call).toEqual({ url: ticket.uploadUrl, fields: ticket.fields, withKey: false });
		expect(read(answerOf(204))).toEqual({ url: 'runway://clip' });
	});

	it.each([
		[400, 'upload'],
		[403, 'upload'],
		[429, 'server'],
		[503, 'server'],
	])('has failed if the storage does not take it, with status %i as "%s"', async (status, kind) => {
		const { read } = await runway.upload(file, '', async () => await Promise.resolve(ticket));
		expect(() => read(answerOf(status))).toThrow(`${kind}: HTTP ${status} from the storage`);
	});

	const answerOf = (statusCode: number) => ({ statusCode, headers: {}, body: '' });
});
