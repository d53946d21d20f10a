/** file / upload: gives a file a URL at the provider, for a day or more. */
import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { Client } from '../../api/client';
import { ApiError } from '../../api/error';
import { asLocalFile, readBinary } from '../../items/binary';
import { requestError } from '../../items/errors';
import { outputItems, providerOf, type Outcome } from '../../items/output';
import { isEmpty, readText } from '../../items/parameters';

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
	const provider = await providerOf(client, !this.continueOnFail());
	const errorOf = (itemIndex: number, error: Error) =>
		requestError({ node: this.getNode(), itemIndex, provider }, error);
	const inputs = this.getInputData().map((_, itemIndex) => readUpload(this, itemIndex));
	const bad = inputs.findIndex((input) => input instanceof Error);
	// What is wrong is told before anything is sent.
	if (bad !== -1 && !this.continueOnFail()) throw errorOf(bad, inputs[bad] as Error);
	const outcomes = inputs.map(async (input, itemIndex): Promise<Outcome> => {
		try {
			if (input instanceof Error) throw input;
			const { binary, fileName } = input;
			const file = await asLocalFile(this, binary, fileName);
			return { task: null, data: await client.upload(file) };
		} catch (error) {
			return { task: null, error: errorOf(itemIndex, fileError(error as Error)) };
		}
	});
	return outputItems(this, await Promise.all(outcomes));
}

/** The words for a limit are about tasks, and no file is one. */
function fileError(error: Error): Error {
	const isThrottled = error instanceof ApiError && error.isThrottled;
	return isThrottled ? new ApiError('upload', error.code, error.reason) : error;
}

/** What to upload, or what is wrong with that. */
function readUpload(ctx: IExecuteFunctions, itemIndex: number) {
	try {
		const fileName: unknown = ctx.getNodeParameter('fileName', itemIndex, '');
		const property: unknown = ctx.getNodeParameter('binaryProperty', itemIndex, '');
		return {
			binary: readBinary(ctx, itemIndex, 'Input Binary Field', property),
			fileName: isEmpty(fileName) ? undefined : readText('File Name', fileName, ''),
		};
	} catch (error) {
		return error as Error;
	}
}
