/**
 * Free TCP ports of this machine, below those that systems give to connections: n8n takes its port
 * seconds later, and nothing else may get it meanwhile.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST = 15_000;
const LAST = 32_000;

/** Free ports, all different: each is held until all are found. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(Array.from({ length: count }, listenSomewhere));
	const ports = servers.map((server) => {
		const address = server.address();
		if (typeof address !== 'object' || !address) throw new Error('A server without a port');
		return address.port;
	});
	await Promise.all(servers.map(close));
	return ports;
}

async function listenSomewhere(): Promise<Server> {
	for (;;) {
		try {
			return await listen(randomInt(FIRST, LAST));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
		}
	}
}

/** Resolves once nothing listens on the port any more. */
export async function waitForFreePort(port: number, timeout = 10_000): Promise<void> {
	const deadline = Date.now() + timeout;
	for (;;) {
		try {
			await close(await listen(port));
			return;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
			if (Date.now() > deadline) throw new Error(`Port ${port} is still in use.`);
		}
		await sleep(50);
	}
}

async function listen(port: number): Promise<Server> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(port, '127.0.0.1', () => resolve(server));
	});
}

async function close(server: Server): Promise<void> {
	await new Promise((resolve) => server.close(resolve));
}
