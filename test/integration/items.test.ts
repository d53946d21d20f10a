/** What goes into the node comes out of it, item by item, whatever it is. */
import '../support/fastClock';
import type { IDataObject } from 'n8n-workflow';
import { generate, get, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator();

it('no items in are no items out, and nothing is sent', async () => {
	const { items, error } = await runNode({
		parameters: generate(),
		items: [],
		credential: newAccount(),
	});
	expect(error).toBeUndefined();
	expect(items).toEqual([]);
	expect(simulator.requests()).toEqual([]);
});

it('an item without json is one as good as any', async () => {
	const { items } = await runNode({
		parameters: generate(),
		items: [undefined as unknown as IDataObject],
		credential: newAccount(),
	});
	expect(items[0]?.json.status).toBe('success');
});

it.each(['__proto__', 'constructor', 'toString'])(
	'%s is a prompt like any other',
	async (prompt) => {
		const credential = newAccount();
		const { items } = await runNode({ parameters: generate({ prompt }), credential });
		expect(items[0]?.json).toMatchObject({ prompt, status: 'success' });
		const { error } = await runNode({ parameters: get(prompt), credential });
		expect(error?.message).toBe('The API does not know this task');
	},
);
