const { default: TestRunner } = require('jest-runner');

/** Runs its files one after another, while no others run: each has the machine for itself. */
module.exports = class extends TestRunner {
	isSerial = true;
};
