const { availableParallelism } = require('node:os');

const project = (name) => ({
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	transform: { '^.+\\.ts$': '@swc/jest' },
});

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		project('unit'),
		project('integration'),
		{
			...project('e2e'),
			globalSetup: '<rootDir>/test/support/n8n/globalSetup.ts',
			globalTeardown: '<rootDir>/test/support/n8n/globalTeardown.ts',
		},
		project('compat'),
	],
	// Three at least: much of a test is waiting for n8n, of which each file has one.
	maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
	testSequencer: '<rootDir>/test/support/machine/longestFirst.js',
	reporters: [
		'<rootDir>/test/support/machine/quietReporter.js',
		'default',
		'<rootDir>/test/support/machine/countReporter.js',
	],
	testTimeout: 180_000,
};
