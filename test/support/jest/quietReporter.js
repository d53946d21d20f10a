/** Shows what a test file has printed, n8n's log included, only where one of its tests failed. */
module.exports = class {
	onTestFileResult(test, result) {
		if (result.numFailingTests === 0 && !result.testExecError) result.console = undefined;
	}
};
