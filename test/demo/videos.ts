/** The folder of the videos that the demo has made. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import axios from 'axios';
import type { IDataObject } from 'n8n-workflow';

const FOLDER = resolve(__dirname, '..', '..', 'demo-output');

/** Downloads the video of each task. Resolves with the files, as one would name them in the shell. */
export async function saveVideos(tasks: IDataObject[]): Promise<string[]> {
	await mkdir(FOLDER, { recursive: true });
	return await Promise.all(tasks.map(saveVideo));
}

async function saveVideo(task: IDataObject): Promise<string> {
	const { taskId, prompt, videoUrl } = task as Record<'taskId' | 'prompt' | 'videoUrl', string>;
	const { data } = await axios.get<Buffer>(videoUrl, { responseType: 'arraybuffer' });
	// The prompt tells which one it is; the id keeps it apart from those of earlier runs.
	const words = prompt.toLowerCase().match(/\w+/g) ?? [];
	const file = join(FOLDER, `${[...words, taskId.slice(0, 8)].join('-')}.mp4`);
	await writeFile(file, data);
	return relative(process.cwd(), file);
}
