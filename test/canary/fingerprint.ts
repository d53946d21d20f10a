/** A fingerprint of one function in JavaScript source: of its tokens, whatever its layout and comments. */
import { createHash } from 'node:crypto';
import ts from 'typescript';

/**
 * @param name of a function, or of a class and its method: `Class.method`
 * @returns null if the source does not have it
 */
export function fingerprintOf(source: string, name: string): string | null {
	const file = ts.createSourceFile('source.js', source, ts.ScriptTarget.Latest, true);
	const found = name
		.split('.')
		.reduce<ts.Node | undefined>((scope, part) => scope && findNamed(scope, part), file);
	if (!found) return null;
	return createHash('sha256').update(tokensOf(found).join(' ')).digest('hex');
}

/** The function or class of that name within the scope, or its method. */
function findNamed(scope: ts.Node, name: string): ts.Node | undefined {
	const find = (node: ts.Node): ts.Node | undefined =>
		isNamed(node, name) ? node : ts.forEachChild(node, find);
	return ts.forEachChild(scope, find);
}

function isNamed(node: ts.Node, name: string): boolean {
	const hasBody = ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
	return (hasBody || ts.isClassLike(node)) && node.name?.getText() === name;
}

function tokensOf(node: ts.Node): string[] {
	const children = node.getChildren().filter((child) => !ts.isJSDoc(child));
	return children.length === 0 ? [node.getText()] : children.flatMap(tokensOf);
}
