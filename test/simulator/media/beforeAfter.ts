/**
 * Makes docs/images/before-after.png of the thumbnails in this folder: `npx tsx
 * test/simulator/media/beforeAfter.ts`. What it makes is committed.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../support/machine/chromium';

const PICTURE = resolve(__dirname, '../../../docs/images/before-after.png');

/** What the simulator makes of these prompts. */
const CAPTIONS = {
	source: 'Before',
	snow: '“Make it a snowy evening”',
	night: '“Turn day into night”',
	'old-film': '“Like an old film”',
};

const STYLE = `
	body { margin: 0; padding: 14px; width: 900px; display: grid; grid-template-columns: 1fr 1fr; gap: 14px;
		font: 15px sans-serif; color: #333; background: white; }
	figure { margin: 0; }
	img { width: 100%; border-radius: 8px; display: block; }
	figcaption { padding: 5px 2px; }
`;

async function main(): Promise<void> {
	const found = findChromium();
	if (!found) throw new Error('There is no Chromium: run `npm run setup`.');
	const { path: executablePath, env } = found;
	const browser = await chromium.launch({ executablePath, env, args: ['--no-sandbox'] });
	const page = await browser.newPage();
	const figures = Object.entries(CAPTIONS).map(([look, caption]) => {
		const image = readFileSync(join(__dirname, `${look}.png`), 'base64');
		return `<figure><img src="data:image/png;base64,${image}"><figcaption>${caption}</figcaption></figure>`;
	});
	await page.setContent(`<!doctype html><style>${STYLE}</style>${figures.join('')}`);
	await page.locator('body').screenshot({ path: PICTURE });
	await browser.close();
}

void main();
