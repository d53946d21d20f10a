/** Runs the node on a server that answers as it is told, and looks at what every run has to give. */
import fc from 'fast-check';
import type { IBinaryKeyData, IDataObject, INodeParameters, OnError } from 'n8n-workflow';
import { runNode, type Result } from '../engine';
import { expectFields, text } from './fields';
import { startHostileServer, type Answers, type API_PATHS, type HostileServer } from './server';

/** The same answers in each run, unless another seed is given to look for more. */
export const SEED = Number(process.env.HOSTILE_SEED ?? 1);

export let server: HostileServer;

/** Where a redirect leads. */
export let elsewhere: HostileServer;

export function useHostileServers(): void {
	beforeAll(async () => {
		server = await startHostileServer();
		elsewhere = await startHostileServer();
	});
	afterAll(async () => {
		await server.close();
		await elsewhere.close();
	});
}

/** By the fast clock: 100 seconds by the wall, which the limits of requests go by. */
const PATIENCE_MS = 800_000;

/** Holds each answer against a property, all at once, since a node that is refused mostly waits. */
export async function forEach<T>(
	arbitrary: fc.Arbitrary<T>,
	numRuns: number,
	property: (value: T) => Promise<void>,
): Promise<void> {
	const values = fc.sample(arbitrary, { seed: SEED, numRuns });
	const verdicts = await Promise.all(
		values.map(async (value) => {
			const late = new Promise<string>((resolve) => {
				setTimeout(resolve, PATIENCE_MS, `No end within ${PATIENCE_MS / 1000} s`).unref();
			});
			const held = property(value).then(
				() => null,
				(error: Error) => error.message,
			);
			return { value: JSON.stringify(value), complaint: await Promise.race([held, late]) };
		}),
	);
	const refuted = verdicts
		.filter(({ complaint }) => complaint !== null)
		.sort((one, other) => one.value.length - other.value.length);
	const [shortest] = refuted;
	if (!shortest) return;
	const count = `${refuted.length} of ${numRuns} with seed ${SEED}`;
	throw new Error(
		`${count}, such as ${shortest.value.slice(0, 2_000)}\n${shortest.complaint?.slice(0, 2_000)}`,
	);
}

interface Run extends Result {
	apiKey: string;
	requests: (path: string) => number;
}

/** In all keys of these tests, and in nothing else. */
export const KEY = 'key-of-a-hostile-test';

let accounts = 0;

interface Circumstances {
	/** How often an answer is given; afterwards the server says 404. */
	times?: number;
	onError?: OnError;
	binary?: IBinaryKeyData;
	/** That of an account of its own unless given. */
	apiKey?: string;
	baseUrl?: string;
	api?: keyof typeof API_PATHS;
}

/** Runs the node once, for an account that is answered so. */
export async function run(
	parameters: INodeParameters,
	answers: Answers,
	{
		times,
		onError,
		binary,
		apiKey = `${KEY}-${++accounts}`,
		baseUrl = server.url,
		api = 'aleph',
	}: Circumstances = {},
): Promise<Run> {
	server.answer(apiKey, answers, times);
	const result = await runNode({
		parameters,
		binary,
		credential: { provider: 'custom', api, apiKey, baseUrl, uploadUrl: server.url },
		settings: { onError },
	});
	expectItemOrError(result);
	expect(JSON.stringify(result.run)).not.toContain(KEY);
	return { ...result, apiKey, requests: (path) => server.requests(apiKey, path) };
}

function expectItemOrError({ error, items, errorItems }: Result): void {
	if (error) {
		expect(error.name).toMatch(/^Node(Api|Operation)Error$/);
		expectFields({ message: error.message, description: error.description }, WORDS);
		return;
	}
	expect(items.concat(errorItems)).toHaveLength(1);
	const { json } = items.concat(errorItems)[0]!;
	expect(undefinedIn(json)).toEqual([]);
	if (isError(json)) expect([json.error, json.errorMessage].every(text)).toBe(true);
}

function isError(json: IDataObject): boolean {
	return 'error' in json && 'errorMessage' in json;
}

/** The one item, unless it has become an error. */
export function itemOf({ items }: Result): IDataObject | null {
	const [item] = items;
	return item && !isError(item.json) ? item.json : null;
}

const WORDS = { message: text, description: text };

/** Where in a value there is `undefined`, which no JSON can hold. */
function undefinedIn(value: unknown, path = 'json'): string[] {
	if (value === undefined) return [path];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([name, part]) => undefinedIn(part, `${path}.${name}`));
}
