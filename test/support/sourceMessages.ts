/** The messages that users may read, as they stand in the source. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');

/** All that is shipped. */
const FILES = ['credentials', 'nodes'].flatMap((folder) =>
	readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
		.map((name) => path.join(ROOT, folder, name)),
);

/** Functions that take a message, and after it what to do. */
const CALLS = ['refuse', 'inputError', 'NodeOperationError'];

/** Each message, with an ellipsis for what differs from case to case. */
export function messagesOfSource(): string[] {
	return [...new Set(FILES.flatMap(messagesOf))];
}

/** What callbacks are answered, and what the test of the credential says. */
export function otherTexts(): string[] {
	return FILES.flatMap((file) => {
		const text = readFileSync(file, 'utf8');
		return [...text.matchAll(/(?:msg: |refusal\(\s*\w+,\s*)'([^']+)'/g)].map(([, found]) => found!);
	});
}

/** Whether a text is this message, whatever stands for the ellipses. */
export function isMessage(message: string, text: string): boolean {
	const parts = message.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${parts.join('.*')}$`).test(text);
}

function messagesOf(file: string): string[] {
	const text = readFileSync(file, 'utf8');
	const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
	const found: string[] = [];
	const visit = (node: ts.Node): void => {
		found.push(...textsIn(node));
		ts.forEachChild(node, visit);
	};
	visit(source);
	// Others are parts of a sentence.
	return found.filter((message) => /^["A-Z]/.test(message));
}

function textsIn(node: ts.Node): string[] {
	if (ts.isObjectLiteralExpression(node)) {
		const [message, description] = ['message', 'description'].map((name) =>
			node.properties.find((property) => property.name?.getText() === name),
		);
		return description && message && ts.isPropertyAssignment(message)
			? textOf(message.initializer)
			: [];
	}
	if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
		const message = node.arguments?.at(-2);
		return message && CALLS.includes(node.expression.getText()) ? textOf(message) : [];
	}
	return ts.isReturnStatement(node) && node.expression ? textOf(node.expression) : [];
}

function textOf(node: ts.Expression): string[] {
	if (ts.isStringLiteralLike(node)) return [node.text];
	if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(textOf);
	if (!ts.isTemplateExpression(node)) return [];
	return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
}
