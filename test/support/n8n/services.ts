/**
 * The PostgreSQL and the Redis that n8n's queue mode needs: those that answer where the usual
 * variables (PGHOST, PGPORT, REDIS_HOST, REDIS_PORT) or their defaults say, else ones started here
 * in a temporary folder. What n8n leaves in them goes when the services are released.
 */
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findPostgres, forNobody } from '../machine/postgres';
import { startNode } from './child';
import { lastLines } from './npm';
import { freePorts } from './ports';

const START_TIMEOUT_MS = 60_000;

interface Address {
	host: string;
	port: number;
}

/** A server of ours, or one that was there, which `stop` leaves alone. */
interface Server extends Address {
	stop(): Promise<void>;
}

export interface Services {
	/** Environment variables that lead n8n to a database and to keys that nobody else uses. */
	env: Record<string, string>;
	/** Deletes the database and the keys, and ends the servers that were started here. */
	release(): Promise<void>;
}

export async function openServices(): Promise<Services> {
	const name = `n8n_test_${randomBytes(6).toString('hex')}`;
	const redis = await openServer(usualRedis(), isRedis, redisCommand);
	const postgres = await openServer(usualPostgres(), isPostgres, postgresCommand);
	await sql(postgres, `CREATE DATABASE ${name}`);
	return {
		env: { ...redisVariables(redis, name), ...postgresVariables(postgres, name) },
		release: async () => {
			await sql(postgres, `DROP DATABASE ${name} WITH (FORCE)`);
			await forgetKeys(redis, `${name}*`);
			await Promise.all([redis.stop(), postgres.stop()]);
		},
	};
}

/** The server that is at the usual address, else one of our own. */
async function openServer(
	usual: Address,
	answers: (address: Address) => Promise<boolean>,
	command: (address: Address, folder: string) => Promise<string[]> | string[],
): Promise<Server> {
	if (await answers(usual)) return { ...usual, stop: async () => {} };
	const folder = await mkdtemp(join(tmpdir(), 'n8n-service-'));
	if (AS_ROOT) await chown(folder, NOBODY, NOBODY);
	const [port = 0] = await freePorts(1);
	const own = { host: '127.0.0.1', port };
	const args = ['-e', KEEPER, '--', ...(await command(own, folder))];
	const child = startNode({ node: process.execPath, args, cwd: folder, env: process.env });
	child.unref();
	const stop = async () => {
		await child.end('SIGTERM');
		await rm(folder, { recursive: true, force: true });
	};
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (!(await answers(own))) {
		if (child.hasEnded() || Date.now() > deadline) {
			await stop();
			throw new Error(`A server of the queue mode did not start:\n${lastLines(child.logs(), 20)}`);
		}
		await sleep(100);
	}
	return { ...own, stop };
}

/** Root, whom PostgreSQL refuses, starts servers as the user nobody. */
const AS_ROOT = process.getuid?.() === 0;
const NOBODY = 65534;

/** Between us and the server, so that it does not outlive us: see child.ts. */
const KEEPER = `
	const { spawn } = require('node:child_process');
	const [program, ...args] = process.argv.slice(1);
	const user = ${AS_ROOT} ? { uid: ${NOBODY}, gid: ${NOBODY} } : {};
	const server = spawn(program, args, { stdio: 'inherit', ...user });
	server.on('error', (error) => { console.error(error.message); process.exit(1); });
	server.on('exit', (code) => process.exit(code ?? 1));
	// To PostgreSQL SIGTERM would mean to wait for its clients.
	process.on('SIGTERM', () => server.kill('SIGINT'));
`;

function usualRedis(): Address {
	const { REDIS_HOST = '127.0.0.1', REDIS_PORT = '6379' } = process.env;
	return { host: REDIS_HOST, port: Number(REDIS_PORT) };
}

function redisCommand({ host, port }: Address, folder: string): string[] {
	return ['redis-server', '--port', String(port), '--bind', host, '--save', '', '--dir', folder];
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

/** Whether one runs where the usual variables say. */
export async function redisAnswers(): Promise<boolean> {
	return await isRedis(usualRedis());
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
		socket.once('end', () => reject(new Error('Redis hung up')));
	});
}

/** Whose database it is: a server of our own gets a superuser of this name. */
const { PGUSER = 'postgres', PGPASSWORD = '' } = process.env;

function usualPostgres(): Address {
	const { PGHOST = '127.0.0.1', PGPORT = '5432' } = process.env;
	return { host: PGHOST, port: Number(PGPORT) };
}

/** Makes a database folder, and serves it. */
async function postgresCommand({ host, port }: Address, folder: string): Promise<string[]> {
	let programs = findPostgres();
	if (!programs) throw new Error('There is no PostgreSQL: run `npm run setup`.');
	if (AS_ROOT) programs = await forNobody(programs, join(folder, 'programs'));
	const data = join(folder, 'data');
	const account = `-U ${PGUSER} -A trust`;
	const initialize = `${programs}/initdb -D ${data} ${account} -N -E UTF8 --locale=C`;
	const serve = `${programs}/postgres -D ${data} -h ${host} -p ${port} -k ${folder} -F`;
	return ['sh', '-c', `${initialize} && exec ${serve}`];
}

function postgresVariables({ host, port }: Address, database: string): Record<string, string> {
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: host,
		DB_POSTGRESDB_PORT: String(port),
		DB_POSTGRESDB_DATABASE: database,
		DB_POSTGRESDB_USER: PGUSER,
		DB_POSTGRESDB_PASSWORD: PGPASSWORD,
	};
}

/** Whether one runs where the usual variables say. */
export async function postgresAnswers(): Promise<boolean> {
	return await isPostgres(usualPostgres());
}

async function isPostgres(address: Address): Promise<boolean> {
	return await sql(address, 'SELECT 1').then(
		() => true,
		() => false,
	);
}

async function sql({ host, port }: Address, statement: string): Promise<void> {
	const account = { user: PGUSER, password: PGPASSWORD, database: 'postgres' };
	const client = new Client({ host, port, ...account, connectionTimeoutMillis: 5_000 });
	// A server that goes down under it says so in an event of its own.
	client.on('error', () => {});
	try {
		await client.connect();
		await client.query(statement);
	} finally {
		await client.end();
	}
}
