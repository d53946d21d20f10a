/**
 * A workflow of the trigger, called over HTTP. The context that the node runs in is n8n's; around it
 * stands what n8n does with the outcome: it starts the workflow, stores the static data, and answers,
 * in this order.
 */
import { once } from 'node:events';
import { createServer, ServerResponse, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { HookContext, WebhookContext } from 'n8n-core';
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
	/** How many callers have not waited for the answer. */
	hungUp: number;
	/** As n8n has it stored. */
	credential: IDataObject;
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

/** @param account fields of the credential that differ */
export async function serveTrigger(
	parameters: INodeParameters = {},
	account: IDataObject = {},
): Promise<Served> {
	await loaded;
	workflows++;
	const setup = { id: `workflow-${workflows}`, parameters, credential: newAccount(account) };
	const served: Omit<Served, 'url' | 'close'> = {
		started: [],
		start: async () => await Promise.resolve(),
		stored: {},
		writes: 0,
		hungUp: 0,
		credential: setup.credential,
	};
	const server = createServer({ ServerResponse: Response }, (request, response) => {
		void handle(served, setup, request, response);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return Object.assign(served, { url, close: () => void server.close() });
}

/** What n8n calls when a workflow with the trigger is published. Throws what the trigger has against it. */
export async function publishTrigger(
	parameters: INodeParameters = {},
	account: IDataObject = {},
): Promise<void> {
	await loaded;
	const setup = { id: 'workflow', parameters, credential: newAccount(account) };
	const workflow = workflowOf(setup);
	const trigger = workflow.getNode(TRIGGER)!;
	const context = new HookContext(
		workflow,
		trigger,
		additionalData(setup),
		'trigger',
		'activate',
		{} as never,
	);
	const { webhookMethods } = nodeTypes.getByNameAndVersion(trigger.type);
	const { checkExists, create } = webhookMethods!.default!;
	if (!(await checkExists.call(context))) await create.call(context);
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
	response.once('close', () => (served.hungUp += response.writableEnded ? 0 : 1));
	// n8n loads the workflow, its static data included, before anything else.
	const staticData = structuredClone(served.stored);
	const body = await bodyOf(request);
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

/** As n8n reads it: what is not JSON may become an object as well. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
	const content = await text(request);
	const [type = ''] = (request.headers['content-type'] ?? '').split(';');
	if (type.includes('json')) return JSON.parse(content) as unknown;
	const isForm = type === 'application/x-www-form-urlencoded';
	return isForm ? Object.fromEntries(new URLSearchParams(content)) : content;
}

function workflowOf({ id, parameters }: Setup, staticData?: IDataObject): Workflow {
	return new Workflow({
		id,
		name: 'Test',
		active: true,
		nodeTypes,
		nodes: [{ ...alephNode(TRIGGER, 'alephTrigger', parameters), credentials: CREDENTIALS }],
		connections: {},
		staticData,
	});
}

function contextOf(setup: Setup, staticData: IDataObject, http: object) {
	const workflow = workflowOf(setup, staticData);
	const trigger = workflow.getNode(TRIGGER)!;
	const additional = { ...additionalData(setup), ...http };
	const data = {} as never;
	const context = new WebhookContext(workflow, trigger, additional, 'webhook', data, [], null);
	return { workflow, context };
}
