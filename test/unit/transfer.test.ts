import { ApiError } from '../../nodes/Aleph/api/error';
import { transfer, type IdleTimer } from '../../nodes/Aleph/api/files/transfer';
import { FILES_AT_ONCE } from '../../nodes/Aleph/api/limits';
import { RateLimiter } from '../../nodes/Aleph/api/rateLimiter';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const pass = async (duration: number) => await jest.advanceTimersByTimeAsync(duration);

const turn = () => ({
	url: 'https://example.com/a.mp4?token=secret',
	owner: Symbol(),
	limiter: new RateLimiter(0, () => FILES_AT_ONCE),
});

describe('files', () => {
	it('move five at once, and the others in the order in which they came', async () => {
		const { limiter, url } = turn();
		const ends: Array<() => void> = [];
		const entered: number[] = [];
		const all = Array.from({ length: 8 }, async (_, number) => {
			await transfer({ url, limiter, owner: Symbol() }, async () => {
				entered.push(number);
				await new Promise<void>((end) => ends.push(end));
			});
		});
		await pass(1);
		expect(entered).toEqual([0, 1, 2, 3, 4]);
		ends[3]!();
		await pass(1);
		expect(entered).toEqual([0, 1, 2, 3, 4, 5]);
		for (let number = 0; number < all.length; number++) {
			ends[number]!();
			await pass(1);
		}
		await Promise.all(all);
		expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
	});
});

describe('a transfer', () => {
	it('that breaks is tried again', async () => {
		const move = jest
			.fn<Promise<string>, []>()
			.mockRejectedValueOnce(new ApiError('interrupted', null, 'ECONNRESET'))
			.mockResolvedValueOnce('there');
		const moved = transfer(turn(), move);
		await pass(2_000);
		await expect(moved).resolves.toBe('there');
	});

	it('that goes on breaking has failed after a minute', async () => {
		const move = jest.fn(() => Promise.reject(new ApiError('server', 503, 'HTTP 503')));
		const failed = expect(transfer(turn(), move)).rejects.toMatchObject({ kind: 'server' });
		await pass(70_000);
		await failed;
		expect(move.mock.calls.length).toBeGreaterThan(4);
	});

	it('that may be taken back before its first turn only is tried again to its end', async () => {
		const move = jest
			.fn<Promise<string>, []>()
			.mockRejectedValueOnce(new ApiError('server', 503, 'HTTP 503'))
			.mockResolvedValueOnce('there');
		const first = new AbortController();
		const moved = transfer({ ...turn(), firstTurn: first.signal }, move);
		await pass(500);
		first.abort(new Error('Withdrawn'));
		await pass(2_000);
		await expect(moved).resolves.toBe('there');
		const late = transfer({ ...turn(), firstTurn: first.signal }, move);
		await expect(late).rejects.toThrow('Withdrawn');
	});

	it('that is taken back before it is tried again says what went wrong', async () => {
		const move = () => Promise.reject(new ApiError('server', 503, 'HTTP 503'));
		const withdrawal = new AbortController();
		const moved = transfer({ ...turn(), withdrawal: withdrawal.signal }, move);
		const failed = expect(moved).rejects.toMatchObject({ kind: 'server' });
		await pass(500);
		withdrawal.abort();
		await failed;
	});

	it.each([
		['refused', new ApiError('notFound', 404, 'HTTP 404')],
		['broken by our own side', new Error('ENOSPC')],
	])('that is %s is not tried again', async (_, error) => {
		const move = jest.fn(() => Promise.reject(error));
		await expect(transfer(turn(), move)).rejects.toBe(error);
		expect(move).toHaveBeenCalledTimes(1);
	});

	/** Moves so many bytes at once, and then waits for ever. */
	const stalling = (bytes: number) => async (timer: IdleTimer) => {
		timer.moved(bytes);
		await new Promise((_, reject) =>
			timer.signal.addEventListener('abort', () => reject(new Error('aborted'))),
		);
	};

	it('that stalls has failed, and is not tried again', async () => {
		const move = jest.fn(stalling(0));
		const failed = transfer({ ...turn(), idle: 20 }, move);
		await expect(failed).rejects.toMatchObject({
			kind: 'interrupted',
			reason: 'nothing moved for 0.02 seconds at https://example.com',
		});
		expect(move).toHaveBeenCalledTimes(1);
	});

	it('is told to end when it is over, whatever still goes on', async () => {
		const signal = await transfer(turn(), async (timer) => {
			expect(timer.signal.aborted).toBe(false);
			return await Promise.resolve(timer.signal);
		});
		expect(signal.aborted).toBe(true);
	});
});
