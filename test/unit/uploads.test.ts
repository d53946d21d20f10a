/** Files that were uploaded before, when the execution goes on. */
import { uploadAll } from '../../nodes/Aleph/actions/video/generate/uploads';
import { MINUTE } from '../support/fakeClock';

const video = { data: 'AAAA', mimeType: 'video/mp4' };

it.each([
	['stays where it is if it lasts', 61, []],
	['goes up again if it would not last until the API has fetched it', 59, ['video/mp4']],
])('a file %s', async (_, minutes, expected) => {
	const expiresAt = new Date(Date.now() + minutes * MINUTE).toISOString();
	const sent: string[] = [];
	const upload = async ({ mimeType }: typeof video) => {
		sent.push(mimeType);
		return await Promise.resolve({ url: 'https://example.com/new', expiresAt });
	};
	const known = { videoUrl: { url: 'https://example.com/old', expiresAt } };
	const uploads = await uploadAll({ videoUrl: video }, known, upload, () => {});
	expect(sent).toEqual(expected);
	expect(uploads.videoUrl?.url).toBe(`https://example.com/${sent.length > 0 ? 'new' : 'old'}`);
});
