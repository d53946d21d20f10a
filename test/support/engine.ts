/**
 * Runs the built package in n8n-core: its loader reads dist/, its engine executes a workflow of a
 * start node and the node under test, and its HTTP client talks to the simulator.
 */
import path from 'node:path';
import { inspect } from 'node:util';
import {
	ExecuteContext,
	ExecutionLifecycleHooks,
	PackageDirectoryLoader,
	WorkflowExecute,
} from 'n8n-core';
import {
	createRunExecutionData,
	ICredentialsHelper,
	sleep,
	Workflow,
	type IBinaryKeyData,
	type ICredentialDataDecryptedObject,
	type IDataObject,
	type IExecuteData,
	type IExecuteFunctions,
	type IHttpRequestOptions,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	type IRun,
	type IRunExecutionData,
	type IWorkflowExecuteAdditionalData,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { alephNode, node, NODE } from './workflow';

const loader = new PackageDirectoryLoader(path.resolve(__dirname, '../..'));
export const loaded = loader.loadAll();

/** What n8n has logged, instead of showing it on the screen. */
export const logged: string[] = [];

interface Log {
	log(level: string, message: string, data: object): void;
	child(): Log;
}

const log: Log = {
	log: (_level, message, data) => logged.push(`${message} ${inspect(data, { depth: 9 })}`),
	child: () => log,
};

const n8n = ExecuteContext.prototype as unknown as {
	logger: { setInternalLogger(to: Log): void };
};
n8n.logger.setInternalLogger(log);

export interface Setup {
	parameters: INodeParameters;
	/** The input items, one empty item if absent. */
	items?: IDataObject[];
	/** The files of each input item. */
	binary?: IBinaryKeyData;
	credential: ICredentialDataDecryptedObject;
	/** Settings of the node, such as onError and retryOnFail. */
	settings?: Partial<INode>;
	/** Unique within a test. */
	executionId?: string;
	/** Milliseconds from now in which n8n stops the execution, as it says. */
	endsIn?: number;
	/** The node that starts the workflow, if it matters. */
	startedBy?: Pick<INode, 'type' | 'parameters'>;
	/** What n8n calls the way in which the execution was started; `trigger` if absent. */
	mode?: WorkflowExecuteMode;
}

export interface Result {
	run: IRun;
	/** What came out, by output. */
	items: INodeExecutionData[];
	errorItems: INodeExecutionData[];
	error: (Error & { description?: string | null; httpCode?: string | null }) | undefined;
}

/** Executes the node once, as n8n does in production. */
export async function runNode(setup: Setup): Promise<Result> {
	return await start(setup).result;
}

/** Starts the node; `cancel` does what the user's stop button does. */
export function start(setup: Setup, earlier?: IRunExecutionData) {
	const execution = prepare(setup, earlier);
	return {
		result: execution.then(async ({ running }) => await resultOf(running)),
		cancel: async () => (await execution).running.cancel(),
	};
}

/** What "Retry with currently saved workflow" does: goes on from the data of a failed execution. */
export async function retryExecution(setup: Setup, failed: IRun): Promise<Result> {
	const data = storedData(failed);
	delete data.resultData.error;
	data.resultData.runData[NODE]?.pop();
	return await start(setup, data).result;
}

/** What n8n does when a sleeping execution is due: goes on from its data. */
export async function wake(setup: Setup, asleep: IRun): Promise<Result> {
	return await start(setup, storedData(asleep)).result;
}

/** Wakes it whenever it is due, until it has ended. */
export async function untilEnded(setup: Setup, result: Result): Promise<Result> {
	const { waitTill } = result.run;
	if (!waitTill) return result;
	await sleep(Number(waitTill) - Date.now());
	return await untilEnded(setup, await wake(setup, result.run));
}

function storedData({ data }: IRun): IRunExecutionData {
	return JSON.parse(JSON.stringify(data)) as IRunExecutionData;
}

/** Of the one credential that there is. */
export const CREDENTIALS = { alephApi: { id: '1', name: 'Runway Aleph API' } };

const startNode: INodeType = {
	description: {
		displayName: 'Start',
		name: 'start',
		group: ['trigger'],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [
			{ displayName: 'Respond', name: 'responseMode', type: 'string', default: 'onReceived' },
		],
	},
	execute: async () => await Promise.resolve([[]]),
};

/** What n8n hands to the node, for a test of a part of it. */
export async function functionsOf(setup: Setup): Promise<IExecuteFunctions> {
	const { workflow, items, data } = await load(setup);
	const aleph = workflow.getNode(NODE)!;
	return new ExecuteContext(
		workflow,
		aleph,
		additionalData(setup),
		'trigger',
		data,
		0,
		items,
		{ main: [items] },
		{ node: aleph, data: { main: [items] }, source: null },
		[],
	);
}

async function prepare(setup: Setup, earlier?: IRunExecutionData) {
	const { workflow, data: first } = await load(setup);
	const data = earlier ?? first;
	for (const entry of earlier?.executionData?.nodeExecutionStack ?? []) {
		entry.node = workflow.getNode(entry.node.name)!;
	}
	const additional = additionalData(setup);
	const engine = new WorkflowExecute(additional, setup.mode ?? 'trigger', data);
	return { running: engine.processRunExecutionData(workflow) };
}

/** Executes the node behind another one, which has slept for so many milliseconds. */
export async function runBehindSleep(setup: Setup, slept: number): Promise<Result> {
	const { items, data, workflow } = await load(setup);
	const main = [items];
	data.resultData.runData.Start = [
		{
			startTime: Date.now() - slept,
			executionTime: 0,
			executionIndex: 0,
			executionStatus: 'success',
			source: [],
			data: { main },
		},
	];
	data.executionData!.nodeExecutionStack = [behindStart(workflow, main)];
	return await start(setup, data).result;
}

/** Executes the node once more in the same execution, as a loop does. */
export async function runInNextRound(setup: Setup, { data: earlier }: IRun): Promise<Result> {
	const { items, data, workflow } = await load(setup);
	data.resultData.runData = earlier.resultData.runData;
	const { contextData } = earlier.executionData!;
	const nodeExecutionStack = [behindStart(workflow, [items])];
	data.executionData = { ...data.executionData!, contextData, nodeExecutionStack };
	return await start(setup, data).result;
}

/** The node as the next to run, with what the start node has given. */
function behindStart(workflow: Workflow, main: INodeExecutionData[][]): IExecuteData {
	const source = { main: [{ previousNode: 'Start' }] };
	return { node: workflow.getNode(NODE)!, data: { main }, source };
}

/** The workflow of a test, with the data of an execution that is about to begin. */
async function load(setup: Setup) {
	await loaded;
	const { binary } = setup;
	const items = (setup.items ?? [{}]).map((json) => (binary ? { json, binary } : { json }));
	const workflow = new Workflow({
		id: 'workflow',
		name: 'Test',
		active: false,
		settings: { executionOrder: 'v1' },
		nodeTypes,
		nodes: [
			{ ...node('Start', 'start', 1), ...setup.startedBy },
			{
				...alephNode(NODE, 'aleph', setup.parameters),
				credentials: CREDENTIALS,
				...setup.settings,
			},
		],
		connections: { Start: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
	});
	const data = createRunExecutionData({
		startData: {},
		resultData: { runData: {}, pinData: { Start: items } },
		executionData: {
			nodeExecutionStack: [
				{ node: workflow.getNode('Start')!, data: { main: [items] }, source: null },
			],
		},
	});
	return { workflow, items, data };
}

async function resultOf(running: Promise<IRun>): Promise<Result> {
	const run = await running;
	const output = run.data.resultData.runData[NODE]?.at(-1)?.data?.main ?? [];
	return {
		run,
		items: output[0] ?? [],
		errorItems: output[1] ?? [],
		error: run.data.resultData.error as Result['error'],
	};
}

export const nodeTypes: INodeTypes = {
	getByName: (name) => typeOf(name),
	getByNameAndVersion: (name) => typeOf(name),
	getKnownTypes: () => ({}),
};

function typeOf(name: string): INodeType {
	// As an AI tool, n8n gives a node a type of its own.
	const type = name.split('.').at(-1)!.replace(/Tool$/, '');
	return type.startsWith('aleph') ? (loader.getNode(type).type as INodeType) : startNode;
}

export function additionalData({
	credential,
	executionId: name = 'execution',
	endsIn,
}: Pick<Setup, 'credential' | 'executionId' | 'endsIn'>) {
	// n8n gives none a second time, and no test knows another's.
	const executionId = `${name} of ${expect.getState().currentTestName}`;
	const workflowData = { id: 'workflow', name: 'Test', active: false } as never;
	return {
		credentialsHelper: new TestCredentials(credential),
		hooks: new ExecutionLifecycleHooks('trigger', executionId, workflowData),
		executionId,
		currentNodeExecutionIndex: 0,
		variables: {},
		webhookWaitingBaseUrl: 'http://localhost:5678/webhook-waiting',
		formWaitingBaseUrl: 'http://localhost:5678/form-waiting',
		setExecutionStatus: () => {},
		...(endsIn && { executionTimeoutTimestamp: Date.now() + endsIn }),
	} as unknown as IWorkflowExecuteAdditionalData;
}

/** Gives the credential of the test, and authenticates as the loaded credential type says. */
class TestCredentials extends ICredentialsHelper {
	constructor(private readonly credential: ICredentialDataDecryptedObject) {
		super();
	}

	override getParentTypes = () => [];

	override isCredentialUsableByNode = () => true;

	override async authenticate(
		credentials: ICredentialDataDecryptedObject,
		typeName: string,
		requestOptions: IHttpRequestOptions,
	) {
		const { authenticate } = loader.getCredential(typeName).type;
		if (typeof authenticate !== 'function') throw new Error('The credential type has a function');
		return await authenticate(credentials, requestOptions);
	}

	override preAuthentication = async () => await Promise.resolve(undefined);

	override runPreAuthentication = async () => await Promise.resolve(undefined);

	override getDecrypted = async () => await Promise.resolve({ ...this.credential });

	override getCredentials = async () => await Promise.reject(new Error('not stored'));

	override updateCredentials = async () => await Promise.resolve();

	override updateCredentialsOauthTokenData = async () => await Promise.resolve();

	override getCredentialsProperties = () => [];
}
