/** Each promise in the docs quotes the tests that prove it, by the names that they have. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

const DOCS = resolve(__dirname, '../../docs');

const page = (name: string) => readFileSync(resolve(DOCS, name), 'utf8');

const promised = page('promises.md').split('## Not promised')[0]!;
const advised = page('when-something-failed.md').split('## Tests')[1]!;

/** The lines of each promise: itself, and one for each test. */
const promises = [promised, advised]
	.join('\n')
	.split('\n')
	.filter((line) => /^ *- /.test(line))
	.join('\n')
	.split(/\n(?=- )/)
	.map((promise) => promise.split('\n'));

/** `  - [unit/line](../test/unit/line.test.ts): "a line goes on after a request that failed"` */
const PROOF = /^ {2}- \[(.+)\]\((.+)\): "(.+)"$/;

function isThere(proof: string): boolean {
	const [, title, file, name] = PROOF.exec(proof) ?? [];
	if (!file || !name || file !== `../test/${title}.test.ts`) return false;
	const path = resolve(DOCS, file);
	return existsSync(path) && namesIn(path).has(name);
}

/** The name of each test, also after those of the groups that it is in. */
function namesIn(file: string): Set<string> {
	const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
	const names = new Set<string>();
	const visit = (node: ts.Node, groups: string[]): void => {
		const title = titleOf(node, source);
		const path = title ? [...groups, title] : groups;
		if (title) path.forEach((_, depth) => names.add(path.slice(depth).join(' ')));
		ts.forEachChild(node, (child) => visit(child, path));
	};
	visit(source, []);
	return names;
}

/** What `it('...')`, `describe.each([...])('...')` and the like are called. */
function titleOf(node: ts.Node, source: ts.SourceFile): string | undefined {
	if (!ts.isCallExpression(node)) return undefined;
	const [title] = node.arguments;
	const isTest = /^(it|describe)\b/.test(node.expression.getText(source));
	return isTest && title && ts.isStringLiteralLike(title) ? title.text : undefined;
}

it.each(promises)('%s', (_promise, ...proofs) => {
	expect(proofs).not.toEqual([]);
	expect(proofs.filter((proof) => !isThere(proof))).toEqual([]);
});
