/** file / upload: gives a file a URL at the provider, for a day or more. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { Client } from '../../api/client';
import { harmlessName } from '../../api/files/fileName';
import { asLocalFile, readBinary } from '../../items/binary';
import { requestError } from '../../items/errors';
import { readInputs } from '../../items/inputs';
import { outputItems, type Outcome } from '../../items/output';
import { brief, InvalidInput, isEmpty, readText } from '../../items/parameters';
import { cancelSignalOf } from '../../n8n';

export const description: INodeProperties[] = [
	{
		displayName: 'Input Binary Field',
		name: 'binaryProperty',
		type: 'string',
		default: 'data',
		required: true,
		hint: 'The name of the input binary field containing the file to be uploaded',
	},
	{
		displayName: 'File Name',
		name: 'fileName',
		type: 'string',
		default: '',
		placeholder: 'e.g. video.mp4',
		description: 'The name to give the file at the provider. Leave empty to keep its own.',
	},
];

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const client = new Client(this);
	const provider = await client.provider(!this.continueOnFail());
	const inputs = readInputs(this, provider, (itemIndex) => readUpload(this, itemIndex));
	const uploads = inputs.map((input) => ({ input, controller: new AbortController() }));
	const halt = () => uploads.forEach(({ controller }) => controller.abort());
	cancelSignalOf(this)?.addEventListener('abort', halt);
	let isHalted = false;
	const outcomes = uploads.map(async ({ input, controller }, itemIndex): Promise<Outcome> => {
		try {
			if (input instanceof Error) throw input;
			const { binary, fileName } = input;
			const file = await asLocalFile(this, binary, fileName);
			return { task: null, data: await client.upload(file, controller.signal) };
		} catch (error) {
			if (isHalted) return { task: null, notStarted: true };
			// Nobody gets the URLs of the others.
			isHalted = !this.continueOnFail();
			if (isHalted) halt();
			const ref = { node: this.getNode(), itemIndex, provider };
			return { task: null, error: requestError(ref, error as Error) };
		}
	});
	return outputItems(this, await Promise.all(outcomes));
}

/** Throws an InvalidInput. */
function readUpload(ctx: IExecuteFunctions, itemIndex: number) {
	const fileName: unknown = ctx.getNodeParameter('fileName', itemIndex, '');
	const property: unknown = ctx.getNodeParameter('binaryProperty', itemIndex, '');
	return {
		binary: readBinary(ctx, itemIndex, 'Input Binary Field', property),
		fileName: isEmpty(fileName) ? undefined : readFileName(fileName),
	};
}

/** Without the folders in front of it. */
function readFileName(value: unknown): string {
	const name = harmlessName(readText('File Name', value, ''));
	if (name) return name;
	throw new InvalidInput(
		'"File Name" must be the name of a file',
		`It is ${brief(value)}. Enter a name such as video.mp4, or leave the field empty to keep the file's own.`,
	);
}
