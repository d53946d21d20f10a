/**
 * Who offers Aleph, by which APIs. The credential, the client and the callbacks iterate these lists: a
 * new provider is a file beside this one, and a line here; so is a new API.
 */
import { aleph } from './aleph';
import type { Dialect, Provider } from './dialect';
import { jobs } from './jobs';
import { apikley, kie } from './kie';
import { runway, runwayProvider } from './runway';

export const PROVIDERS: readonly Provider[] = [apikley, kie, runwayProvider];

/** Each API once. Of those with callbacks the pickiest comes first, as it has more marks of its own. */
export const DIALECTS: readonly Dialect[] = [runway, jobs, aleph];

/** What n8n's credentials and stored batches name. */
export function dialectOf(value: unknown): Dialect | undefined {
	return DIALECTS.find((dialect) => dialect.value === value);
}
