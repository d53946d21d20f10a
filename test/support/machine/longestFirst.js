const { default: Sequencer } = require('@jest/test-sequencer');

/** The longest files, which mostly wait: if they came last, they would run alone. */
const LONGEST = /(restarts|faults|queue|hostile)\.test/;

/** Starts the longest test files first, and the others in jest's own order. */
module.exports = class extends Sequencer {
	sort(tests) {
		const isLong = ({ path }) => Number(LONGEST.test(path));
		return super.sort(tests).sort((a, b) => isLong(b) - isLong(a));
	}
};
