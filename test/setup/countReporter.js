/** Ends every run with one line that counts. */
module.exports = class {
	onRunComplete(contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
		console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
	}
};
