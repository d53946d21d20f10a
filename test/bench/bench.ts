/**
 * `npm run bench`: the node and the trigger beside what people would do with n8n's own nodes, all
 * measured in one run on this machine, on a real n8n and the simulator.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installN8n } from '../n8n/install';
import { packPackage } from '../n8n/pack';
import { media } from './media';
import type { Part } from './part';
import { report, section } from './report';
import { sleeping } from './sleeping';
import { trigger } from './trigger';
import { waiting } from './waiting';

const PARTS: Record<string, Part> = { trigger, waiting, sleeping, media };

const SAVED = resolve(__dirname, '..', '..', 'docs', 'benchmark.md');

const HELP = `Usage: npm run bench -- [flags]

  --only trigger,waiting  only these parts, of ${Object.keys(PARTS).join(', ')}
  --full                  larger sizes as well
  --save                  write the tables to docs/benchmark.md

It takes about ten minutes; --full, five more.`;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			only: { type: 'string' },
			full: { type: 'boolean', default: false },
			save: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) return console.log(HELP);
	if (values.only && values.save) throw new Error('--save is for all parts: leave --only out.');
	const names = chosen(values.only);
	await installN8n();
	const packageTarball = await packPackage();
	try {
		const sections: string[] = [];
		for (const name of names) {
			const { compares, run } = PARTS[name]!;
			const progress = (text: string) => console.error(`${clock()} ${name}: ${text}`);
			const rows = await run({ packageTarball, full: values.full, progress });
			sections.push(await section(name, compares, rows));
			console.log(`\n${sections.at(-1)}`);
		}
		if (values.save) await save(await report(sections));
	} finally {
		await rm(dirname(packageTarball), { recursive: true, force: true });
	}
}

function chosen(only?: string): string[] {
	const names = only?.split(',') ?? Object.keys(PARTS);
	const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
	if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n\n${HELP}`);
	return names;
}

async function save(text: string): Promise<void> {
	await mkdir(dirname(SAVED), { recursive: true });
	await writeFile(SAVED, text);
	console.error(`Saved to ${SAVED}`);
}

function clock(): string {
	return new Date().toTimeString().slice(0, 8);
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
