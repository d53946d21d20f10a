/**
 * What each release has stored of sleeping batches, as recorded by `test/fixtures/record.ts`. Every later
 * version must resume them: a recording is never changed, and never deleted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { awoke } from '../../nodes/Aleph/batch/events';
import { isPending, isRunning, taskIdOf, type Batch } from '../../nodes/Aleph/batch/state';
import { states } from '../support/batches';
import { World } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE } from '../support/fakeClock';

const FIXTURES = resolve(__dirname, '../fixtures');

const recordings = readdirSync(FIXTURES).filter((name) => /^batch-.+\.json$/.test(name));

const read = (name: string) => JSON.parse(readFileSync(resolve(FIXTURES, name), 'utf8')) as Batch;

/** The world as it was when the batch fell asleep. */
function worldOf({ items, sleep }: Batch): World {
	const now = sleep!.wakeAt;
	const world = new World({ credits: 10_000 }, new FakeClock(now));
	items.forEach((item, itemIndex) => {
		if (!isRunning(item)) return;
		const times = { acceptedAt: item.startedAt, runsFrom: item.startedAt, endsAt: now };
		world.tasks.set(item.taskId, { itemIndex, duration: HOUR, ...times, checks: 0 });
	});
	return world;
}

describe.each(recordings)('%s', (name) => {
	it('has items in every state', () => {
		const found = new Set(read(name).items.map(({ state }) => state));
		const all = ['pending', 'running', 'completed', 'timedOut', 'failed', 'unconfirmed'];
		expect(found).toEqual(new Set(all));
	});

	it.each([true, false])(
		'is resumed to its end, by a process that has had the callbacks: %s',
		async (areHere) => {
			const before = read(name);
			const world = worldOf(before);
			const batch = read(name);
			const taskIds = new Set(batch.sleep!.callbacks);
			awoke(batch, { taskIds, areHere }, world.clock.now());
			const after = await world.run(batch);
			after.items.forEach((item, index) => {
				const earlier = before.items[index]!;
				if (isRunning(earlier)) {
					expect(item).toMatchObject({ state: 'completed', taskId: earlier.taskId });
				} else if (!isPending(earlier)) {
					expect(item).toEqual(earlier);
				}
			});
			const started = before.items.flatMap((item, index) => (isPending(item) ? index : []));
			expect(world.sentOf('start').map(({ itemIndex }) => itemIndex)).toEqual(started);
			for (const index of started) expect(taskIdOf(after.items[index]!)).toBeDefined();
			expect(world.clock.now()).toBeLessThan(before.sleep!.wakeAt + 10 * MINUTE);
			expect(states(after)).not.toContain('pending');
		},
	);
});
