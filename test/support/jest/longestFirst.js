const { basename } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Those on the real n8n that take longest, mostly as it looks only once a minute for what is due. */
const LONGEST = [
	'browser',
	'queue',
	'faults',
	'concurrency',
	'sleep',
	'wakes',
	'restarts',
	'retryEntries',
	'deadline',
];

function place({ path, context }) {
	if (context.config.displayName?.name !== 'e2e') return LONGEST.length + 1;
	const index = LONGEST.indexOf(basename(path, '.test.ts'));
	return index === -1 ? LONGEST.length : index;
}

/** The files that take longest begin first: the many short ones fill what time they leave. */
module.exports = class extends Sequencer {
	async sort(tests) {
		const sorted = await super.sort(tests);
		return sorted.sort((a, b) => place(a) - place(b));
	}
};
