/**
 * Makes the clips and thumbnails of this folder from scene.html; what it makes is committed. Run
 * `npx tsx test/simulator/media/make.ts`. It needs ffmpeg, zip, and a Chromium (CHROMIUM_PATH, if it
 * has another name).
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const LOOKS = ['source', 'snow', 'night', 'old-film', 'tinted'];
const FRAMES = 72;
const FRAMES_PER_SECOND = 24;

async function main(): Promise<void> {
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM_PATH ?? 'chromium',
		args: ['--no-sandbox', '--headless'],
	});
	const page = await browser.newPage();
	await page.goto(`file://${join(__dirname, 'scene.html')}`);
	for (const look of LOOKS) {
		await makeClip(page, look);
		makeThumbnail(look);
	}
	await browser.close();
	makeSequence();
}

async function makeClip(page: Page, look: string): Promise<void> {
	const ffmpeg = spawn('ffmpeg', [
		...['-y', '-loglevel', 'error', '-f', 'image2pipe', '-framerate', String(FRAMES_PER_SECOND)],
		...['-i', '-', '-c:v', 'libx264', '-preset', 'veryslow', '-crf', '25', '-pix_fmt', 'yuv420p'],
		...['-movflags', '+faststart', fileOf(`${look}.mp4`)],
	]);
	ffmpeg.stderr.pipe(process.stderr);
	for (let frame = 0; frame < FRAMES; frame++) {
		const url: string = await page.evaluate(`draw('${look}', ${frame})`);
		ffmpeg.stdin.write(Buffer.from(url.split(',')[1] ?? '', 'base64'));
	}
	ffmpeg.stdin.end();
	await once(ffmpeg, 'close');
}

/** The middle of the clip, in a few colours, so that it stays small. */
function makeThumbnail(look: string): void {
	const fewColours = 'split[a][b];[a]palettegen=200[palette];[b][palette]paletteuse=dither=none';
	const input = ['-y', '-loglevel', 'error', '-ss', '1.5', '-i', fileOf(`${look}.mp4`)];
	const output = ['-frames:v', '1', '-vf', fewColours, fileOf(`${look}.png`)];
	execFileSync('ffmpeg', [...input, ...output]);
}

/** What Runway calls a PNG sequence; here it has four pictures. */
function makeSequence(): void {
	const folder = mkdtempSync(join(tmpdir(), 'frames-'));
	const input = ['-loglevel', 'error', '-i', fileOf('tinted.mp4')];
	const output = ['-vf', 'fps=1.34,scale=96:-1', join(folder, 'frame_%04d.png')];
	execFileSync('ffmpeg', [...input, ...output]);
	rmSync(fileOf('frames.zip'), { force: true });
	execFileSync('zip', ['-q', '-j', '-r', fileOf('frames.zip'), folder]);
	rmSync(folder, { recursive: true });
}

function fileOf(name: string): string {
	return join(__dirname, name);
}

void main();
