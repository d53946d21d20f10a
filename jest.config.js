const { availableParallelism } = require('node:os');

const project = (name, globalSetup) => ({
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	transform: { '^.+\\.ts$': '@swc/jest' },
	globalSetup,
});

const SETUP_OF_N8N = '<rootDir>/test/e2e/setup.ts';

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		project('unit'),
		project('integration'),
		project('e2e', SETUP_OF_N8N),
		project('compat', SETUP_OF_N8N),
	],
	// Each file of the e2e tests has an n8n of its own, which idles most of the time.
	maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
	reporters: [
		'<rootDir>/test/setup/quietReporter.js',
		'default',
		'<rootDir>/test/setup/countReporter.js',
	],
	testTimeout: 180_000,
};
