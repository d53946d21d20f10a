/**
 * `npm run bench`: the node and the trigger beside what people would do without them, and beside
 * n8n's own nodes, all measured in one run on this machine, on a real n8n and the simulator.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { installN8n } from '../support/n8n/install';
import { packPackage } from '../support/n8n/pack';
import { burst } from './burst';
import { callbacks } from './callbacks';
import { large } from './large';
import { loading } from './loading';
import { media } from './media';
import type { Part } from './part';
import { realSizes } from './realSizes';
import { heading, report, section } from './report';
import { sleeping } from './sleeping';
import { trigger } from './trigger';
import { waiting } from './waiting';
import { workers } from './workers';

const PARTS: Record<string, Part> = {
	trigger,
	burst,
	waiting,
	realSizes,
	large,
	workers,
	callbacks,
	sleeping,
	media,
	loading,
};

const SAVED = resolve(__dirname, '..', '..', 'docs', 'benchmark.md');

const HELP = `Usage: npm run bench [-- <part> ...]

Prints the tables of these parts, of ${Object.keys(PARTS).join(', ')}.
Without any it takes all, which is 35 minutes, and writes them to docs/benchmark.md.`;

async function main(): Promise<void> {
	const names = process.argv.slice(2);
	const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
	if (unknown !== undefined) throw new Error(`There is no part "${unknown}".\n\n${HELP}`);

	const measured = await measure(names.length > 0 ? names : Object.keys(PARTS));
	if (names.length > 0) return;
	await writeFile(SAVED, await report(measured.inShort, measured.sections));
	console.error(`Saved to ${SAVED}`);
}

/** Prints each part as soon as it is measured, and gives them all. */
async function measure(names: string[]) {
	await installN8n();
	const packageTarball = await packPackage();
	console.log(await heading());
	const inShort: Record<string, string> = {};
	const sections: string[] = [];
	for (const name of names) {
		const { compares, inShort: say, run } = PARTS[name]!;
		const progress = (text: string) => console.error(`${clock()} ${name}: ${text}`);
		const rows = await run({ packageTarball, progress });
		inShort[name] = say(rows);
		sections.push(await section(name, compares, rows));
		console.log(`\n${sections.at(-1)}\n${inShort[name]}`);
	}
	return { inShort, sections };
}

function clock(): string {
	return new Date().toTimeString().slice(0, 8);
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 1;
});
