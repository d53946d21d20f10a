import { ApiFailure } from '../../nodes/Aleph/api/failure';
import { Line, transfer } from '../../nodes/Aleph/api/transfer';

const FOR_EVER = new Promise<never>(() => {});

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a line', () => {
	it('lets five through at once, and the others in the order in which they came', async () => {
		const line = new Line();
		const ends: Array<() => void> = [];
		const entered: number[] = [];
		const all = Array.from({ length: 8 }, async (_, number) => {
			await line.inTurn(async () => {
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

	it('goes on after one that failed', async () => {
		const line = new Line();
		const failing = () => Promise.reject(new Error('in vain'));
		for (let number = 0; number < 10; number++) {
			await expect(line.inTurn(failing)).rejects.toThrow('in vain');
		}
		await expect(line.inTurn(() => Promise.resolve('through'))).resolves.toBe('through');
	});

	it('is left at once by who is stopped', async () => {
		const line = new Line();
		for (let number = 0; number < 5; number++) void line.inTurn(() => FOR_EVER);
		const controller = new AbortController();
		const begun = jest.fn(() => FOR_EVER);
		const stopped = line.inTurn(begun, controller.signal);
		controller.abort(new Error('stopped'));
		await expect(stopped).rejects.toThrow('stopped');
		await expect(line.inTurn(begun, controller.signal)).rejects.toThrow('stopped');
		expect(begun).not.toHaveBeenCalled();
	});
});

describe('a transfer', () => {
	const options = () => ({ url: 'https://example.com/a.mp4', idle: 60_000, line: new Line() });

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
