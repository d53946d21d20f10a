/** Hints beside the items, for what is likely to go wrong at the provider. */
import '../support/fastClock';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
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

describe('a URL of anything else that the provider is to fetch or call', () => {
	const hintsOf = async (
		api: string,
		options: INodeParameters,
		account: IDataObject = { baseUrl: 'http://api.invalid' },
	) => {
		const { run } = await runNode({
			parameters: generate({
				videoUrl: 'https://example.com/a.mp4',
				waitForCompletion: false,
				options,
			}),
			items: [{}, {}],
			binary: { image: { data: 'A'.repeat(2_000), mimeType: 'image/png' } },
			credential: newAccount({ api, ...account }),
			settings: { onError: 'continueRegularOutput' },
		});
		const { hints = [] } = run.data.resultData.runData[NODE]![0]!;
		return hints.map(({ message }) => message);
	};

	const PAGE = 'https://drive.google.com/file/d/1/view';
	const LOCAL = 'http://localhost:5678/webhook/1/aleph';

	const ofPage = `${PAGE} leads to a page, not to an image file. Download the file with the node for that service, and use that file instead of a URL.`;

	it('gives a hint for a reference image', async () => {
		expect(await hintsOf('jobs', { referenceImage: PAGE })).toEqual([ofPage]);
		expect(await hintsOf('jobs', { referenceImage: 'https://nas.local/a.png' })).toEqual([
			'The provider probably cannot fetch https://nas.local/a.png: the image needs a public HTTPS URL',
		]);
	});

	it('gives a hint for keyframes, and none for those that are files', async () => {
		const file = { imageSource: 'binary', imageBinaryProperty: 'image' };
		const keyframe = [file, { image: PAGE }, { image: `${PAGE}?2` }];
		expect(await hintsOf('runway', { keyframes: { keyframe } }, {})).toEqual([ofPage]);
	});

	it('gives a hint for callbacks, which may be without HTTPS', async () => {
		expect(await hintsOf('jobs', { callBackUrl: LOCAL })).toEqual([
			`The provider probably cannot call ${LOCAL}: "Callback URL" needs a public URL`,
		]);
		expect(await hintsOf('jobs', { callBackUrl: 'http://example.com/hook' })).toEqual([]);
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
			`${videoUrl} leads to a page, not to a video file. Download the file with the node for that service, and set "Video Source" to "Binary File".`,
		]);
		expect(simulator.stats().generate.accepted).toBe(3);
	});
});
