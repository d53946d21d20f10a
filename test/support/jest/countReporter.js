/** Ends every run with one line that counts, below jest's own summary. */
module.exports = class {
	onRunComplete(contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
		const failed = numFailedTests + numRuntimeErrorTestSuites;
		process.once('exit', () => console.log(`${numPassedTests} passed, ${failed} failed`));
	}
};
