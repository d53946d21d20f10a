/** The API's OpenAPI file at run time: what validates requests here, and answers in the tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const FILE = join(__dirname, '../../nodes/Aleph/api/aleph.openapi.yaml');

interface Operation {
	responses: Record<string, object>;
}

const contract = parse(readFileSync(FILE, 'utf8')) as {
	paths: Record<string, Record<string, Operation>>;
};

// An OpenAPI file is more than a JSON Schema, which the strict mode would not have.
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema(contract, 'contract');

/** What is wrong with the value, in words; empty if it fits the named schema. */
export function faultsOf(schema: string, value: unknown): string {
	return check(['components', 'schemas', schema], value);
}

/** What is wrong with an answer of the API; empty if it fits, or if the route is not in the file. */
export function answerFaults(
	method: string,
	path: string,
	answer: { status: number; contentType: string; body: unknown },
): string {
	const operation = contract.paths[path]?.[method.toLowerCase()];
	if (!operation) return '';
	const { status, contentType, body } = answer;
	const name = [String(status), `${String(status)[0]}XX`, 'default'].find(
		(candidate) => candidate in operation.responses,
	);
	if (name === undefined) return `status ${status} is not described`;
	const response = operation.responses[name];
	const place =
		response && '$ref' in response
			? String(response.$ref).split('/').slice(1)
			: ['paths', path, method.toLowerCase(), 'responses', name];
	return check([...place, 'content', contentType, 'schema'], body);
}

function check(place: string[], value: unknown): string {
	const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
	const id = `contract#/${pointer}`;
	const validate: ValidateFunction | undefined = ajv.getSchema(id);
	if (!validate) return `${id} is not described`;
	return validate(value) ? '' : (validate.errors ?? []).map(inWords).join(', ');
}

function inWords({ keyword, params, instancePath, message }: ErrorObject): string {
	const name = instancePath.slice(1);
	if (keyword === 'required') {
		return `${[name, params.missingProperty].filter(Boolean).join('/')} is required`;
	}
	const choices = keyword === 'enum' ? `: ${(params.allowedValues as unknown[]).join(', ')}` : '';
	return `${name || 'it'} ${message ?? 'is wrong'}${choices}`;
}
