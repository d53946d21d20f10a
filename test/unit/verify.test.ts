/** Asking the API what a callback is worth. */
import type { Client, FoundRecord } from '../../nodes/Aleph/api/client';
import { acceptedTask } from '../../nodes/Aleph/task/task';
import { verified } from '../../nodes/Aleph/trigger/verify';

const found: FoundRecord = {
	api: { dialect: 'jobs', baseUrl: 'https://api.example.com' },
	task: { ...acceptedTask('a-task'), status: 'success' },
};

/** One whose first request waits for its turn until it is taken back. */
function busyClient(): Client {
	let requests = 0;
	const readTask: Client['readTask'] = async (_, { signal }) => {
		if (requests++ > 0) return found;
		return await new Promise((__, reject) => {
			signal?.addEventListener('abort', () => reject(signal.reason as Error));
		});
	};
	const connected = async () => await Promise.resolve({ account: 'an-account' });
	return { connected, readTask } as unknown as Client;
}

it('goes on for a callback that has more time than the one whose request it waits for', async () => {
	const client = busyClient();
	const hasty = verified(client, 'a-task', 100);
	const patient = verified(client, 'a-task', 30_000);
	expect(await hasty).toEqual({ code: 503, msg: 'The task could not be verified, try again' });
	expect(await patient).toBe(found);
});
