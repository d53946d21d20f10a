/** Everything that one simulator knows, and what all of its routes share. */
import { setMaxListeners } from 'node:events';
import { callBack } from './callbacks';
import type { Connection } from './connection';
import { DIALECTS, type ApiName } from './dialects';
import { Limits } from './limits';
import { defaultSettings, directives, type Settings } from './settings';
import { Counters, type Stats } from './stats';
import { costOf, hasEnded, newTask, stateOf, type Submission, type Task } from './tasks';
import { Uploads } from './uploads';

export class State {
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
		const { api, key, request } = submission;
		const task = newTask(submission, directives(request.prompt), settings, this.random);
		this.tasks.set(task.taskId, task);
		const limits = this.limits.of(key);
		if (DIALECTS[api].queues) limits.queue(task, settings.concurrency);
		else limits.start(task);
		this.counters.taskAccepted(request, this.limits);
		// What is given back in the end is not taken at all.
		this.settings.credits -= costOf(task);
		if (request.callBackUrl) {
			const { signal } = this.ending;
			callBack(this, task, request.callBackUrl).catch((error: unknown) => {
				if (!signal.aborted) throw error;
			});
		}
		return task;
	}

	/** A task as it stands, if the API knows it. */
	find(api: ApiName, taskId: string): Task | undefined {
		const task = this.tasks.get(taskId);
		if (!task || task.deleted || !DIALECTS[api].reads.includes(task.api)) return undefined;
		if (task.cancelled && this.settings.forgetCancelled) return undefined;
		if (stateOf(task) === 'waiting') this.limits.of(task.key).setSlots(this.settings.concurrency);
		return task;
	}

	/** Cancels a task that runs or waits, and deletes one that has ended. */
	cancelOrDelete(task: Task): void {
		if (hasEnded(task)) {
			task.deleted = true;
			return;
		}
		this.settings.credits += costOf(task);
		task.cancelled = true;
		task.endsAt = Date.now();
		this.limits.of(task.key).assignSlots();
	}

	/** Ends what runs and has the text in its prompt. */
	endTasks(text: string): void {
		for (const task of this.tasks.values()) {
			if (stateOf(task) !== 'running' || !task.request.prompt.includes(text)) continue;
			task.endsAt = Date.now();
			this.limits.of(task.key).assignSlots();
		}
	}

	settingsFor(task: Task): Settings {
		return { ...this.settings, ...task.overrides };
	}

	filesBase(settings: Settings): string {
		return settings.resultBase ?? this.url;
	}

	/** How uploads arrive. */
	uploadConnection(): Connection {
		const { uploadRate, stall } = this.settings;
		return { rate: uploadRate, stalls: stall === 'upload', signal: this.ending.signal };
	}

	stats(): Stats {
		return this.counters.stats(this.limits, this.uploads.all());
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
