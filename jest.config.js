const { availableParallelism } = require('node:os');

const project = (name) => ({
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	transform: { '^.+\\.ts$': '@swc/jest' },
});

const onRealN8n = {
	globalSetup: '<rootDir>/test/support/n8n/globalSetup.ts',
	globalTeardown: '<rootDir>/test/support/n8n/globalTeardown.ts',
};

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		project('unit'),
		project('integration'),
		{ ...project('e2e'), ...onRealN8n },
		{ ...project('load'), ...onRealN8n, runner: '<rootDir>/test/support/jest/oneByOne.js' },
		project('compat'),
	],
	testSequencer: '<rootDir>/test/support/jest/longestFirst.js',
	// Most of them wait for servers, or for a time to come, most of the time.
	maxWorkers: 3 * availableParallelism(),
	reporters: [
		'<rootDir>/test/support/jest/quietReporter.js',
		'default',
		'<rootDir>/test/support/jest/countReporter.js',
	],
	testTimeout: 300_000,
	// A busy machine needs longer than half a second.
	workerGracefulExitTimeout: 10_000,
};
