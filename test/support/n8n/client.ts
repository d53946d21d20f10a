/** What tests and the demo do in n8n: a client of the REST API that its editor uses. */
import { Agent } from 'node:http';
import axios, { isAxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import type {
	ExecutionStatus,
	IConnections,
	INode,
	INodeTypeDescription,
	IWorkflowSettings,
} from 'n8n-workflow';
import { brief, poll } from '../poll';
import {
	asRecord,
	isFinished,
	isWhole,
	parseExecution,
	parseSummary,
	type Execution,
	type ExecutionSummary,
} from './execution';

/** The owner of every n8n started here; also what to type at `/signin` in a browser. */
export const OWNER = {
	email: 'owner@example.com',
	password: 'Aleph-owner-1',
	firstName: 'Olivia',
	lastName: 'Owner',
};

/** A workflow as the editor exports it. */
export interface WorkflowJson {
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
	pinData?: Record<string, unknown>;
}

export interface Credential {
	id: string;
	name: string;
	type: string;
}

interface CredentialTest {
	status: 'OK' | 'Error';
	message: string;
}

export type RetryEntry = 'original' | 'currently saved';

interface ExecutionFilter {
	workflowId?: string;
	status?: ExecutionStatus[];
}

/** Creates the owner on n8n's first run; signs in otherwise. */
export async function signIn(url: string): Promise<N8nClient> {
	const http = axios.create({
		baseURL: url,
		proxy: false,
		// Under a burst of webhooks n8n may be as late as this.
		timeout: 120_000,
		// A busy n8n closes a connection that has rested just as it is used again.
		httpAgent: new Agent({ keepAlive: false }),
	});
	const settings = asRecord(await send(http, { url: '/rest/settings' }));
	const { showSetupOnFirstLoad } = asRecord(settings.userManagement);
	const { email, password } = OWNER;
	const request = showSetupOnFirstLoad
		? { url: '/rest/owner/setup', data: OWNER }
		: { url: '/rest/login', data: { emailOrLdapLoginId: email, password } };
	const { headers } = await http.post<unknown>(request.url, request.data).catch(explain);
	const cookies = (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]);
	http.defaults.headers.common.cookie = cookies.join('; ');
	return new N8nClient(http);
}

/** Every method throws with n8n's answer if it refuses. */
export class N8nClient {
	/** @param http signed in */
	constructor(private readonly http: AxiosInstance) {}

