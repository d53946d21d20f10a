/** The messages that users may read, as they stand in the source. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');

/** All that is shipped. */
const FILES = ['credentials', 'nodes']
	.flatMap((folder) =>
		readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
			.map((name) => path.join(ROOT, folder, name))
			.sort(),
	)
	.map((file) =>
		ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true),
	);

/** Functions that take a message, and as which of their arguments. */
const TAKERS: Record<string, number> = {
	beforeRun: 1,
	failed: 0,
	inputError: 1,
	InvalidInput: 0,
	NodeOperationError: 1,
};

/** Properties that hold one; `msg` is for the provider. */
const PROPERTIES = ['message', 'msg'];

/** Each message once, with an ellipsis for what differs from case to case. */
export function messagesOfSource(): string[] {
	const found = nodesOf(FILES).flatMap(messageAt).flatMap(textsFrom());
	// Others are parts of a sentence, or hold nothing but what differs.
	return [...new Set(found)].filter((message) => /^(n8n|["A-Z…]).*[a-z]{3}/.test(message));
}

/** The same for what is said below a message. */
export function descriptionsOfSource(): string[] {
	const shown = nodesOf(FILES).flatMap((node) => descriptionAt(node) ?? []);
	const found = shown.flatMap(textsFrom());
	return [...new Set(found)].filter((text) => /[a-z]{3}/.test(text));
}

/** Finds this text in others, whatever stands for the ellipses. */
export function patternOf(text: string): string {
	const parts = text.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	return parts.join('.*');
}

function nodesOf(roots: readonly ts.Node[]): ts.Node[] {
	return roots.flatMap((node) => [node, ...nodesOf(node.getChildren())]);
}

/** What is shown as a message here. */
function messageAt(node: ts.Node): ts.Expression[] {
	const held = PROPERTIES.flatMap((name) => propertyOf(node, name) ?? []);
	if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return held;
	const position = TAKERS[node.expression.getText()];
	return position === undefined ? [] : (node.arguments ?? []).slice(position, position + 1);
}

/** What is shown below one here. */
function descriptionAt(node: ts.Node): ts.Expression | undefined {
	if (propertyOf(node, 'message')) return propertyOf(node, 'description');
	if (!ts.isNewExpression(node)) return undefined;
	const [, advice, options] = node.arguments ?? [];
	switch (node.expression.getText()) {
		case 'InvalidInput':
			return advice;
		case 'NodeOperationError':
			return options && propertyOf(options, 'description');
		default:
			return undefined;
	}
}

/** The value of a property, if this is an object that has it. */
function propertyOf(node: ts.Node, name: string): ts.Expression | undefined {
	if (!ts.isObjectLiteralExpression(node)) return undefined;
	const property = node.properties.find((each) => each.name?.getText() === name);
	if (property && ts.isPropertyAssignment(property)) return property.initializer;
	return property && ts.isShorthandPropertyAssignment(property) ? property.name : undefined;
}

/**
 * Gives a function that finds the texts an expression may yield. It follows names to what is declared by
 * them, in whatever file: so no function that makes a message can be forgotten.
 */
function textsFrom(): (expression: ts.Expression) => string[] {
	const values = declaredValues();
	const seen = new Set<ts.Node>();
	const textsOf = (node: ts.Expression): string[] => {
		if (seen.has(node)) return [];
		seen.add(node);
		if (ts.isStringLiteralLike(node)) return [node.text];
		if (ts.isTemplateExpression(node)) {
			const rest = node.templateSpans.map(({ literal }) => `…${literal.text}`);
			return [node.head.text + rest.join('')];
		}
		if (ts.isIdentifier(node)) return (values.get(node.text) ?? []).flatMap(textsOf);
		return yieldedBy(node).flatMap(textsOf);
	};
	return textsOf;
}

/** The expressions whose value this one may have. */
function yieldedBy(node: ts.Expression): ts.Expression[] {
	if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
	if (ts.isBinaryExpression(node)) return [node.left, node.right];
	if (ts.isObjectLiteralExpression(node)) {
		return node.properties.filter(ts.isPropertyAssignment).map(({ initializer }) => initializer);
	}
	if (ts.isArrowFunction(node)) return returnedBy(node.body);
	const isAround =
		ts.isParenthesizedExpression(node) ||
		ts.isNonNullExpression(node) ||
		ts.isAsExpression(node) ||
		ts.isElementAccessExpression(node) ||
		ts.isCallExpression(node);
	return isAround ? [node.expression] : [];
}

/** What a function of this body may return. */
function returnedBy(body: ts.ConciseBody): ts.Expression[] {
	if (!ts.isBlock(body)) return [body];
	return nodesOf([body])
		.filter(ts.isReturnStatement)
		.flatMap(({ expression }) => expression ?? []);
}

/** By name: what variables hold, and what functions return. */
function declaredValues(): Map<string, ts.Expression[]> {
	const values = new Map<string, ts.Expression[]>();
	for (const node of nodesOf(FILES)) {
		const isVariable = ts.isVariableDeclaration(node) || ts.isBindingElement(node);
		if (!isVariable && !ts.isFunctionDeclaration(node)) continue;
		const name = node.name?.getText() ?? '';
		const given = isVariable ? [node.initializer ?? []].flat() : returnedBy(node.body!);
		values.set(name, [...(values.get(name) ?? []), ...given]);
	}
	return values;
}
