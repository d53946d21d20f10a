/**
 * Batches as large, and tasks as long, as people have: hours, which pass on a fake clock. The driver is the
 * one that ships; the API and n8n are models.
 */
import { newLimiters } from '../../nodes/Aleph/api/rateLimiter';
import { batchOf, states } from '../support/batches';
import { World } from '../support/batchWorld';
import { FakeClock, HOUR, MINUTE } from '../support/fakeClock';
import { sleepingN8n } from '../support/sleepingN8n';
import { idealTime } from '../support/ideal';
import { cell, times, type Part, type Row } from './part';
import { spread } from './world';

const COUNT = 1_000;
const DURATIONS = { shortest: 2 * MINUTE, longest: 15 * MINUTE };
const LIMITS = { slots: 100, rate: 20, window: 10_000 };

interface Way {
	name: string;
	sleeps: boolean;
	/** Per cent of the callbacks. */
	lost: number;
}

const WAYS: Way[] = [
	{ name: '"Poll"', sleeps: false, lost: 100 },
	{ name: '"Sleep"', sleeps: true, lost: 0 },
	{ name: '"Sleep", 30 % of the callbacks lost', sleeps: true, lost: 30 },
	{ name: '"Sleep", without callbacks', sleeps: true, lost: 100 },
];

export const realSizes: Part = {
	compares: `${COUNT} tasks of ${DURATIONS.shortest / MINUTE} to ${DURATIONS.longest / MINUTE} minutes in one execution. The API runs ${LIMITS.slots} at once and accepts ${LIMITS.rate} new ones in ${LIMITS.window / 1000} s. This takes hours, so it isn't measured on n8n: the node's own driver runs on a clock that jumps from event to event, with a model of the API and of n8n, which looks for due executions once a minute and needs a tenth of a second for each callback. "Requests" includes refused ones.`,
	inShort: (rows) => {
		const [poll, sleep] = ['"Poll"', '"Sleep"'].map(
			(name) =>
				`${cell(rows, name, 'Time vs. ideal')} the ideal time and ${cell(rows, name, 'Requests per task')} requests per task`,
		);
		return `${COUNT} tasks of minutes need ${poll} with "Poll", and ${sleep} with "Sleep".`;
	},
	run: async ({ progress }) => {
		const rows: Row[] = [];
		for (const way of WAYS) {
			progress(way.name);
			rows.push(await measure(way));
		}
		return rows;
	},
};

async function measure({ name, sleeps, lost }: Way): Promise<Row> {
	const clock = new FakeClock();
	const { start: starts, poll, verify } = newLimiters(clock);
	const durations = Array.from({ length: COUNT }, (_, index) => spread(index, DURATIONS));
	const fate = (index: number) => ({ duration: durations[index]! });
	const limiters = { starts, checks: sleeps ? verify : poll };
	const world = new World({ ...LIMITS, fate }, clock, limiters);
	const n8n = sleepingN8n(world, (index) => (index * 7) % 100 < lost);
	let began = 0;
	let awake = 0;
	const batch = batchOf(COUNT, { timeout: HOUR }, { sleeps, executionId: name });
	const end = await world.run(batch, {
		asleep: async (resting, wakeAt) => {
			awake += clock.now() - began;
			const woken = await n8n(resting, wakeAt);
			began = clock.now();
			return woken;
		},
	});
	if (states(end).some((state) => state !== 'success')) throw new Error(`${name}: tasks failed`);
	const took = clock.now();
	return {
		'Wait mode': name,
		'Time vs. ideal': times(took / idealTime(durations, LIMITS)),
		'Time (min)': (took / MINUTE).toFixed(0),
		Awake: `${(((awake + took - began) / took) * 100).toFixed(0)} %`,
		'Requests per task': (world.sent.length / COUNT).toFixed(1),
		Refused: String(world.refusals()),
	};
}
