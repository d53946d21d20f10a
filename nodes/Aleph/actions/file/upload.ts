/** file / upload: gives a file a public URL at the provider, for about three days. */
import {
	NodeOperationError,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type INodeProperties,
	type NodeError,
} from 'n8n-workflow';
import { asText } from '../../task/json';
import { connect } from '../../api/connect';
import { ApiFailure } from '../../api/failure';
import { requestError } from '../errors';
import { outputItems, readInputs, type Outcome } from '../outcome';
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
		description: 'The name to give the file at the provider. Leave empty to keep its own.',
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
	const outcomeOf = async (input: (typeof inputs)[number], itemIndex: number): Promise<Outcome> => {
		if (input instanceof NodeOperationError) return { task: null, error: input };
		try {
			return { task: null, data: await upload(this, api, input.binary, input.fileName) };
		} catch (error) {
			return { task: null, error: errorOf(this.getNode(), itemIndex, error as Error) };
		}
	};
	return outputItems(this, await Promise.all(inputs.map(outcomeOf)));
}

function errorOf(node: INode, itemIndex: number, error: Error): NodeError {
	return error instanceof ApiFailure
		? requestError(node, itemIndex, error)
		: new NodeOperationError(node, error, { itemIndex });
}
