/** What a credential says: which API, where it is, and the lines of its account. */
import { createHash } from 'crypto';
import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';
import { aleph } from './aleph';
import type { Dialect } from './dialect';
import { jobs } from './jobs';
import { linesOf, type AccountLines } from './line';

/** Where n8n runs our code: for the items of a run, or for a callback. */
export type NodeFunctions = IExecuteFunctions | IWebhookFunctions;

/** The API as one credential sees it, for one run of a node. */
export interface Api {
	functions: NodeFunctions;
	baseUrl: string;
	/** Empty where the provider has no upload. */
	uploadUrl: string;
	/** What callbacks are signed with, if the account has set it. */
	webhookHmacKey?: string;
	dialect: Dialect;
	/** Tells accounts apart without showing the key. */
	account: string;
	/** Tells runs apart in the lines of the account. */
	owner: symbol;
	lines: AccountLines;
	/** Takes the key out of a text. */
	redact: (text: string) => string;
	signal?: AbortSignal;
}

export const DIALECTS = { aleph, jobs };

interface Credential {
	apiKey: string;
	baseUrl: string;
	/** Absent in credentials that were saved before there was a choice. */
	api?: keyof typeof DIALECTS;
	uploadUrl?: string;
	webhookHmacKey?: string;
}

export async function connect(functions: NodeFunctions): Promise<Api> {
	const credential = await functions.getCredentials<Credential>('alephApi');
	const { api = 'aleph', webhookHmacKey, uploadUrl = '' } = credential;
	// As n8n sends it, and the API may repeat it.
	const apiKey = credential.apiKey.trim();
	const baseUrl = asBaseUrl(credential.baseUrl);
	const account = createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('hex');
	return {
		functions,
		baseUrl,
		uploadUrl: asBaseUrl(uploadUrl),
		webhookHmacKey: webhookHmacKey || undefined,
		dialect: DIALECTS[api],
		account,
		owner: Symbol(functions.getExecutionId()),
		lines: linesOf(account),
		redact: (text) => withoutKey(text, apiKey),
		signal:
			'getExecutionCancelSignal' in functions ? functions.getExecutionCancelSignal() : undefined,
	};
}

/** As users may write it: without https://, or with a slash at the end. */
function asBaseUrl(text: string): string {
	const url = text.trim().replace(/\/+$/, '');
	return url === '' || url.includes('://') ? url : `https://${url}`;
}

/** Real keys are longer; a shorter one would take harmless words and numbers with it. */
const SHORTEST_KEY = 8;

function withoutKey(text: string, key: string): string {
	return key.length >= SHORTEST_KEY ? text.replaceAll(key, '*****') : text;
}