	async createCredential(
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<Credential> {
		const created = asRecord(await this.post('/credentials', { name, type, data }));
		return { id: String(created.id), name, type };
	}

	async updateCredential(credential: Credential, data: Record<string, unknown>): Promise<void> {
		const { id, name, type } = credential;
		const url = `/rest/credentials/${id}`;
		await send(this.http, { method: 'PATCH', url, data: { name, type, data } });
	}

	/** What the credential's dialog shows after saving. */
	async testCredential(credential: Credential): Promise<CredentialTest> {
		// Like the editor, send back what n8n shows of it: the secrets in it stay blanked out.
		const stored = asRecord(await this.get(`/credentials/${credential.id}?includeData=true`));
		const credentials = { ...credential, data: stored.data };
		const result = asRecord(await this.post('/credentials/test', { credentials }));
		return { status: result.status === 'OK' ? 'OK' : 'Error', message: String(result.message) };
	}

	async deleteCredential({ id }: Credential): Promise<void> {
		await send(this.http, { method: 'DELETE', url: `/rest/credentials/${id}` });
	}

	/**
	 * Resolves with the new workflow's id. Nodes that name a credential get the one of that type and name, or
	 * else the first of that type: an exported workflow has the ids of the instance it comes from.
	 */
	async importWorkflow(workflow: WorkflowJson, credentials: Credential[] = []): Promise<string> {
		const { name, connections, settings = {}, pinData } = workflow;
		const nodes = workflow.nodes.map((node) => withCredentials(node, credentials));
		const body = { name, nodes, connections, settings, pinData, active: false };
		return String(asRecord(await this.post('/workflows', body)).id);
	}

	/** Publishes the workflow, and resolves once its triggers and webhooks are live. */
	async activate(workflowId: string): Promise<void> {
		const { versionId } = asRecord(await this.get(`/workflows/${workflowId}`));
		await this.post(`/workflows/${workflowId}/activate`, { versionId });
		const { status, triggers } = await this.publication(workflowId);
		if (status === 'failed' || status === 'partial') {
			throw new Error(`n8n could not activate it: ${JSON.stringify(triggers)}`);
		}
	}

	/** Resolves once its triggers and webhooks are gone. */
	async deactivate(workflowId: string): Promise<void> {
		await this.post(`/workflows/${workflowId}/deactivate`, {});
		await this.publication(workflowId);
	}

	/** What is in the address of the workflow's trigger. */
	async webhookId(workflowId: string): Promise<string> {
		const { nodes } = asRecord(await this.get(`/workflows/${workflowId}`));
		const ids = (asArray(nodes) as INode[]).map(({ webhookId }) => webhookId).filter(Boolean);
		return ids[0]!;
	}

	/**
	 * The editor's "Execute workflow"; resolves with the execution's id as soon as it has begun.
	 * @param startNode the trigger to start from; the Manual Trigger if not given
	 */
	async runManually(workflowId: string, startNode?: string): Promise<string> {
		const name = startNode ?? (await this.manualTrigger(workflowId));
		const started = await this.run(workflowId, name);
		if (typeof started.executionId !== 'string') {
			throw new Error(`"${name}" does not start by itself: n8n now listens for a test event.`);
		}
		return started.executionId;
	}

	/**
	 * The editor's "Listen for test event".
	 * @param chatSessionId of the chat in the editor, whose messages go to
	 * `/webhook-test/<workflow>/<session>`
	 */
	async listenForTestEvent(
		workflowId: string,
		trigger: string,
		chatSessionId?: string,
	): Promise<void> {
		const { waitingForWebhook } = await this.run(workflowId, trigger, chatSessionId);
		if (waitingForWebhook !== true) throw new Error(`"${trigger}" does not wait for a webhook.`);
	}

	async execution(id: string): Promise<Execution> {
		return parseExecution(await this.get(`/executions/${id}`));
	}

	/** Resolves with the execution once it has finished, or once `until` says so. */
	async waitForExecution(
		id: string,
		options: { timeout?: number; until?: (execution: Execution) => boolean } = {},
	): Promise<Execution> {
		const { timeout, until = isFinished } = options;
		const read = async () => await this.execution(id).catch(nullIfNotStoredYet);
		const isWanted = (seen: Execution | null) => seen !== null && until(seen) && isWhole(seen);
		const execution = await poll(read, isWanted, { timeout });
		return execution!;
	}

	/** What nodes have noted beside an execution. */
	async customData(executionId: string): Promise<Record<string, string>> {
		const { customData } = asRecord(await this.get(`/executions/${executionId}`));
		return customData as Record<string, string>;
	}

	/**
	 * "Retry" in the list of executions. Resolves with the id of the new execution when n8n answers,
	 * which is when that one has ended or begun to wait.
	 * @param entry of n8n's menu: with the workflow as it was, or as it is saved now
	 */
	async retryExecution(id: string, entry: RetryEntry = 'original'): Promise<string> {
		const body = { loadWorkflow: entry === 'currently saved' };
		const retried = await this.post(`/executions/${id}/retry`, body, { timeout: 0 });
		return String(asRecord(retried).id);
	}

	async stopExecution(id: string): Promise<void> {
		await this.post(`/executions/${id}/stop`, {});
	}

	/** The newest first; those that run or wait come before those that have ended. */
	async listExecutions(filter: ExecutionFilter = {}): Promise<ExecutionSummary[]> {
		const found: ExecutionSummary[] = [];
		let cursor: unknown;
		do {
			const params = { filter: JSON.stringify(filter), limit: 100, cursor };
			const page = asRecord(await this.get('/executions', { params }));
			found.push(...asArray(page.results).map(parseSummary));
			cursor = page.nextCursor ?? undefined;
		} while (cursor);
		return found;
	}

	/** The node types n8n has loaded whose names begin with the prefix (`<package>.`). */
	async nodeTypes(prefix = ''): Promise<INodeTypeDescription[]> {
		const types = await send(this.http, { url: '/types/nodes.json' });
		// Trusted to be what n8n's own types say.
		return (asArray(types) as INodeTypeDescription[]).filter(({ name }) => name.startsWith(prefix));
	}

	/**
	 * n8n answers a request to (de)activate first and does it afterwards: waits for that. Older
	 * versions do it first, and have no such status.
	 */
	private async publication(workflowId: string): Promise<Record<string, unknown>> {
		const path = `/rest/workflows/${workflowId}/publication-status`;
		return await poll(
			async () => {
				const validateStatus = (status: number) => status === 200 || status === 404;
				const answer = await this.http.get<unknown>(path, { validateStatus }).catch(explain);
				return answer.status === 404 ? {} : asRecord(asRecord(answer.data).data);
			},
			({ status }) => status !== 'in_progress',
		);
	}

	private async run(
		workflowId: string,
		name: string,
		chatSessionId?: string,
	): Promise<Record<string, unknown>> {
		// Older versions, up to 1.x, want the workflow with it.
		const workflowData = await this.get(`/workflows/${workflowId}`);
		const body = { workflowData, triggerToStartFrom: { name }, chatSessionId };
		return asRecord(await this.post(`/workflows/${workflowId}/run`, body));
	}

	private async manualTrigger(workflowId: string): Promise<string> {
		const { nodes } = asRecord(await this.get(`/workflows/${workflowId}`));
		const isManual = ({ type }: INode) => type === 'n8n-nodes-base.manualTrigger';
		const trigger = (asArray(nodes) as INode[]).find(isManual);
		if (!trigger) throw new Error('The workflow has no Manual Trigger: name a node to start from.');
		return trigger.name;
	}

	async get(path: string, options?: AxiosRequestConfig): Promise<unknown> {
		return await send(this.http, { ...options, url: `/rest${path}` });
	}

	async post(path: string, data: unknown, options?: AxiosRequestConfig): Promise<unknown> {
		return await send(this.http, { ...options, method: 'POST', url: `/rest${path}`, data });
	}

	async put(path: string, data: unknown): Promise<unknown> {
		return await send(this.http, { method: 'PUT', url: `/rest${path}`, data });
	}
}

function withCredentials(node: INode, credentials: Credential[]): INode {
	const references = { ...node.credentials };
	for (const [type, reference] of Object.entries(references)) {
		const all = credentials.filter((each) => each.type === type);
		const found = all.find(({ name }) => name === reference.name) ?? all[0];
		if (found) references[type] = { id: found.id, name: found.name };
	}
	return { ...node, credentials: references };
}

/** Resolves with the payload, which the REST API wraps into `data`, and static files and streams do not. */
async function send(http: AxiosInstance, request: AxiosRequestConfig): Promise<unknown> {
	const { data } = await http.request<unknown>(request).catch(explain);
	return Array.isArray(data) || typeof data === 'string' ? data : asRecord(data).data;
}

/** An error that shows what n8n answered, instead of a bare status. */
function explain(error: unknown): never {
	if (!isAxiosError(error)) throw error;
	const { config, response, message } = error;
	const answer = response ? `${response.status} ${JSON.stringify(response.data)}` : message;
	throw new Error(`n8n: ${config?.method?.toUpperCase()} ${config?.url} gave ${answer}`);
}

/** Null for how older versions, up to 2.20 or so, answer for an execution that has only begun. */
function nullIfNotStoredYet(error: Error): null {
	if (error.message.includes("reading 'resultData'")) return null;
	throw error;
}

function asArray(value: unknown): unknown[] {
	if (!Array.isArray(value)) throw new Error(`n8n answered ${brief(value)} instead of a list.`);
	return value;
}
