/**
 * A language model that any agent can talk to in OpenAI's way, with no intelligence at all: it calls
 * the one tool that it is offered with the user's words, and then answers with what the tool gave.
 */
import Fastify from 'fastify';

interface Message {
	role: 'system' | 'user' | 'assistant' | 'tool';
	content: string;
}

interface Tool {
	function: { name: string; parameters: { properties: Record<string, unknown> } };
}

interface ChatRequest {
	model: string;
	messages: Message[];
	tools?: Tool[];
}

export interface ModelStub {
	/** The base URL for the client, without a slash at the end. */
	url: string;
	/** What the tools were described as, and what they gave, as the model has seen it. */
	requests: ChatRequest[];
	close(): Promise<void>;
}

export async function startModelStub(): Promise<ModelStub> {
	const requests: ChatRequest[] = [];
	const app = Fastify({ forceCloseConnections: true });
	app.post<{ Body: ChatRequest }>('/v1/chat/completions', ({ body }) => {
		requests.push(body);
		return completion(body);
	});
	const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/v1`;
	return { url, requests, close: async () => await app.close() };
}

function completion(request: ChatRequest): object {
	const toolResult = lastOf('tool', request);
	const message = toolResult ? saying(toolResult.content) : calling(request);
	return {
		id: 'completion',
		object: 'chat.completion',
		created: 0,
		model: request.model,
		choices: [{ index: 0, ...message }],
		usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
	};
}

function saying(result: string): object {
	const content = `The tool says: ${result}`;
	return { finish_reason: 'stop', message: { role: 'assistant', content } };
}

/** Gives the user's words for every parameter that the tool leaves to the model. */
function calling(request: ChatRequest): object {
	const [tool] = request.tools ?? [];
	if (!tool) throw new Error('The agent offers no tool.');
	const words = lastOf('user', request)?.content;
	const names = Object.keys(tool.function.parameters.properties);
	const call = {
		name: tool.function.name,
		arguments: JSON.stringify(Object.fromEntries(names.map((name) => [name, words]))),
	};
	return {
		finish_reason: 'tool_calls',
		message: {
			role: 'assistant',
			content: null,
			tool_calls: [{ id: 'call', type: 'function', function: call }],
		},
	};
}

function lastOf(role: Message['role'], { messages }: ChatRequest): Message | undefined {
	return messages.filter((message) => message.role === role).at(-1);
}
