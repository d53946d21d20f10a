/** Hints beside the items, for what is likely to go wrong at the provider. */
import '../support/fastClock';
import { generate, newAccount, useSimulator } from '../support/aleph';
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

	it('is not one with a public HTTPS URL', async () => {
		expect(await hintsOf('https://example.com/a.mp4')).toEqual([]);
	});
});
