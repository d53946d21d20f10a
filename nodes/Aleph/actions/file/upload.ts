/** file / upload: gives a file a public URL at the provider, for about three days. */
import {
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
} from 'n8n-workflow';
import { asText } from '../../task/json';
import { connect } from '../../api/client';
import { outcomesOf, outputItems, readInputs } from '../outcome';
import { readBinary, upload } from '../binary';

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
		description: 'The name that the file gets at the provider. Empty, it keeps its own.',
	},
];

export async function execute(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const api = await connect(this);
	const inputs = readInputs(this, (itemIndex) => {
		const property = this.getNodeParameter('binaryProperty', itemIndex);
		return {
			binary: readBinary(this, itemIndex, 'Input Binary Field', property),
			fileName: asText(this.getNodeParameter('fileName', itemIndex)) ?? undefined,
		};
	});
	const outcomes = await outcomesOf(inputs, async ({ binary, fileName }, itemIndex) => {
		try {
			return { task: null, data: await upload(this, api, itemIndex, binary, fileName) };
		} catch (error) {
			const nodeError = new NodeOperationError(this.getNode(), error as Error, { itemIndex });
			return { task: null, error: nodeError };
		}
	});
	return outputItems(this, outcomes);
}
