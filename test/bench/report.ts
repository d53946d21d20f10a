/** The benchmark as Markdown: what it was measured on, and a table for each part. */
import { execFile } from 'node:child_process';
import { cpus, totalmem, type as systemName } from 'node:os';
import { promisify } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { installN8n, N8N_VERSION } from '../support/n8n/install';
import type { Row } from './part';

/** A heading, what the part compares, and its table; formatted as the rest of the package. */
export async function section(name: string, compares: string, rows: Row[]): Promise<string> {
	const titles = [...new Set(rows.flatMap(Object.keys))];
	const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
	const table = [
		line(titles),
		// The first column has words, the others have figures.
		line(titles.map((_, column) => (column === 0 ? '---' : '---:'))),
		...rows.map((row) => line(titles.map((title) => row[title] ?? ''))),
	];
	return await formatted([`## ${name}`, compares, table.join('\n')]);
}

/** @param inShort a sentence for each part, by its name */
export async function report(inShort: Record<string, string>, sections: string[]): Promise<string> {
	const summary = Object.entries(inShort).map(
		([name, text]) => `- [${name}](#${name.toLowerCase()}): ${text}`,
	);
	return await formatted([await heading(), summary.join('\n'), ...sections]);
}

/** When and where it is measured. */
export async function heading(): Promise<string> {
	return `# Benchmark\n\nMeasured by \`npm run bench\` ${await place()}.`;
}

async function place(): Promise<string> {
	const { node } = await installN8n();
	const { stdout } = await promisify(execFile)(node, ['--version']);
	const [cpu] = cpus();
	const memory = Math.round(totalmem() / 2 ** 30);
	const machine = `${cpus().length} cores (${cpu?.model.trim()}) and ${memory} GB of memory`;
	const date = new Date().toISOString().slice(0, 10);
	return `on ${date}, on ${systemName()} with ${machine}, with n8n ${N8N_VERSION} on Node ${stdout.trim().slice(1)}`;
}

async function formatted(paragraphs: string[]): Promise<string> {
	const options = await resolveConfig(__filename);
	return await format(paragraphs.join('\n\n'), { ...options, parser: 'markdown' });
}
