/** Ends every run with a line such as "12 passed, 0 failed", below jest's own summary. */
module.exports = class {
	onRunComplete(contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
		const failed = numFailedTests + numRuntimeErrorTestSuites;
		process.once('exit', () => console.log(`${numPassedTests} passed, ${failed} failed`));
	}
};
