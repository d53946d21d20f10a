/** Hints beside the items, for what is likely to go wrong at the provider. */
import '../support/fastClock';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';
import { NODE } from '../support/workflow';

useSimulator();

describe('a video that a public provider can hardly fetch', () => {
	const hintsOf = async (videoUrl: string) => {
		const { run } = await runNode({
			parameters: generate({ videoUrl, waitForCompletion: false }),
			credential: newAccount({ baseUrl: 'http://api.invalid' }),
			settings: { onError: 'continueRegularOutput' },
		});
		const { hints = [] } = run.data.resultData.runData[NODE]![0]!;
		return hints.map(({ message }) => message);
	};

	it.each(['https://192.168.1.2/a.mp4', 'http://example.com/a.mp4', 'https://nas.local/a.mp4'])(
		'gives a hint: %s',
		async (url) => {
			expect(await hintsOf(url)).toEqual([expect.stringContaining(url)]);
		},
	);

	it('is named as text, as the editor shows hints as HTML', async () => {
		const [hint] = await hintsOf('https://nas.local/<img/src=x>');
		expect(hint).toContain('https://nas.local/&lt;img/src=x>');
	});

	it('is not one with a public HTTPS URL', async () => {
		expect(await hintsOf('https://example.com/a.mp4')).toEqual([]);
	});
});

describe('a link to a page', () => {
	it.each([
		'https://drive.google.com/file/d/1/view',
		'https://www.dropbox.com/s/1/a.mp4?dl=0',
		'https://www.youtube.com/watch?v=1',
		'https://youtu.be/1',
		'https://contoso.sharepoint.com/a.mp4',
	])('gives a hint with what to do, and is sent all the same: %s', async (videoUrl) => {
		const { run } = await runNode({
			parameters: generate({ videoUrl, waitForCompletion: false }),
			items: [{}, {}, {}],
			credential: newAccount(),
		});
		const { hints = [] } = run.data.resultData.runData[NODE]![0]!;
		expect(hints.map(({ message }) => message)).toEqual([
			`${videoUrl} leads to a page, not to a video file. Download the file with the node for that service, and set Video Source to "Binary File".`,
		]);
		expect(simulator.stats().generate.accepted).toBe(3);
	});
});
