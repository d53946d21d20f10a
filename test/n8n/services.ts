/**
 * The PostgreSQL and the Redis that n8n's queue mode needs: those that answer where the usual
 * variables (PGHOST, PGPORT, REDIS_HOST, REDIS_PORT) or their defaults say, else ones started here
 * in a temporary folder. What n8n leaves in them goes when the services are released.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startNode, type NodeChild } from './child';
import { freePorts } from './ports';

const run = promisify(execFile);

const START_TIMEOUT_MS = 30_000;

interface Address {
	host: string;
	port: number;
}

export interface Services {
	/** Environment variables that lead n8n to a database and to keys that nobody else uses. */
	env: Record<string, string>;
	/** Deletes the database and the keys, and ends the servers that were started here. */
	release(): Promise<void>;
}

/** A server of ours, or one that was there. */
interface Server extends Address {
	stop(): Promise<void>;
}

export async function openServices(): Promise<Services> {
	const name = `n8n_test_${randomBytes(6).toString('hex')}`;
	const [redis, postgres] = await Promise.all([openRedis(), openPostgres()]);
	const database = new Database(postgres);
	await database.sql(`CREATE DATABASE ${name}`);
	return {
		env: { ...redisVariables(redis, name), ...database.variables(name) },
		release: async () => {
			await database.sql(`DROP DATABASE ${name} WITH (FORCE)`);
			await forgetKeys(redis, `${name}*`);
			await Promise.all([redis.stop(), postgres.stop()]);
		},
	};
}

/** Bull's keys and the channels between n8n's processes have prefixes of their own. */
function redisVariables({ host, port }: Address, prefix: string): Record<string, string> {
	return {
		QUEUE_BULL_REDIS_HOST: host,
		QUEUE_BULL_REDIS_PORT: String(port),
		QUEUE_BULL_PREFIX: prefix,
		N8N_REDIS_KEY_PREFIX: prefix,
	};
}

async function openRedis(): Promise<Server> {
	const { REDIS_HOST = '127.0.0.1', REDIS_PORT = '6379' } = process.env;
	const usual = { host: REDIS_HOST, port: Number(REDIS_PORT) };
	if (await isRedis(usual)) return { ...usual, stop: async () => {} };
	const folder = await mkdtemp(join(tmpdir(), 'redis-'));
	const own = await ownAddress();
	const options = ['--port', String(own.port), '--bind', own.host, '--save', '', '--dir', folder];
	const server = startServer('redis-server', options, folder);
	await waitUntil(async () => await isRedis(own), server);
	return { ...own, stop: async () => await endServer(server, folder) };
}

async function isRedis(address: Address): Promise<boolean> {
	return (await redis(address, 'PING').catch(() => '')).startsWith('+PONG');
}

async function forgetKeys(address: Address, pattern: string): Promise<void> {
	const script = `for _, key in ipairs(redis.call('keys', ARGV[1])) do redis.call('del', key) end`;
	const answer = await redis(address, `EVAL "${script}" 0 ${pattern}`);
	if (answer.startsWith('-')) throw new Error(`Redis refused to forget ${pattern}: ${answer}`);
}

/** One command in Redis' inline form; resolves with the raw answer. */
async function redis({ host, port }: Address, command: string): Promise<string> {
	return await new Promise((resolve, reject) => {
		const socket = connect({ host, port, timeout: 5_000 }, () => socket.write(`${command}\r\n`));
		socket.once('data', (data) => {
			resolve(data.toString());
			socket.destroy();
		});
		socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')));
		socket.once('error', reject);
	});
}

/** PostgreSQL as its own client sees it: that comes with each installation of it. */
class Database {
	constructor(private readonly address: Address) {}

