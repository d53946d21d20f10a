/** The messages that users may read, as they stand in the source. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');

/** All that is shipped. */
const FILES = ['credentials', 'nodes'].flatMap((folder) =>
	readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
		.map((name) => path.join(ROOT, folder, name))
		.sort(),
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

/** Variables and functions that hold or give some, for another place to show. */
const GIVERS = ['message', 'messageOf', 'problem', 'wrongKey'];

/** Each message once, with an ellipsis for what differs from case to case. */
export function messagesOfSource(): string[] {
	return [...new Set(FILES.flatMap(messagesOf))];
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
		found.push(...messagesAt(node));
		ts.forEachChild(node, visit);
	};
	visit(source);
	// Others are parts of a sentence, or hold nothing but what differs.
	return found.filter((message) => /^(n8n|["A-Z…]).*[a-z]{2}/.test(message));
}

function messagesAt(node: ts.Node): string[] {
	if (ts.isPropertyAssignment(node)) {
		return PROPERTIES.includes(node.name.getText()) ? textsOf(node.initializer) : [];
	}
	if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
		const position = TAKERS[node.expression.getText()];
		const message = position === undefined ? undefined : node.arguments?.[position];
		return message ? textsOf(message) : [];
	}
	const isGiver = ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node);
	return isGiver && GIVERS.includes(node.name?.getText() ?? '') ? textsWithin(node) : [];
}

/** All texts in what a variable or function is made of. */
function textsWithin(node: ts.Node): string[] {
	const own = ts.isExpression(node) ? textsOf(node) : [];
	const found = own.length > 0 ? own : [];
	if (own.length === 0) ts.forEachChild(node, (child) => void found.push(...textsWithin(child)));
	return found;
}

function textsOf(node: ts.Expression): string[] {
	if (ts.isStringLiteralLike(node)) return [node.text];
	if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(textsOf);
	if (!ts.isTemplateExpression(node)) return [];
	return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
}
