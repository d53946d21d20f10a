/**
 * A workflow of the trigger, called over HTTP. The context that the node runs in is n8n's; around it
 * stands what n8n does with the outcome: it starts the workflow, stores the static data, and answers,
 * in this order.
 */
import { once } from 'node:events';
import { createServer, ServerResponse, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { WebhookContext } from 'n8n-core';
import { Workflow, type IDataObject, type INodeParameters } from 'n8n-workflow';
import { newAccount } from './aleph';
import { additionalData, CREDENTIALS, loaded, nodeTypes } from './engine';
import { alephNode, TRIGGER } from './workflow';

export interface Served {
	url: string;
	/** What the workflow was started with. */
	started: IDataObject[];
	/** Takes as long as a start takes, and throws where it fails. */
	start: () => Promise<void>;
	/** The static data in the database, and how often it was written there. */
	stored: IDataObject;
	writes: number;
	close: () => void;
}

/** What n8n's web server adds to Node's response. */
class Response extends ServerResponse<IncomingMessage> {
	status(code: number) {
		this.statusCode = code;
		return this;
	}

	json(body: unknown) {
		this.end(JSON.stringify(body));
	}
}

let workflows = 0;

export async function serveTrigger(parameters: INodeParameters = {}): Promise<Served> {
	await loaded;
	workflows++;
	const setup = { id: `workflow-${workflows}`, parameters, credential: newAccount() };
	const served: Omit<Served, 'url' | 'close'> = {
		started: [],
		start: async () => await Promise.resolve(),
		stored: {},
		writes: 0,
	};
	const server = createServer({ ServerResponse: Response }, (request, response) => {
		void handle(served, setup, request, response);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return Object.assign(served, { url, close: () => void server.close() });
}

type Setup = { id: string } & Parameters<typeof additionalData>[0] & {
		parameters: INodeParameters;
	};

async function handle(
	served: Omit<Served, 'url' | 'close'>,
	setup: Setup,
	request: IncomingMessage,
	response: Response,
): Promise<void> {
	// n8n loads the workflow, its static data included, before anything else.
	const staticData = structuredClone(served.stored);
	const body: unknown = await json(request);
	const { workflow, context } = contextOf(setup, staticData, {
		httpRequest: Object.assign(request, { body }),
		httpResponse: response,
	});
	const outcome = await context.nodeType.webhook!.call(context);
	const [items] = outcome.workflowData ?? [];
	if (items) {
		try {
			await served.start();
		} catch {
			response.status(500).json({ message: 'There was a problem executing the workflow' });
			return;
		}
		served.started.push(...items.map((item) => item.json));
	}
	if (workflow.staticData.__dataChanged === true) {
		served.stored = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
		served.writes++;
	}
	if (!outcome.noWebhookResponse) response.json(outcome.webhookResponse);
}

function contextOf({ id, parameters, ...setup }: Setup, staticData: IDataObject, http: object) {
	const workflow = new Workflow({
		id,
		name: 'Test',
		active: true,
		nodeTypes,
		nodes: [{ ...alephNode(TRIGGER, 'alephTrigger', parameters), credentials: CREDENTIALS }],
		connections: {},
		staticData,
	});
	const trigger = workflow.getNode(TRIGGER)!;
	const additional = { ...additionalData(setup), ...http };
	const data = {} as never;
	const context = new WebhookContext(workflow, trigger, additional, 'webhook', data, [], null);
	return { workflow, context };
}
