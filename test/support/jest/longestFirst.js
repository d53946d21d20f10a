const { basename } = require('node:path');
const { default: TestRunner } = require('jest-runner');

/** The files that take longest, mostly as n8n looks only once a minute for what is due. They begin first. */
const LONGEST = ['browser', 'faults', 'concurrency', 'queue', 'sleep', 'wakes', 'deadline'];

function place({ path }) {
	const index = LONGEST.indexOf(basename(path, '.test.ts'));
	return index === -1 ? LONGEST.length : index;
}

module.exports = class extends TestRunner {
	async runTests(tests, ...others) {
		await super.runTests(
			[...tests].sort((a, b) => place(a) - place(b)),
			...others,
		);
	}
};
