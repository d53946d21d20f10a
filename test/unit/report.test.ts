/** Where the tasks of an execution are found if n8n loses it while it is awake. */
import { fellAsleep } from '../../nodes/Aleph/batch/events';
import { running } from '../../nodes/Aleph/batch/state';
import { acceptedReport, reportSleep } from '../../nodes/Aleph/execution/report';
import type { Execution } from '../../nodes/Aleph/n8n';
import { batchOf } from '../support/batches';

const customData: Record<string, string> = {};

const execution = {
	id: '7',
	logger: { info: () => {} },
	setCustomData: (key: string, value: string) => (customData[key] = value),
	getCustomData: (key: string) => customData[key],
} as unknown as Execution;

it('the custom data has those of other runs and earlier sleeps as well, the newest first', () => {
	acceptedReport(execution)('of-another-run', 0);
	const batch = batchOf(4, {}, { executionId: '7' });
	Object.assign(batch.items[0]!, { state: 'timedOut', taskId: 'late' });
	Object.assign(batch.items[1]!, running('running', 0));
	fellAsleep(batch, 60_000, 0);
	reportSleep(execution, batch, batch.sleep!);
	expect(customData.runwayAlephTasks).toBe('running late of-another-run');
	const report = acceptedReport(execution);
	report('new', 2);
	report('newer', 3);
	expect(customData.runwayAlephTasks).toBe('new newer running late of-another-run');
});
