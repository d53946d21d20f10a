/** Which providers have something, as texts name them. */
import { PROVIDERS } from './index';
import type { Dialect, Provider, VideoOption } from './dialect';

/** "A, B and C". */
function namesOf(has: (provider: Provider) => unknown): string {
	return new Intl.ListFormat('en-GB').format(PROVIDERS.filter(has).map(({ label }) => label));
}

/** Who has an option of a video. */
export function thoseWith(option: VideoOption): string {
	return namesOf(({ dialects }) => dialects.some(({ options }) => options.includes(option)));
}

/** Who can cancel. */
export function thoseWhoCancel(): string {
	return namesOf(({ dialects }) => dialects.some(({ cancel }) => cancel));
}

/** A limit of each provider, those alike together: "A: 2,048 characters. B: 1,000 characters." */
export function limitsBy(tell: (limits: Dialect['limits']) => string): string {
	const texts = new Set(PROVIDERS.map(({ dialects }) => tell(dialects[0]!.limits)));
	return [...texts]
		.map((text) => `${namesOf(({ dialects }) => tell(dialects[0]!.limits) === text)}: ${text}.`)
		.join(' ');
}
