/** The parameters of the trigger. What is wrong throws an InvalidInput. */
import type { IDataObject, IHookFunctions, IWebhookFunctions } from 'n8n-workflow';
import { readDownloads } from '../items/downloads';
import { InvalidInput, readBoolean, readListOf } from '../items/parameters';

export type TriggerParameters = ReturnType<typeof readTriggerParameters>;

export function readTriggerParameters(ctx: IHookFunctions | IWebhookFunctions) {
	const parameter = (name: string): unknown => ctx.getNodeParameter(name);
	const events = readListOf('Trigger On', parameter('events'), ['completed', 'failed']);
	if (events.length === 0) {
		throw new InvalidInput('"Trigger On" is empty', 'Choose at least one event.');
	}
	return {
		events,
		verifyWithApi: readBoolean('Verify with API', parameter('verifyWithApi')),
		deduplicate: readBoolean('Deduplicate', parameter('deduplicate')),
		simplify: readBoolean('Simplify', parameter('simplify')),
		downloads: readDownloads((ctx.getNodeParameter('options', {}) ?? {}) as IDataObject),
	};
}
