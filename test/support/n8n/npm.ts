/**
 * Runs npm as a child process, unaffected by the npm script we may be running in ourselves.
 */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { startNode } from './child';

interface NpmOptions {
	/** Folder to run in. */
	cwd: string;
	/** The Node that runs npm and whatever npm starts; the current one if not given. */
	node?: string;
	/** More environment variables. */
	env?: Record<string, string>;
}

/** Resolves with npm's standard output; rejects with its last lines if it failed. */
export async function npm(args: string[], options: NpmOptions): Promise<string> {
	const { cwd, node = process.execPath, env = {} } = options;
	const child = startNode({
		node,
		args: [npmScript(), ...args],
		cwd,
		env: { ...cleanEnvironment(node), ...env },
	});
	const code = await child.ended;
	if (code !== 0) {
		throw new Error(`npm ${args.join(' ')} failed:\n${lastLines(child.logs(), 20)}`);
	}
	return child.stdout();
}

export function lastLines(text: string, count: number): string {
	return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** The path of npm-cli.js: of the npm we run in, else of the one on PATH. */
function npmScript(): string {
	const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'));
	const script = [process.env.npm_execpath ?? '', ...onPath]
		.filter((path) => existsSync(path))
		.map((path) => realpathSync(path))
		.find((path) => path.endsWith('npm-cli.js'));
	if (!script) throw new Error('npm was not found: start this with npm, as in `npm run demo`.');
	return script;
}

/**
 * `npm run` hands its configuration down as npm_* variables, this package's `ignore-scripts`
 * among them. Only what says where packages come from may reach another npm.
 */
function cleanEnvironment(node: string): NodeJS.ProcessEnv {
	const kept = /^npm_config_(registry|cache|userconfig|globalconfig|cafile|.*proxy)$/i;
	const dropped = /^(npm_|NODE_OPTIONS$|NODE_ENV$)/i;
	const inherited = Object.entries(process.env).filter(
		([name]) => kept.test(name) || !dropped.test(name),
	);
	return {
		...Object.fromEntries(inherited),
		PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
	};
}
