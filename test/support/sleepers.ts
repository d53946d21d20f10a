/** Executions that fall asleep, and the provider's calls that wake them. */
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { TaskView } from '../simulator';
import type { Credential, WorkflowJson } from './n8n/client';
import { isFinished, type Execution } from './n8n/execution';
import type { World } from './realN8n';
import { workflowOf, type WorkflowSetup } from './workflow';

/** Starts the workflow. Gives the id of its execution. */
export async function start(
	{ client, credential }: World,
	workflow: WorkflowJson,
	account: Credential = credential,
): Promise<string> {
	return await client.runManually(await client.importWorkflow(workflow, [account]));
}

/** Starts the workflow, and gives its execution once that sleeps. */
export async function fallAsleep(
	world: World,
	setup: WorkflowSetup,
	account?: Credential,
): Promise<Execution> {
	const execution = await untilAsleep(world, await start(world, workflowOf(setup), account));
	expect(execution.status).toBe('waiting');
	return execution;
}

export async function untilAsleep({ client }: World, executionId: string): Promise<Execution> {
	return await client.waitForExecution(executionId, {
		until: (execution) => execution.status === 'waiting' || isFinished(execution),
	});
}

/** Calls for a task as the provider does, and gives the HTTP status of the answer. */
export async function call({ taskId, request }: TaskView): Promise<number> {
	const body = { code: 200, msg: 'success', taskId };
	return await post(request.callBackUrl!, body);
}

export async function post(url: string, body: object): Promise<number> {
	const options = { validateStatus: () => true, proxy: false as const };
	return (await axios.post(url, body, options)).status;
}

/**
 * Calls for all tasks at the same instant, twice each, and again a second later for what was not taken.
 * Gives the HTTP statuses of all answers.
 */
export async function callAtOnce(tasks: TaskView[]): Promise<number[]> {
	const answers: number[] = [];
	let toCall = [...tasks, ...tasks];
	for (let attempt = 0; attempt < 4 && toCall.length > 0; attempt++) {
		if (attempt > 0) await sleep(1_000);
		const statuses = await Promise.all(toCall.map(call));
		answers.push(...statuses);
		toCall = toCall.filter((_, n) => statuses[n] !== 200);
	}
	return answers;
}

/**
 * What a user does after a crash of n8n: "Retry", if an execution was awake. Gives the id of what goes on.
 *
 * At its start n8n also marks those as crashed that it has just woken. They go on, so that the mark
 * disappears when they sleep again or end, and a retry of them is an error that says so.
 */
export async function goOnAfterCrash({ client }: World, executionId: string): Promise<string> {
	for (;;) {
		for (let second = 0; second < LONGEST_AWAKE_SECONDS; second++) {
			const { status } = await client.execution(executionId);
			if (status !== 'crashed') return executionId;
			await sleep(1_000);
		}
		const retriedId = await client.retryExecution(executionId);
		const { error } = await client.execution(retriedId);
		if (error?.message !== 'The crashed execution is still running') return retriedId;
	}
}

const LONGEST_AWAKE_SECONDS = 30;
