/** Tells the client that its task has ended: tries, retries, losses, doubles and signatures. */
import { createHmac } from 'node:crypto';
import axios from 'axios';
import { sleep } from './connection';
import { DIALECTS } from './dialects';
import type { Settings } from './settings';
import type { State } from './state';
import { hasEnded, type Task } from './tasks';

/** Waits for the end of the task and sends its callback, as often as it takes and is allowed. */
export async function callBack(state: State, task: Task, url: string): Promise<void> {
	const { signal } = state.ending;
	const { callbacks: counts } = state.counters;
	// It may end sooner than it was to.
	while (!hasEnded(task)) await sleep(Math.min(task.endsAt - Date.now(), 1_000), signal);

	const settings = state.settingsFor(task);
	const { callback } = DIALECTS[task.api];
	if (!settings.callbacks || !callback) return;
	task.callback = 'pending';
	const count = ++counts.due;
	const lost = Math.max(settings.lose, isNth(count, settings.loseEvery) ? 1 : 0);
	const body = callback(task, settings, state.filesBase(settings));
	const send = () => post(url, task.taskId, body, settings, signal);

	for (let attempt = 0; attempt <= settings.callbackRetries; attempt++) {
		if (attempt > 0) {
			await sleep(settings.callbackRetryDelay * 1000, signal);
		}
		if (attempt < lost) {
			counts.lost++;
			continue;
		}
		counts.sent++;
		if (!(await send())) continue;
		task.callback = 'delivered';
		counts.delivered++;
		if (settings.double || isNth(count, settings.doubleEvery)) {
			counts.doubled++;
			counts.sent++;
			await send();
		}
		return;
	}
	task.callback = 'failed';
	counts.failed++;
}

function isNth(count: number, n: number): boolean {
	return n > 0 && count % n === 0;
}

/** One try; only HTTP 200 counts as received. */
async function post(
	url: string,
	taskId: string,
	body: object,
	{ hmacKey, callbackTimeout }: Settings,
	signal: AbortSignal,
): Promise<boolean> {
	const headers = { 'User-Agent': 'kie.ai-callback/1.0 (simulator)', ...signed(taskId, hmacKey) };
	try {
		const answer = await axios.post(url, body, {
			headers,
			signal,
			timeout: callbackTimeout * 1000,
			maxRedirects: 0,
			proxy: false,
			responseType: 'text',
			validateStatus: () => true,
		});
		return answer.status === 200;
	} catch {
		return false;
	}
}

function signed(taskId: string, key: string | null): Record<string, string> {
	if (key === null) return {};
	const timestamp = String(Math.floor(Date.now() / 1000));
	return {
		'X-Webhook-Timestamp': timestamp,
		'X-Webhook-Signature': createHmac('sha256', key)
			.update(`${taskId}.${timestamp}`)
			.digest('base64'),
	};
}
