/** Requests for tasks that wait for their turn, and are not to be sent any more. */
import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { drive, type Work } from '../../nodes/Aleph/batch/drive';
import { batchOf, planFor, SECOND } from '../support/batchWorld';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** The request for the first item is answered, the others wait in line for as long as they may. */
function workWith(answer: () => Promise<string>, credits = async () => await Promise.resolve(0)) {
	const asked: number[] = [];
	const never = async () => await new Promise<never>(() => {});
	const work: Work = {
		start: async (itemIndex, { forGood }) => {
			asked.push(itemIndex);
			if (itemIndex === 0) return await answer();
			return await new Promise((_, leave) =>
				forGood.addEventListener('abort', () => leave(forGood.reason as Error)),
			);
		},
		check: never,
		fetch: never,
		credits,
	};
	return { work, asked };
}

describe('a request that waits in line', () => {
	it('leaves it where another item has failed and the node stops on errors', async () => {
		const { work, asked } = workWith(async () => {
			return await Promise.reject(new ApiFailure('parameters', 422, 'no such ratio'));
		});
		const batch = batchOf(3);
		expect(await drive({ batch, plan: planFor(3, {}, true), work })).toBeNull();
		expect(asked).toEqual([0, 1, 2]);
		expect(batch.items.map(({ at }) => at)).toEqual(['failed', 'toStart', 'toStart']);
	});

	it('leaves it where the next burst finds too few credits', async () => {
		const credits = jest.fn<Promise<number>, []>().mockResolvedValueOnce(200).mockResolvedValue(90);
		const { work, asked } = workWith(async () => await Promise.resolve('a task'), credits);
		const batch = batchOf(3);
		const plan = planFor(3, { until: 'started', rate: 2, keepCredits: 100 });
		const end = drive({ batch, plan, work });
		await jest.advanceTimersByTimeAsync(20 * SECOND);
		expect(await end).toBeNull();
		expect(asked).toEqual([0, 1]);
		expect(batch.items.map(({ at }) => at)).toEqual(['running', 'failed', 'failed']);
	});
});
