/** Starts, stops and kills a real n8n. */
import { cp, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { startNode, type NodeChild } from './child';
import { signIn, type N8nClient } from './client';
import { n8nEnvironment } from './environment';
import { installN8n, N8N_VERSION } from './install';
import { lastLines } from './npm';
import { installPackage } from './pack';
import { freePorts, waitForFreePort } from './ports';

/** n8n's processes: all of it, or in queue mode what executes, or what takes webhooks. */
export type N8nCommand = 'start' | 'worker' | 'webhook';

export interface N8nOptions {
	/** Which process to start; all of n8n if not given. */
	command?: N8nCommand;
	/** The version of n8n; the pinned one if not given. */
	version?: string;
	/** Tarball of a community package to install before the start. */
	packageTarball?: string;
	/** Where n8n keeps its data; that of an earlier server continues it. Else a temporary one. */
	userFolder?: string;
	/** The user folder of an earlier server, which the temporary one is to be like. */
	copyOf?: string;
	/** A free one if not given. To continue an earlier server, its port: it is in resume URLs. */
	port?: number;
	/** Environment variables of n8n, which override those it gets here. */
	env?: Record<string, string>;
	/** Called with what n8n prints, as it comes. */
	log?: (text: string) => void;
}

export interface N8nServer {
	/** `http://localhost:<port>`, of the editor and of webhooks (`/webhook/<path>`). */
	readonly url: string;
	readonly port: number;
	readonly userFolder: string;
	/** The folder whose files nodes may read and write. */
	readonly filesFolder: string;
	readonly pid: number;
	/** Sets the owner up on a new user folder; otherwise signs in. */
	signIn(): Promise<N8nClient>;
	/** All that n8n has printed. */
	logs(): string;
	/** Lets n8n shut down, or kills it after 15 s; then removes a temporary user folder. */
	stop(): Promise<void>;
	/** Lets n8n shut down, however long it takes. The user folder stays, as with `kill`. */
	shutDown(): Promise<void>;
	/**
	 * SIGKILL, which is like a crash. The user folder stays, for another `startN8n`; n8n makes a
	 * point of resting 10 s in its next start.
	 */
	kill(): Promise<void>;
}

/** On a busy machine: a start takes 15 s on a quiet one. */
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 15_000;
const SHUTDOWN_TIMEOUT_MS = 60_000;

/** User folders made here, and not handed in: they go when their server is stopped. */
const temporaryFolders = new Set<string>();

/** Resolves when n8n answers. It does not keep the current process alive, nor outlive it. */
export async function startN8n(options: N8nOptions = {}): Promise<N8nServer> {
	const { command = 'start', version = N8N_VERSION } = options;
	const { node, entry } = await installN8n({ version });
	const [freePort = 0, brokerPort = 0] = await freePorts(2);
	const port = options.port ?? freePort;
	// Else the server that has the port would pass for the one started here.
	await waitForFreePort(port);

	const userFolder = options.userFolder
		? resolve(options.userFolder)
		: await temporaryFolder(options.copyOf);
	const filesFolder = join(userFolder, 'files');
	await mkdir(filesFolder, { recursive: true });
	if (options.packageTarball) {
		await installPackage(options.packageTarball, join(userFolder, '.n8n', 'nodes'));
	}

	const places = { version, node, port, brokerPort, userFolder, filesFolder };
	const child = startNode({
		node,
		args: [entry, command],
		// n8n reads an .env file in the current folder.
		cwd: userFolder,
		env: { ...n8nEnvironment(places), ...options.env },
		log: options.log,
	});
	child.unref();

	const url = `http://localhost:${port}`;
	try {
		await waitUntilReady(
			READY[command].map((path) => url + path),
			child,
		);
	} catch (error) {
		await child.end('SIGKILL');
		await removeIfTemporary(userFolder);
		throw new Error(`${(error as Error).message} It printed:\n${lastLines(child.logs(), 30)}`);
	}
	return {
		url,
		port,
		userFolder,
		filesFolder,
		pid: child.pid,
		signIn: async () => await signIn(url),
		logs: () => child.logs(),
		shutDown: async () => {
			await child.end('SIGTERM', SHUTDOWN_TIMEOUT_MS);
			await waitForFreePort(port);
		},
		kill: async () => {
			await child.end('SIGKILL');
			await waitForFreePort(port);
		},
		stop: async () => {
			await child.end('SIGTERM', STOP_TIMEOUT_MS);
			await removeIfTemporary(userFolder);
		},
	};
}

async function temporaryFolder(copyOf?: string): Promise<string> {
	// Without symbolic links, through which n8n refuses to write files.
	const folder = await realpath(await mkdtemp(join(tmpdir(), 'n8n-')));
	temporaryFolders.add(folder);
	if (copyOf) await cp(copyOf, folder, { recursive: true, verbatimSymlinks: true });
	return folder;
}

async function removeIfTemporary(folder: string): Promise<void> {
	if (temporaryFolders.delete(folder)) await rm(folder, { recursive: true, force: true });
}

/**
 * What has to answer. `/healthz/readiness` of the main process speaks of the database only, so that
 * its REST API is asked as well; the other processes have none.
 */
const READY: Record<N8nCommand, string[]> = {
	start: ['/healthz/readiness', '/rest/settings'],
	worker: ['/healthz/readiness'],
	webhook: ['/healthz/readiness'],
};

async function waitUntilReady(urls: string[], child: NodeChild): Promise<void> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	const isReady = async () => (await Promise.all(urls.map(answers))).every(Boolean);
	while (!(await isReady())) {
		if (child.hasEnded()) throw new Error('n8n has ended.');
		if (Date.now() > deadline) throw new Error('n8n did not become ready.');
		await sleep(100);
	}
}

async function answers(url: string): Promise<boolean> {
	const options = { proxy: false as const, timeout: 5_000 };
	return await axios.get(url, options).then(
		({ data }) => typeof data === 'object',
		() => false,
	);
}
