/** Executions that fall asleep, and the provider's calls that wake them. */
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { TaskView } from '../simulator';
import type { Credential, N8nClient, WorkflowJson } from './n8n/client';
import { isFinished, type Execution } from './n8n/execution';
import { poll } from './poll';
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

/** Resolves once n8n does not wake it within the next seconds by itself. */
export async function untilItSleepsOn({ client }: World, executionId: string): Promise<void> {
	await poll(async () => sleepsOn(await client.execution(executionId)));
}

export function sleepsOn({ status, waitTill }: Execution): boolean {
	return status === 'waiting' && Number(waitTill) > Date.now() + 5_000;
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
 * What a user does after a crash of n8n: "Retry", if an execution was awake, or if n8n woke it before it was
 * ready itself. Gives the id of what goes on.
 *
 * At its start n8n also marks those as crashed that it has just woken. They go on, so that the mark
 * disappears when they sleep again or end, and a retry of them is an error that says so.
 */
export async function goOnAfterCrash({ client }: World, executionId: string): Promise<string> {
	for (;;) {
		const { status, error } = await comeToRest(client, executionId);
		if (status !== 'crashed' && error?.message !== WOKEN_TOO_EARLY) return executionId;
		const retriedId = await client.retryExecution(executionId);
		const retried = await client.execution(retriedId);
		if (retried.error?.message !== 'The crashed execution is still running') return retriedId;
	}
}

/** Of n8n's own module, which has not begun when the first executions wake. */
const WOKEN_TOO_EARLY = 'OTel settings not yet initialized';

const LONGEST_AWAKE_SECONDS = 30;

/** What an execution is once it sleeps or has ended; or what it is said to be for longer than it is awake. */
async function comeToRest(client: N8nClient, executionId: string): Promise<Execution> {
	for (let second = 0; ; second++) {
		const execution = await client.execution(executionId);
		const isAwake = execution.status === 'crashed' || execution.status === 'running';
		if (!isAwake || second === LONGEST_AWAKE_SECONDS) return execution;
		await sleep(1_000);
	}
}
