import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { lineOfFiles, transfer } from '../../nodes/Aleph/api/transfer';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the line of files', () => {
	it('lets five through at once, and the others in the order in which they came', async () => {
		const line = lineOfFiles();
		const ends: Array<() => void> = [];
		const entered: number[] = [];
		const all = Array.from({ length: 8 }, async (_, number) => {
			await line.send({ owner: Symbol(), limit: Infinity }, async () => {
				entered.push(number);
				await new Promise<void>((end) => ends.push(end));
			});
		});
		await settled();
		expect(entered).toEqual([0, 1, 2, 3, 4]);
		ends[3]!();
		await settled();
		expect(entered).toEqual([0, 1, 2, 3, 4, 5]);
		for (let number = 0; number < all.length; number++) {
			ends[number]!();
			await settled();
		}
		await Promise.all(all);
		expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
	});
});

describe('a transfer', () => {
	const options = () => ({
		url: 'https://example.com/a.mp4',
		owner: Symbol(),
		idle: 60_000,
		line: lineOfFiles(),
	});

	it('that breaks is tried again', async () => {
		const move = jest
			.fn<Promise<string>, []>()
			.mockRejectedValueOnce(new ApiFailure('cut', null, 'ECONNRESET'))
			.mockResolvedValueOnce('there');
		await expect(transfer(options(), move)).resolves.toBe('there');
	});

	it('that is refused is not', async () => {
		const move = jest.fn(() => Promise.reject(new ApiFailure('notFound', 404, 'HTTP 404')));
		await expect(transfer(options(), move)).rejects.toMatchObject({ kind: 'notFound' });
		expect(move).toHaveBeenCalledTimes(1);
	});

	it('is told to end when it is over, whatever still goes on', async () => {
		const signal = await transfer(options(), async (watch) => {
			expect(watch.signal.aborted).toBe(false);
			return await Promise.resolve(watch.signal);
		});
		expect(signal.aborted).toBe(true);
	});
});
