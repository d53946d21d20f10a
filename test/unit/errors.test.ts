/** Where the texts of errors send a user, for each provider. */
import type { INode } from 'n8n-workflow';
import { PROVIDERS } from '../../nodes/Aleph/api/dialects';
import { failedTaskError, unconfirmedError } from '../../nodes/Aleph/items/errors';
import { acceptedTask } from '../../nodes/Aleph/task/task';

const node = { name: 'Runway Aleph' } as INode;
const failure = { kind: 'interrupted', code: null, reason: 'ECONNRESET at the API' } as const;

it.each([
	['kie', 'at https://kie.ai/logs:'],
	['apikley', 'in your provider account:'],
	['runway', 'at https://dev.runwayml.com (Request History):'],
])('a task that may exist is looked for where %s shows tasks', (value, place) => {
	const provider = PROVIDERS.find((each) => each.value === value);
	const { description } = unconfirmedError({ node, itemIndex: 0, provider }, failure);
	expect(description).toContain(`Look for it ${place}`);
});

it.each([
	['The task was canceled', 'The task was cancelled'],
	['CANCELED', 'CANCELLED'],
])(
	'a task that was "%s" does not look like an execution that the user has stopped',
	(said, shown) => {
		const task = { ...acceptedTask('a'), errorMessage: said };
		expect(failedTaskError({ node, itemIndex: 0 }, task).message).toContain(shown);
	},
);
