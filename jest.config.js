const project = (name) => ({
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	transform: { '^.+\\.ts$': '@swc/jest' },
});

/** @type {import('jest').Config} */
module.exports = {
	projects: ['unit', 'integration', 'e2e', 'compat'].map(project),
	testTimeout: 180_000,
};
