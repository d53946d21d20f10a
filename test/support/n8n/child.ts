/**
 * A Node process, and all that it starts, as one unit: it can be ended as a whole, and it does
 * not outlive us.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

interface NodeChildOptions {
	/** The Node binary. */
	node: string;
	/** The script and its arguments. */
	args: string[];
	cwd: string;
	env: NodeJS.ProcessEnv;
	/** Called with what it prints, as it comes. */
	log?: (text: string) => void;
}

export interface NodeChild {
	readonly pid: number;
	/** Resolves with the exit code, or null after a signal. */
	readonly ended: Promise<number | null>;
	hasEnded(): boolean;
	/** All that it has printed, errors included. */
	logs(): string;
	/** What of it went to stdout. */
	stdout(): string;
	/** Resolves when it has ended; what is left of it after `patience` ms gets SIGKILL. */
	end(signal: NodeJS.Signals, patience?: number): Promise<void>;
	/** Lets us end while it runs. */
	unref(): void;
}

/**
 * Loaded before the script: its channel to us closes when we end, however we end, and then it
 * kills its process group. Exit handlers on our side would not do: they run neither on SIGKILL
 * nor inside jest. Threads and processes that the script starts load this as well, hence the `if`.
 */
const DIE_WITH_PARENT = `data:text/javascript,${encodeURIComponent(`
	if (process.channel && process.ppid === ${process.pid}) {
		process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
		process.channel.unref();
	}
`)}`;

export function startNode(options: NodeChildOptions): NodeChild {
	const { node, args, cwd, env, log } = options;
	const child = spawn(node, ['--import', DIE_WITH_PARENT, ...args], {
		cwd,
		env,
		// A process group of its own.
		detached: true,
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
	});
	const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
	return {
		pid: child.pid ?? 0,
		ended,
		hasEnded: () => child.exitCode !== null || child.signalCode !== null,
		...collectOutput(child, log),
		end: async (signal, patience = 10_000) => {
			if (signal === 'SIGKILL') killGroup(child);
			else child.kill(signal);
			// If it is unreferenced, nothing else keeps us alive until it has ended.
			const timer = setInterval(() => killGroup(child), patience);
			await ended;
			clearInterval(timer);
			killGroup(child);
		},
		unref: () => letUsEnd(child),
	};
}

function collectOutput(
	child: ChildProcess,
	log: (text: string) => void = () => {},
): Pick<NodeChild, 'logs' | 'stdout'> {
	let logs = '';
	let stdout = '';
	child.once('error', (error) => (logs += error.message));
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		logs += text;
		stdout += text;
		log(text);
	});
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		logs += text;
		log(text);
	});
	return { logs: () => logs, stdout: () => stdout };
}

function letUsEnd(child: ChildProcess): void {
	child.unref();
	child.channel?.unref();
	for (const stream of [child.stdout, child.stderr]) {
		if (stream instanceof Socket) stream.unref();
	}
}

function killGroup(child: ChildProcess): void {
	if (child.pid === undefined) return;
	try {
		process.kill(-child.pid, 'SIGKILL');
	} catch (error) {
		// They are gone already.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}
