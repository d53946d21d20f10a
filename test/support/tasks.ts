/** The simulator's tasks, as tests ask for them, start them and find them. */
import axios from 'axios';
import type { Simulator, TaskView } from '../simulator';

/** Items of a prompt each. */
export function prompts(
	count: number,
	prompt = (n: number) => `Video ${n}`,
): Array<{ prompt: string }> {
	return Array.from({ length: count }, (_, n) => ({ prompt: prompt(n) }));
}

/** Tasks whose prompts have the text, in the order of their prompts; they may be accepted in another. */
export function tasksWith({ simulator }: { simulator: Simulator }, text: string): TaskView[] {
	return simulator
		.tasks()
		.filter(({ request }) => request.prompt.includes(text))
		.sort((a, b) => a.request.prompt.localeCompare(b.request.prompt));
}

/** Whether its video has been asked for. */
export function isDownloaded(
	{ simulator }: { simulator: Simulator },
	{ taskId }: TaskView,
): boolean {
	return simulator.requests().some(({ path }) => path.startsWith(`/files/result/${taskId}`));
}

export interface Order {
	/** May tell the simulator how long it takes: `[duration=5]`. */
	prompt: string;
	videoUrl?: string;
	callBackUrl?: string;
}

/** Starts a task without n8n; gives its id. */
export async function startTask({ url }: Simulator, order: Order, apiKey = 'key'): Promise<string> {
	const headers = { Authorization: `Bearer ${apiKey}` };
	const { data } = await axios.post<{ data: { taskId: string } }>(
		`${url}/api/v1/aleph/generate`,
		{ videoUrl: 'https://example.com/video.mp4', ...order },
		{ headers, proxy: false },
	);
	return data.data.taskId;
}
