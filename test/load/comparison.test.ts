/**
 * What becomes of the loop that people build for Aleph with n8n's own nodes, HTTP Request, Wait and
 * IF: docs/comparison.md compares the package with it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOP_SECONDS, loopOfAllItems } from '../support/loops';
import { useN8n } from '../support/realN8n';
import { prompts, tasksWith as tasksOf } from '../support/tasks';
import { sourceOf } from '../support/workflow';

const world = useN8n({ duration: 1 });

/** Starts the loop for a number of items; gives the id of its execution. */
async function startLoop(count: number, prompt: string): Promise<string> {
	const videoUrl = 'https://example.com/video.mp4';
	const orders = prompts(count, () => prompt).map((order) => ({ ...order, videoUrl }));
	const loop = loopOfAllItems(sourceOf(orders), world.simulator.url);
	const id = await world.client.importWorkflow(loop, [world.credential]);
	return await world.client.runManually(id);
}

const tasksWith = (prompt: string) => tasksOf(world, prompt);

/** All tasks have ended, and the loop still asks. */
async function expectEndless(executionId: string, prompt: string): Promise<void> {
	while (tasksWith(prompt).every(({ reads }) => reads === 0)) await sleep(100);
	await sleep(LOOP_SECONDS * 1_000);
	expect(tasksWith(prompt).some(({ state }) => state === 'running')).toBe(false);
	const { requests } = world.simulator.stats().recordInfo;
	await sleep(2 * LOOP_SECONDS * 1_000);
	expect(world.simulator.stats().recordInfo.requests).toBeGreaterThan(requests);
	expect((await world.client.execution(executionId)).status).toBe('running');
	await world.client.stopExecution(executionId);
}

it('a loop of 25 items gets no video for the five that the API refused, and goes on for ever', async () => {
	const id = await startLoop(25, 'Make it snow');
	await expectEndless(id, 'Make it snow');
	expect(tasksWith('Make it snow')).toHaveLength(20);
});

it('a loop never notices that a task has failed', async () => {
	const prompt = 'Make it rude [fail=moderation]';
	await expectEndless(await startLoop(1, prompt), prompt);
});

it('a loop ends with the first look that the API cannot answer, and pays again when it is run again', async () => {
	const prompt = 'Make it rain [readFaults=503] [errorStyle=status]';
	for (const paid of [3, 6]) {
		const execution = await world.client.waitForExecution(await startLoop(3, prompt));
		expect(execution.status).toBe('error');
		expect(tasksWith(prompt)).toHaveLength(paid);
	}
});
