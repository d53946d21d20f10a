/** Kills n8n at a certain moment: it is held while its database is looked at. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExecutionStatus } from 'n8n-workflow';
import { installN8n } from './install';
import type { N8nServer } from './server';

const run = promisify(execFile);

type StatusOf = (executionId: string) => ExecutionStatus | undefined;

/** Resolves when n8n is dead, which it is once its executions are as they should be. */
export async function killWhen(
	n8n: N8nServer,
	isMoment: (statusOf: StatusOf) => boolean,
): Promise<void> {
	for (;;) {
		process.kill(n8n.pid, 'SIGSTOP');
		if (isMoment(await readStatuses(n8n))) return await n8n.kill();
		process.kill(n8n.pid, 'SIGCONT');
		await sleep(1_000);
	}
}

const PRINT_STATUSES = `
	const { DatabaseSync } = require('node:sqlite');
	const database = new DatabaseSync(process.argv[1], { readOnly: true, timeout: 1000 });
	const rows = database.prepare('SELECT id, status FROM execution_entity').all();
	console.log(JSON.stringify(rows.map(({ id, status }) => [String(id), status])));
`;

/** By n8n's Node: the one that runs the tests may have no SQLite. */
async function readStatuses({ userFolder }: N8nServer): Promise<StatusOf> {
	const { node } = await installN8n();
	const file = join(userFolder, '.n8n', 'database.sqlite');
	const { stdout } = await run(node, ['-e', PRINT_STATUSES, file]);
	const statuses = new Map(JSON.parse(stdout) as Array<[string, ExecutionStatus]>);
	return (executionId) => statuses.get(executionId);
}
