/**
 * n8n killed while sleeping executions were awake. "Retry" then has two entries: with the workflow as it
 * was, and as it is saved now. Both go on with what was paid for.
 */
import type { INode } from 'n8n-workflow';
import type { RetryEntry } from '../support/n8n/client';
import { startN8n } from '../support/n8n/server';
import { poll } from '../support/poll';
import { itemsOf, newCredential, useN8n } from '../support/realN8n';
import { start } from '../support/sleepers';
import { isDownloaded, prompts, tasksWith as tasksOf } from '../support/tasks';
import { alephNode, chain, NODE, ownNode, sleeping, sourceOf } from '../support/workflow';

const world = useN8n({ duration: 3 });

const tasksWith = (text: string) => tasksOf(world, text);

const WAYS = ['by time', 'by a callback'] as const;

interface Case {
	woken: (typeof WAYS)[number];
	entry: RetryEntry;
	alwaysOutputData: boolean;
}

const cases = WAYS.flatMap((woken) =>
	(['original', 'currently saved'] as const).flatMap((entry) =>
		[false, true].map((alwaysOutputData): Case => ({ woken, entry, alwaysOutputData })),
	),
);

const nameOf = ({ woken, entry, alwaysOutputData }: Case) =>
	`Woken ${woken}, ${entry}, ${alwaysOutputData ? 'always' : 'not always'} output data:`;

/** By the name of the case. */
const executions = new Map<string, string>();

async function startCase(each: Case): Promise<void> {
	const name = nameOf(each);
	const directive = each.woken === 'by time' ? '[callbacks=false]' : '';
	const video: INode = {
		...alephNode(NODE, 'aleph', { ...sleeping, options: { download: ['video'] } }),
		alwaysOutputData: each.alwaysOutputData,
	};
	const items = prompts(2, (n) => `${name} ${n} ${directive}`);
	const workflow = chain(name, [...sourceOf(items), video, ownNode('End', 'noOp', 1)]);
	executions.set(name, await start(world, workflow, await newCredential(world)));
}

/** It downloads the videos, which no awake execution leaves half done. */
function isAwake(each: Case): boolean {
	const tasks = tasksWith(nameOf(each));
	return tasks.length === 2 && tasks.every((task) => isDownloaded(world, task));
}

beforeAll(async () => {
	world.simulator.settings.stall = 'download';
	// Those that are called wake last, as a download that stands still is not held for ever.
	for (const way of WAYS) {
		const woken = cases.filter((each) => each.woken === way);
		await Promise.all(woken.map(startCase));
		await poll(() => woken.every(isAwake));
	}
	await world.n8n.kill();
	world.simulator.settings.stall = null;
	const { userFolder, port } = world.n8n;
	world.n8n = await startN8n({ userFolder, port });
	world.client = await world.n8n.signIn();
}, 300_000);

describe('an execution that was killed while awake', () => {
	it.each(cases.map((each) => [nameOf(each), each] as const))(
		'%s gives the videos that were paid for, when it is retried',
		async (name, { entry }) => {
			const crashed = executions.get(name)!;
			expect((await world.client.execution(crashed)).status).toBe('crashed');
			const id = await world.client.retryExecution(crashed, entry);
			const retried = await world.client.waitForExecution(id, { timeout: 120_000 });
			expect(retried.error).toBeUndefined();
			const tasks = tasksWith(name);
			expect(tasks).toHaveLength(2);
			const videos = tasks.map(({ taskId }) => ({ taskId, status: 'success' }));
			expect(itemsOf(retried)).toMatchObject(videos);
			expect(itemsOf(retried, 0, 'End')).toMatchObject(videos);
			expect(retried.runData.End).toHaveLength(1);
		},
	);
});