	variables(database: string): Record<string, string> {
		const { PGUSER = 'postgres', PGPASSWORD = '' } = process.env;
		return {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: this.address.host,
			DB_POSTGRESDB_PORT: String(this.address.port),
			DB_POSTGRESDB_DATABASE: database,
			DB_POSTGRESDB_USER: PGUSER,
			DB_POSTGRESDB_PASSWORD: PGPASSWORD,
		};
	}

	async sql(statement: string): Promise<void> {
		const { host, port } = this.address;
		const { PGUSER = 'postgres' } = process.env;
		const target = ['-h', host, '-p', String(port), '-U', PGUSER, '-d', 'postgres'];
		// Never asks for a password: without one that fits, it fails.
		await run(postgresProgram('psql'), ['-X', '-w', '-q', ...target, '-c', statement]);
	}
}

async function openPostgres(): Promise<Server> {
	const { PGHOST = '127.0.0.1', PGPORT = '5432' } = process.env;
	const usual = { host: PGHOST, port: Number(PGPORT) };
	if (await isPostgres(usual)) return { ...usual, stop: async () => {} };
	const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
	const own = await ownAddress();
	const server = startServer('sh', ['-c', postgresScript(own, folder)], folder);
	await waitUntil(async () => await isPostgres(own), server);
	return { ...own, stop: async () => await endServer(server, folder) };
}

async function isPostgres(address: Address): Promise<boolean> {
	return await new Database(address).sql('SELECT 1').then(
		() => true,
		() => false,
	);
}

/** Makes a database folder and serves it; as the user postgres where we are root, whom it refuses. */
function postgresScript({ host, port }: Address, folder: string): string {
	const data = join(folder, 'data');
	const initialize = `${postgresProgram('initdb')} -D ${data} -U postgres -A trust -N`;
	const serve = `${postgresProgram('postgres')} -D ${data} -h ${host} -p ${port} -k ${folder} -F`;
	const script = `${initialize} && exec ${serve}`;
	if (process.getuid?.() !== 0) return script;
	return `chown postgres ${folder} && exec setpriv --reuid=postgres --clear-groups sh -c '${script}'`;
}

/** Debian keeps all of PostgreSQL but its clients off the PATH, one folder for each version. */
function postgresProgram(name: string): string {
	const debian = '/usr/lib/postgresql';
	const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => +b - +a) : [];
	const onPath = (process.env.PATH ?? '').split(delimiter);
	const folders = [...versions.map((version) => join(debian, version, 'bin')), ...onPath];
	const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
	if (!found) throw new Error(`PostgreSQL is needed, but ${name} was not found.`);
	return found;
}

async function ownAddress(): Promise<Address> {
	const [port = 0] = await freePorts(1);
	return { host: '127.0.0.1', port };
}

/** Between us and the server, so that it does not outlive us: see child.ts. */
const KEEPER = `
	const { spawn } = require('node:child_process');
	const [program, ...args] = process.argv.slice(1);
	const server = spawn(program, args, { stdio: 'inherit' });
	server.on('error', (error) => { console.error(error.message); process.exit(1); });
	server.on('exit', (code) => process.exit(code ?? 1));
	// To PostgreSQL SIGTERM would mean to wait for its clients.
	process.on('SIGTERM', () => server.kill('SIGINT'));
`;

function startServer(program: string, args: string[], cwd: string): NodeChild {
	const child = startNode({
		node: process.execPath,
		args: ['-e', KEEPER, '--', program, ...args],
		cwd,
		env: process.env,
	});
	child.unref();
	return child;
}

async function waitUntil(isReady: () => Promise<boolean>, server: NodeChild): Promise<void> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (!(await isReady())) {
		if (server.hasEnded() || Date.now() > deadline) {
			await server.end('SIGKILL');
			throw new Error(`A server for the queue mode did not start:\n${server.logs()}`);
		}
		await sleep(100);
	}
}

async function endServer(server: NodeChild, folder: string): Promise<void> {
	await server.end('SIGTERM');
	await rm(folder, { recursive: true, force: true });
}
