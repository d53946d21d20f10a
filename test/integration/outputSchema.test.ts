/** What n8n shows of an operation before its first run is what its items hold afterwards. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Ajv from 'ajv';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { generate, get, newAccount, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator({ duration: 0 });

function schemaOf(name: string): { properties: object } {
	const path = resolve(__dirname, '../../dist/nodes/Aleph/__schema__', `${name}.json`);
	return JSON.parse(readFileSync(path, 'utf8')) as { properties: object };
}

const binary = {
	data: { data: Buffer.from('a video'.repeat(100)).toString('base64'), mimeType: 'video/mp4' },
};

async function expectItemsOf(name: string, parameters: INodeParameters, account?: IDataObject) {
	const settings = { onError: 'continueRegularOutput' as const };
	const credential = newAccount(account);
	const { items } = await runNode({ parameters, binary, settings, credential });
	const { properties } = schemaOf(name);
	const required = Object.keys(properties);
	const schema = { type: 'object', properties, required, additionalProperties: false };
	const validate = new Ajv({ allowUnionTypes: true }).compile(schema);
	validate(items[0]?.json);
	expect({ name, errors: validate.errors }).toEqual({ name, errors: null });
	return items[0]!.json;
}

it('an item of Generate has the fields of its schema, waited for or not', async () => {
	await expectItemsOf('v2.0.0/video/generate', generate());
	await expectItemsOf('v2.0.0/video/generate', generate({ waitForCompletion: false }));
});

it('an item of Get has the fields of its schema, also for a task that failed', async () => {
	for (const prompt of ['Make it snow', 'Make it rude [fail=moderation]']) {
		const parameters = generate({ prompt, waitForCompletion: false });
		const { taskId } = await expectItemsOf('v2.0.0/video/generate', parameters);
		await expectItemsOf('v2.0.0/video/get', get(taskId as string));
	}
});

it('an item of Cancel has the fields of its schema, cancelled or ended before', async () => {
	const runway = { api: 'runway' };
	for (const duration of [0, 60]) {
		const prompt = `Make it snow [duration=${duration}]`;
		const parameters = generate({ prompt, waitForCompletion: false });
		const { taskId } = await expectItemsOf('v2.0.0/video/generate', parameters, runway);
		const cancel = { resource: 'video', operation: 'cancel', taskId: taskId as string };
		await expectItemsOf('v2.0.0/video/cancel', cancel, runway);
	}
});

it('an item of the trigger has the fields of Get', () => {
	expect(schemaOf('v2.0.0')).toEqual(schemaOf('v2.0.0/video/get'));
});

it.each(['jobs', 'aleph', 'runway'])(
	'an uploaded file and the credits have the fields of their schemas, with the API "%s"',
	async (api) => {
		const upload = { resource: 'file', operation: 'upload' };
		await expectItemsOf('v2.0.0/file/upload', upload, { api });
		const credits = { resource: 'account', operation: 'getCredits' };
		await expectItemsOf('v2.0.0/account/getCredits', credits, { api });
	},
);
