/** Where the tasks of an execution are found if n8n loses it while it is awake. */
import { running } from '../../nodes/Aleph/batch/state';
import { acceptedReport } from '../../nodes/Aleph/execution/report';
import type { Execution } from '../../nodes/Aleph/n8n';
import { batchOf } from '../support/batches';

it('the custom data has those of earlier sleeps as well, the newest first', () => {
	const batch = batchOf(4, {}, { executionId: '7' });
	Object.assign(batch.items[0]!, { state: 'timedOut', taskId: 'late' });
	Object.assign(batch.items[1]!, running('running', 0));
	const customData: Record<string, string> = {};
	const report = acceptedReport({
		id: '7',
		runIndex: 0,
		stored: { batch: batch as object },
		logger: { info: () => {} },
		setCustomData: (key: string, value: string) => (customData[key] = value),
	} as unknown as Execution);
	report('new', 2);
	Object.assign(batch.items[2]!, running('new', 0));
	report('newer', 3);
	expect(customData).toEqual({ runwayAlephTasks: 'new newer running late' });
});
