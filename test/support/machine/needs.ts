/** What the tests need on a machine, and where each of it can come from. */
import { postgresAnswers, redisAnswers } from '../n8n/services';
import { CHROMIUM_ON_NPM, findChromium, installChromium } from './chromium';
import { findPostgres, installPostgres, POSTGRES_ON_NPM } from './postgres';
import { hasPrograms } from './programs';
import type { Manager } from './systemPackages';

export interface Need {
	name: string;
	isMet: () => boolean | Promise<boolean>;
	/** Puts it into the cache folder, where npm has it for this system. */
	fromNpm?: { spec: string; install: () => Promise<void> };
	/** Its names for package managers. */
	packages: Record<Manager, string>;
	/** Worth a try without. */
	isOptional?: boolean;
}

/** For n8n's native modules; where GitHub can be reached, they may come without compiling. */
export const COMPILER: Need = {
	name: 'python3, make and g++, which build the native modules of n8n',
	isMet: () => hasPrograms('python3', 'make', 'g++'),
	packages: {
		'apt-get': 'python3 make g++',
		dnf: 'python3 make gcc-c++',
		apk: 'python3 make g++',
		brew: 'python make gcc',
	},
	isOptional: true,
};

export const CHROMIUM: Need = {
	name: 'Chromium, for the tests in the editor (or set CHROMIUM_PATH)',
	isMet: () => findChromium() !== undefined,
	fromNpm: CHROMIUM_ON_NPM ? { spec: CHROMIUM_ON_NPM, install: installChromium } : undefined,
	packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', brew: 'chromium' },
};

export const REDIS: Need = {
	name: 'Redis, for the tests of the queue mode (or set REDIS_HOST and REDIS_PORT)',
	isMet: async () => hasPrograms('redis-server') || (await redisAnswers()),
	packages: { 'apt-get': 'redis-server', dnf: 'redis', apk: 'redis', brew: 'redis' },
};

export const POSTGRES: Need = {
	name: 'PostgreSQL, for the tests of the queue mode (or set PGHOST, PGPORT, PGUSER, PGPASSWORD)',
	isMet: async () => findPostgres() !== undefined || (await postgresAnswers()),
	fromNpm: POSTGRES_ON_NPM ? { spec: POSTGRES_ON_NPM, install: installPostgres } : undefined,
	packages: {
		'apt-get': 'postgresql',
		dnf: 'postgresql-server',
		apk: 'postgresql',
		brew: 'postgresql',
	},
};
