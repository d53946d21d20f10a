/** The OpenAPI files at run time: what validates requests here, and answers in the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

interface Contract {
	paths: Record<string, Record<string, { responses: Record<string, object> }>>;
	components: { schemas: Record<string, object> };
}

/** What is wrong with one value of a body. */
export interface Issue {
	path: string[];
	message: string;
}

// An OpenAPI file is more than a JSON Schema, which the strict mode would not have.
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));

const CONTRACTS = Object.entries({ kie: 'aleph.openapi.yaml', runway: 'runway.openapi.yaml' }).map(
	([id, file]) => {
		const contract = parse(readFileSync(join(__dirname, file), 'utf8')) as Contract;
		ajv.addSchema(contract, id);
		return { id, ...contract };
	},
);

/** What is wrong with the value; nothing if it fits the named schema of one of the files. */
export function issuesOf(schema: string, value: unknown): Issue[] {
	const contract = CONTRACTS.find(({ components }) => schema in components.schemas);
	return check(String(contract?.id), ['components', 'schemas', schema], value);
}

export function inWords(issues: Issue[]): string {
	return issues.map(({ path, message }) => `${path.join('/') || 'it'} ${message}`).join(', ');
}

/** As `issuesOf`, in words; empty if it fits. */
export function faultsOf(schema: string, value: unknown): string {
	return inWords(issuesOf(schema, value));
}

/** What is wrong with an answer of an API; empty if it fits, or if the route is in no file. */
export function answerFaults(
	method: string,
	path: string,
	{ status, contentType, body }: { status: number; contentType: string; body: unknown },
): string {
	const verb = method.toLowerCase();
	for (const { id, paths } of CONTRACTS) {
		const template = Object.keys(paths).find((each) => matches(each, path));
		const operation = template && paths[template]?.[verb];
		if (!operation) continue;
		const name = [String(status), `${String(status)[0]}XX`, 'default'].find(
			(candidate) => candidate in operation.responses,
		);
		const response = name && operation.responses[name];
		if (!response) return `status ${status} is not described`;
		const place =
			'$ref' in response
				? String(response.$ref).split('/').slice(1)
				: ['paths', template, verb, 'responses', name];
		const isEmpty = !('$ref' in response) && !('content' in response);
		if (isEmpty) return body === '' ? '' : 'there is a body';
		return inWords(check(id, [...place, 'content', contentType, 'schema'], body));
	}
	return '';
}

function matches(template: string, path: string): boolean {
	return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

function check(contract: string, place: string[], value: unknown): Issue[] {
	const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
	const id = `${contract}#/${pointer}`;
	const validate: ValidateFunction | undefined = ajv.getSchema(id);
	if (!validate) return [{ path: [id], message: 'is not described' }];
	return validate(value) ? [] : (validate.errors ?? []).map(issueOf);
}

function issueOf({ keyword, params, instancePath, message }: ErrorObject): Issue {
	const path = instancePath.split('/').slice(1);
	if (keyword === 'required') {
		return { path: [...path, String(params.missingProperty)], message: 'is required' };
	}
	const choices = keyword === 'enum' ? `: ${(params.allowedValues as unknown[]).join(', ')}` : '';
	return { path, message: `${message ?? 'is wrong'}${choices}` };
}
