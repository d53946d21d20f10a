/** Which options the trigger's panel offers. */
import { NodeHelpers, type INodeParameters, type INodeProperties } from 'n8n-workflow';
import { AlephTrigger } from '../../nodes/Aleph/AlephTrigger.node';

const { description } = new AlephTrigger();
const { options } = description.properties.find(({ name }) => name === 'options')!;

function offered(parameters: INodeParameters): string[] {
	const isShown = (option: INodeProperties) =>
		NodeHelpers.displayParameterPath(
			parameters,
			option,
			'options',
			{ typeVersion: 2 },
			description,
		);
	return (options as INodeProperties[]).filter(isShown).map(({ displayName }) => displayName);
}

it.each<[string, INodeParameters, string[]]>([
	['Download', { verifyWithApi: true, options: {} }, ['Download']],
	[
		'the field of what is downloaded',
		{ verifyWithApi: true, options: { download: ['video'] } },
		['Download', 'Put Video in Field'],
	],
	[
		'nothing to download where the API is not asked',
		{ verifyWithApi: false, options: { download: ['video', 'thumbnail'] } },
		[],
	],
])('it offers %s', (_, parameters, names) => {
	expect(offered(parameters)).toEqual(names);
});
