/** What Generate sends, and what it gives, for one video. */
import '../support/fastClock';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import axios from 'axios';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { logged, runNode, start } from '../support/engine';
import { until } from '../support/poll';

useSimulator();

describe('generate', () => {
	it('without waiting gives the task ID at once', async () => {
		const credential = newAccount();
		const { items } = await runNode({
			parameters: generate({ waitForCompletion: false }),
			credential,
		});
		expect(items[0]?.json).toMatchObject({
			taskId: simulator.tasks()[0]?.taskId,
			status: 'processing',
			prompt: 'Make it snow',
			videoUrl: null,
		});
		const raw = await runNode({
			parameters: generate({ waitForCompletion: false, simplify: false }),
			credential,
		});
		expect(raw.items[0]?.json).toEqual({ taskId: simulator.tasks()[1]?.taskId });
	});

	it.each([
		['Prompt', { prompt: ' ' }],
		['Video URL', { videoUrl: 'ftp://example.com/video.mp4' }],
		['Seed', { options: { seed: 1.5 } }],
	])('with a bad "%s" sends nothing', async (field, bad) => {
		const { error } = await runNode({ parameters: generate(bad), credential: newAccount() });
		expect(error?.message).toContain(`"${field}"`);
		expect(simulator.requests()).toEqual([]);
	});

	it('works with a base URL that ends in a slash', async () => {
		const credential = newAccount({ baseUrl: `${simulator.url}/ ` });
		const { items } = await runNode({ parameters: generate(), credential });
		expect(items[0]?.json.status).toBe('success');
	});
});

it('a short API key changes no number', async () => {
	const { items } = await runNode({
		parameters: generate({ simplify: false }),
		credential: newAccount({ apiKey: '1' }),
	});
	expect(items[0]?.json).toMatchObject({ successFlag: 1 });
});

it('a task that is being started when the user stops the execution is in n8n’s log', async () => {
	const slow = await startSlowProxy();
	const execution = start({
		parameters: generate(),
		credential: newAccount({ baseUrl: slow.url }),
	});
	await until(() => simulator.tasks().length === 1);
	await execution.cancel();
	logged.length = 0;
	slow.answer();
	await until(() => logged.join().includes(`accepted task ${simulator.tasks()[0]!.taskId}`));
	await execution.result;
	slow.close();
});

/** In front of the simulator; what it answers comes only when it is told to. */
async function startSlowProxy() {
	let answer!: () => void;
	const toldTo = new Promise<void>((resolve) => (answer = resolve));
	const server = createServer((request, response) => {
		void text(request).then(async (body) => {
			const { status, data } = await axios.request<string>({
				url: simulator.url + request.url,
				method: request.method,
				headers: request.headers,
				data: body,
				responseType: 'text',
				validateStatus: () => true,
			});
			await toldTo;
			response.writeHead(status, { 'content-type': 'application/json' }).end(data);
		});
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		answer,
		close: () => server.close(),
	};
}

it('each accepted task is in n8n’s log, with its item and execution', async () => {
	await runNode({ parameters: generate(), credential: newAccount(), executionId: 'logged' });
	const { taskId } = simulator.tasks()[0]!;
	const line = logged.find((each) => each.includes(taskId));
	expect(line).toMatch(/accepted task.*itemIndex: 0.*executionId: 'logged of/s);
});
