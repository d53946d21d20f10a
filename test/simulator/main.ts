/** The simulator on the command line: `npm run simulator -- --port 4100 --duration 5`. */
import { parseArgs } from 'node:util';
import { startSimulator } from './index';
import { readFlags, settingFlags, settingHelp } from './settings';

const HELP = `Usage: npm run simulator -- [flags]

  --port                  where to listen [4100]
  --host                  [127.0.0.1]
${settingHelp()}

A flag that says true or false takes no value: --maintenance, --no-upload.`;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			...settingFlags(),
			port: { type: 'string' },
			host: { type: 'string' },
			help: { type: 'boolean' },
		},
		allowNegative: true,
	});
	const { port = '4100', host, help, ...flags } = values;
	if (help) return console.log(HELP);

	const simulator = await startSimulator({
		...readFlags(flags),
		port: Number(port),
		...(typeof host === 'string' && { host }),
	});
	const { url } = simulator;
	console.log(`The Aleph simulator listens on ${url}

  base URL       ${url}   (kie.ai's two APIs and Runway's; any key but those starting with "wrong")
  upload URL     ${url}
  sample video   ${url}/files/sample.mp4
  figures        curl ${url}/stats
  change it      curl -X PATCH ${url}/settings -d '{"lag": 2}'
  start over     curl -X POST ${url}/reset
  per task       "Make it snow [duration=3] [fail=moderation]" as a prompt

--help lists the settings. Ctrl+C ends it.`);
	for (const name of ['SIGINT', 'SIGTERM'] as const) {
		process.once(name, () => void simulator.close());
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
