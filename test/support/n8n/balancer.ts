/**
 * What stands before several webhook processes of n8n: each request goes to the next of them, and past
 * one that is down.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

interface Balancer {
	/** The local ports behind it; live. */
	ports: number[];
	close(): void;
}

export async function startBalancer(port: number): Promise<Balancer> {
	const balancer: Balancer = { ports: [], close: () => server.close() };
	let turn = 0;
	const server = createServer((incoming, outgoing) => {
		turn++;
		const first = turn % balancer.ports.length;
		forward(incoming, outgoing, [
			...balancer.ports.slice(first),
			...balancer.ports.slice(0, first),
		]);
	}).listen(port, '127.0.0.1');
	// Does not keep the tests from ending.
	server.unref();
	await once(server, 'listening');
	return balancer;
}

/** Callbacks are small: read as a whole, they can be sent to another process as well. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of incoming) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, ports: number[]): void {
	const { method, url, headers } = incoming;
	void bodyOf(incoming).then((body) => {
		const attempt = ([port, ...others]: number[]): void => {
			if (port === undefined) return void outgoing.writeHead(502).end();
			request({ host: '127.0.0.1', port, method, path: url, headers })
				.on('response', (answer) => {
					outgoing.writeHead(answer.statusCode!, answer.headers);
					answer.pipe(outgoing);
				})
				.on('error', () => attempt(others))
				.end(body);
		};
		attempt(ports);
	});
}
