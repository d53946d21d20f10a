import Fastify from 'fastify';
import { outputOf } from '../support/n8n/execution';
import { poll } from '../support/poll';
import { newCredential, runWorkflow, statusesOf, useN8n } from '../support/realN8n';
import { start } from '../support/sleepers';
import { prompts, tasksWith } from '../support/tasks';
import {
	chain,
	ownNode,
	polling,
	sourceOf,
	withAlephCredential,
	workflowOf,
} from '../support/workflow';

const world = useN8n();

describe('the credential', () => {
	it.each([
		['aleph', 'body'],
		['aleph', 'status'],
		['jobs', 'body'],
		['runway', 'status'],
	] as const)(
		'for the API "%s" is tested for real where errors come in the %s',
		async (api, style) => {
			world.simulator.settings.errorStyle = style;
			// Runway's own API tests a key by it; the others need not have it.
			world.simulator.settings.creditEndpoint = api === 'runway';
			const good = await newCredential(world, { api });
			expect(await world.client.testCredential(good)).toMatchObject({ status: 'OK' });
			const wrong = await newCredential(world, { api, apiKey: 'wrong' });
			expect(await world.client.testCredential(wrong)).toEqual({
				status: 'Error',
				message: expect.stringMatching(/^The API key is wrong or missing/) as string,
			});
		},
	);

	it('says so where the provider has switched the API off', async () => {
		world.simulator.settings.apis = 'jobs';
		const gone = await newCredential(world, { api: 'aleph' });
		expect(await world.client.testCredential(gone)).toEqual({
			status: 'Error',
			message: 'The provider has switched this API off: choose another API or provider',
		});
		expect(await world.client.testCredential(world.credential)).toMatchObject({ status: 'OK' });
	});

	it('is one of those that n8n’s HTTP Request node offers', async () => {
		const credential = await newCredential(world, { api: 'runway' });
		const request = ownNode('Request', 'httpRequest', 4.2, {
			url: `${world.simulator.url}/v1/organization`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'alephApi',
		});
		const workflow = chain('By hand', [...sourceOf([{}]), withAlephCredential(request)]);
		const id = await world.client.importWorkflow(workflow, [credential]);
		const execution = await world.client.waitForExecution(await world.client.runManually(id));
		expect(outputOf(execution, 'Request')).toMatchObject([
			{ json: { creditBalance: expect.any(Number) as number } },
		]);
	});

	it('takes its key to no other server', async () => {
		const elsewhere = Fastify();
		let visited = false;
		elsewhere.all('*', () => {
			visited = true;
			return { code: 200 };
		});
		const url = await elsewhere.listen({ port: 0, host: '127.0.0.1' });
		const redirecting = Fastify();
		redirecting.all('*', (_request, reply) => reply.redirect(url));
		const baseUrl = await redirecting.listen({ port: 0, host: '127.0.0.1' });
		const account = await newCredential(world, { baseUrl });
		expect(await world.client.testCredential(account)).toMatchObject({ status: 'Error' });
		expect(visited).toBe(false);
		await Promise.all([elsewhere.close(), redirecting.close()]);
	});

	it('says so where the base URL is not that of the API', async () => {
		const site = Fastify();
		site.get('*', (_request, reply) => reply.type('text/html').send('<h1>Welcome</h1>'));
		const baseUrl = await site.listen({ port: 0, host: '127.0.0.1' });
		const website = await newCredential(world, { baseUrl });
		expect(await world.client.testCredential(website)).toEqual({
			status: 'Error',
			message:
				'The response did not come from the API, but perhaps from a login page or a proxy: with "Other", check the base URL',
		});
		await site.close();
		const elsewhere = await newCredential(world, { baseUrl: `${world.simulator.url}/elsewhere/` });
		expect(await world.client.testCredential(elsewhere)).toEqual({
			status: 'Error',
			message:
				'This server does not have the selected API: check the provider and, with "Other", the base URL',
		});
	});
});

describe('generate', () => {
	it('of ten items takes as long as the longest task, not as long as all of them', async () => {
		const durations = [1, 2, 3, 4, 600, 6, 7, 8, 9, 10];
		const name = 'One of ten,';
		const executionId = await start(
			world,
			workflowOf({
				parameters: polling,
				items: prompts(10, (n) => `${name} ${n} [duration=${durations[n]}]`),
			}),
		);
		const ended = () => tasksWith(world, name).filter(({ state }) => state === 'succeeded');
		await poll(() => ended().length === 9);
		world.simulator.endTasks(`${name} 4`);
		const execution = await world.client.waitForExecution(executionId);
		expect(statusesOf(execution)).toEqual(Array(10).fill('success'));
		expect(outputOf(execution, 'Runway Aleph').map(({ pairedItem }) => pairedItem)).toEqual(
			Array.from({ length: 10 }, (_, item) => ({ item })),
		);
	});

	it('of thirty items at once, with 20 per 10 s allowed, pays no task twice', async () => {
		const before = world.simulator.stats();
		const account = await newCredential(world);
		const execution = await runWorkflow(
			world,
			{ parameters: polling, items: prompts(30, (n) => `One of thirty, ${n}`) },
			account,
		);
		expect(statusesOf(execution)).toEqual(Array(30).fill('success'));
		const after = world.simulator.stats();
		expect(after.generate.accepted - before.generate.accepted).toBe(30);
		expect(after.duplicates).toBe(before.duplicates);
	});
});

describe('running again', () => {
	it('by Retry On Fail pays only for what failed', async () => {
		const before = world.simulator.stats().generate.accepted;
		const execution = await runWorkflow(world, {
			parameters: polling,
			items: prompts(4, (n) => `Once more ${n} ${n === 2 ? '[fail=internal]' : ''}`),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1000 },
		});
		expect(execution.status).toBe('error');
		expect(world.simulator.stats().generate.accepted - before).toBe(5);
	});

	it('by "Retry execution" gets the video that was not ready in time', async () => {
		const before = world.simulator.stats().generate.accepted;
		const first = await runWorkflow(world, {
			parameters: { ...polling, options: { timeout: 0.05 } },
			items: prompts(3, (n) => `Late ${n} [duration=${n === 0 ? 600 : 1}]`),
		});
		expect(first.error?.message).toMatch(/still running/);
		world.simulator.endTasks('Late 0');
		const second = await world.client.retryExecution(first.id);
		expect(statusesOf(await world.client.waitForExecution(second))).toEqual(
			Array(3).fill('success'),
		);
		expect(world.simulator.stats().generate.accepted - before).toBe(3);
	});
});

describe('stopping the execution', () => {
	it('ends the polling', async () => {
		const items = prompts(5, (n) => `Endless ${n} [duration=600]`);
		const id = await world.client.importWorkflow(workflowOf({ parameters: polling, items }), [
			world.credential,
		]);
		const executionId = await world.client.runManually(id);
		const reads = () => world.simulator.stats().recordInfo.requests;
		const readsBefore = reads();
		while (reads() < readsBefore + 5) await new Promise((resolve) => setTimeout(resolve, 100));
		await world.client.stopExecution(executionId);
		const readsAtStop = reads();
		await new Promise((resolve) => setTimeout(resolve, 8_000));
		expect(reads() - readsAtStop).toBeLessThanOrEqual(1);
		expect((await world.client.execution(executionId)).status).toBe('canceled');
	});
});
