/**
 * Free TCP ports of this machine, below those that systems give to connections: n8n takes its port
 * seconds later, and nothing else may get it meanwhile. Each process that starts n8n therefore has ports
 * of its own, a block, for as long as it lives: it listens on the first of them itself.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST = 15_000;
const BLOCK = 50;
const BLOCKS = 340;

/** Of our block, those that have not been given out. */
const ours: number[] = [];

/** Free ports, none of which is ever given out twice. */
export async function freePorts(count: number): Promise<number[]> {
	const ports: number[] = [];
	while (ports.length < count) {
		if (ours.length === 0) ours.push(...(await takeBlock()));
		const port = ours.shift()!;
		if (await isFree(port)) ports.push(port);
	}
	return ports;
}

async function takeBlock(): Promise<number[]> {
	for (;;) {
		const first = FIRST + BLOCK * randomInt(BLOCKS);
		const guard = await listen(first);
		if (!guard) continue;
		// Does not keep us from ending, when it goes.
		guard.unref();
		return Array.from({ length: BLOCK - 1 }, (_, n) => first + 1 + n);
	}
}

/** Resolves once nothing listens on the port any more. */
export async function waitForFreePort(port: number, timeout = 10_000): Promise<void> {
	const deadline = Date.now() + timeout;
	while (!(await isFree(port))) {
		if (Date.now() > deadline) throw new Error(`Port ${port} is still in use.`);
		await sleep(50);
	}
}

async function isFree(port: number): Promise<boolean> {
	const server = await listen(port);
	if (!server) return false;
	await new Promise((resolve) => server.close(resolve));
	return true;
}

/** Null if the port is in use. */
async function listen(port: number): Promise<Server | null> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE') resolve(null);
			else reject(error);
		});
		server.listen(port, '127.0.0.1', () => resolve(server));
	});
}
