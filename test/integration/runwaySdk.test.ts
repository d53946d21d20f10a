/**
 * Runway's own SDK against the simulator: what a client expects that nobody here wrote is what the
 * simulator gives. It looks at a task after 6 seconds, give or take 1.5.
 */
import RunwayML, {
	BadRequestError,
	InternalServerError,
	NotFoundError,
	PermissionDeniedError,
	RateLimitError,
	TaskFailedError,
	toFile,
} from '@runwayml/sdk';
import axios from 'axios';
import { startSimulator, type Settings, type Simulator } from '../simulator';

let simulator: Simulator;
afterEach(async () => await simulator.close());

async function newClient(settings: Partial<Settings> = {}): Promise<RunwayML> {
	simulator = await startSimulator({ duration: 1, ...settings });
	return new RunwayML({ apiKey: 'key_of_a_test', baseURL: simulator.url });
}

const CLIP: RunwayML.VideoToVideoCreateParams = {
	model: 'aleph2',
	videoUri: 'https://example.com/clip.mp4',
	promptText: 'Make it snow',
};

it('creates tasks and waits: for an output, and for a failure', async () => {
	const client = await newClient({ concurrency: 1 });
	const [task, failure] = await Promise.all([
		client.videoToVideo
			.create({ ...CLIP, seed: 7, keyframes: [{ uri: 'https://example.com/a.png', at: 0.5 }] })
			.waitForTaskOutput(),
		client.videoToVideo
			.create({ ...CLIP, promptText: 'Something bad [fail=moderation]' })
			.waitForTaskOutput()
			.catch((error: unknown) => error),
	]);
	expect(task).toMatchObject({ status: 'SUCCEEDED', cost: { credits: 10 } });
	const { status, headers } = await axios.get(task.output[0]!, { responseType: 'arraybuffer' });
	expect([status, headers['content-type']]).toEqual([200, 'video/mp4']);

	expect(failure).toBeInstanceOf(TaskFailedError);
	const { taskDetails } = failure as TaskFailedError;
	expect(taskDetails).toMatchObject({ failureCode: 'SAFETY.INPUT.TEXT', cost: { credits: 10 } });
	expect(simulator.stats()).toMatchObject({ peakRunning: 1, peakOpen: 2, tooSoonReads: 0 });
});

it('uploads a file and edits it', async () => {
	const client = await newClient();
	const content = Buffer.alloc(5000, 'video');
	const { uri } = await client.uploads.createEphemeral({ file: await toFile(content, 'a.mp4') });
	await client.videoToVideo.create({ ...CLIP, videoUri: uri });
	expect(simulator.tasks()).toMatchObject([{ request: { videoUrl: uri } }]);
	expect(simulator.stats()).toMatchObject({ uploads: [{ size: 5000 }], authorizedFileRequests: 0 });
});

it('asks for the organization', async () => {
	const client = await newClient({ concurrency: 3 });
	await client.videoToVideo.create(CLIP);
	const { creditBalance, tier, usage } = await client.organization.retrieve();
	expect(creditBalance).toBe(990);
	expect(tier.models.aleph2?.maxConcurrentGenerations).toBe(3);
	expect(usage.models.aleph2?.dailyGenerations).toBe(1);
});

it('cancels a task, and deletes it', async () => {
	const client = await newClient({ duration: 60 });
	const { id, estimatedCost } = await client.videoToVideo.create(CLIP);
	expect(estimatedCost.credits).toBe(10);
	await client.tasks.delete(id);
	expect((await client.tasks.retrieve(id)).status).toBe('CANCELLED');
	await client.tasks.delete(id);
	await expect(client.tasks.retrieve(id)).rejects.toThrow(NotFoundError);
});

it('is refused: for its input, its model, and its number of the day', async () => {
	const client = await newClient({ shouldRetry: false });
	const create = async (fields: object) => await client.videoToVideo.create({ ...CLIP, ...fields });
	await expect(create({ promptText: '' })).rejects.toThrow(BadRequestError);
	simulator.settings.modelGone = true;
	await expect(create({})).rejects.toThrow(PermissionDeniedError);
	Object.assign(simulator.settings, { modelGone: false, dailyLimit: 0 });
	await expect(create({})).rejects.toThrow(RateLimitError);
	expect(simulator.stats().generate).toMatchObject({ requests: 3, accepted: 0 });
});

it('tries again by itself when the API sheds load, and so may start a task twice', async () => {
	const settings = {
		generateFault: 'errorAfter',
		generateFaultCode: 503,
		retryAfterMs: 1,
	} as const;
	const client = await newClient(settings);
	await expect(client.videoToVideo.create(CLIP)).rejects.toThrow(InternalServerError);
	expect(simulator.stats()).toMatchObject({ generate: { accepted: 3 }, duplicates: 2 });
});
