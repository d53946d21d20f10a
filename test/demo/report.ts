/** What the demo says at its end. It fits a terminal of 100 columns. */
import type { Simulator } from '../simulator';
import { OWNER } from '../support/n8n/client';

/** @param files by the title of the example that has made them */
export function savedVideos(files: Map<string, string[]>, simulator?: Simulator): string {
	const parts = [...files].map(
		([title, own]) => `\nSaved by "${title}":\n\n${own.map((file) => `  ${file}\n`).join('')}`,
	);
	const clip = `
They are not Aleph's: the simulator draws snow, night, an old film, or for other prompts an evening.
`;
	return parts.join('') + (simulator ? clip : '');
}

/** Where n8n is, and what to do in it. */
export function tryInN8n(url: string, simulator?: Simulator): string {
	return `n8n is open with the examples: ${url}
Sign in as ${OWNER.email} with the password ${OWNER.password}.

Try next:

${simulator ? onSimulator(simulator) : ON_REAL_API}
Press Ctrl+C to end.`;
}

const onSimulator = ({ url }: Simulator) => `\
- Open "one clip in four seasons" > Executions: its execution slept while n8n was stopped.
- Execute "trigger pair, part 1": it starts part 2 once for each video.
- Add [fail=moderation] or [duration=60] to a prompt: the simulator obeys.
- See what the simulator has counted: ${url}/stats

The examples with Google, email or a chat model need accounts of yours. The credentials for Runway
Aleph are named after the providers, and all lead to the simulator.

${REAL_API}
`;

const NOT_RUN = '"One clip in four seasons" was not run, as it generates four more videos.';

const ON_REAL_API = `\
- Put the URL of your own video into an example, and your own prompts.
- Execute "one clip in four seasons".

${NOT_RUN} Every video costs credits.
`;

const REAL_API = `\
To generate three real videos, which costs credits, set ALEPH_API_KEY to your key, and ALEPH_PROVIDER
to whose it is: runway (if not set), kie or apikley. ALEPH_VIDEO_URL can name another video to edit.`;

/** In place of an n8n that is open. */
export function tryLater(simulator?: Simulator): string {
	return `\
Try next: "npm run demo" keeps n8n open, with all examples to try.
${simulator ? REAL_API : NOT_RUN}`;
}

/** What `npm run dev` says when n8n is open. */
export function whileDeveloping(url: string, simulator: Simulator): string {
	return `n8n is open with the examples: ${url}
Sign in as ${OWNER.email} with the password ${OWNER.password}.

Change the TypeScript in nodes/ or credentials/: n8n loads it at once, for the editor and for
executions that start from then on. Icons and JSON files need a new start.

The simulator of the API is at ${simulator.url}. "npm run simulator -- --help" lists what it can be
told, in a prompt or by PATCH /settings. What you make in this n8n is gone when it ends.

Press Ctrl+C to end.
`;
}
