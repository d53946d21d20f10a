/** Everything that one simulator knows, and what all of its routes share. */
import { setMaxListeners } from 'node:events';
import { callBack } from './callbacks';
import { Limits } from './limits';
import { defaultSettings, directives, type Settings } from './settings';
import { Counters, type Stats } from './stats';
import { newTask, type Submission, type Task } from './tasks';
import { Uploads } from './uploads';

export class World {
	/** Live: whoever changes them changes the simulator from then on. */
	readonly settings: Settings;
	/** The simulator's own address, known once it listens. */
	url = '';
	tasks = new Map<string, Task>();
	limits = new Limits();
	counters = new Counters();
	uploads = new Uploads();
	/** Aborted when all that is under way has to stop. */
	ending = newEnding();
	private readonly initial: Settings;
	private random: () => number;

	constructor(settings: Partial<Settings>) {
		this.settings = { ...defaultSettings(), ...settings };
		this.initial = structuredClone(this.settings);
		this.random = randomNumbers(this.settings.seed);
	}

	/** Takes a task on, which ends by itself. */
	accept(submission: Submission, settings: Settings): Task {
		const { key, order } = submission;
		const task = newTask(submission, directives(order.prompt), settings, this.random);
		this.tasks.set(task.taskId, task);
		this.limits.started(key, task.endsAt);
		this.counters.taskAccepted(order, this.limits.running());
		this.settings.credits -= settings.creditPerTask;
		if (order.callBackUrl) {
			const { signal } = this.ending;
			callBack(this, task, order.callBackUrl).catch((error: unknown) => {
				if (!signal.aborted) throw error;
			});
		}
		return task;
	}

	settingsFor(task: Task): Settings {
		return { ...this.settings, ...task.overrides };
	}

	filesBase(settings: Settings): string {
		return settings.resultBase ?? this.url;
	}

	stats(): Stats {
		return this.counters.stats(this.limits.running(), this.uploads.all());
	}

	/** Back to how it was at the start. */
	reset(): void {
		this.end();
		Object.assign(this.settings, structuredClone(this.initial));
		this.tasks = new Map();
		this.limits = new Limits();
		this.counters = new Counters();
		this.uploads = new Uploads();
		this.ending = newEnding();
		this.random = randomNumbers(this.settings.seed);
	}

	end(): void {
		this.ending.abort();
		this.uploads.remove();
	}
}

/** Every callback listens to it, and there may be many. */
function newEnding(): AbortController {
	const ending = new AbortController();
	setMaxListeners(0, ending.signal);
	return ending;
}

/** Mulberry32: small, and the same numbers for the same seed everywhere. */
function randomNumbers(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
