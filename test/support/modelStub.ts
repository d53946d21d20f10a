/**
 * A language model that any agent can talk to in OpenAI's way, with no intelligence at all: it calls
 * the first tool that it is offered with the user's words, as often as it is told to, and then answers
 * with what the tool gave.
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
	stream?: boolean;
}

export interface ModelStub {
	/** The base URL for the client, without a slash at the end. */
	url: string;
	/** What the tools were described as, and what they gave, as the model has seen it. */
	requests: ChatRequest[];
	/** How often it calls the tool before it answers. */
	calls: number;
	/** What it answers to everything, if it is to call no tool. */
	answer?: string;
	close(): Promise<void>;
}

export async function startModelStub(): Promise<ModelStub> {
	const stub: Omit<ModelStub, 'url' | 'close'> = { requests: [], calls: 1 };
	const app = Fastify({ forceCloseConnections: true });
	app.post<{ Body: ChatRequest }>('/v1/chat/completions', ({ body }, reply) => {
		stub.requests.push(body);
		const whole = completion(body, stub);
		if (!body.stream) return whole;
		return reply.type('text/event-stream').send(`${asEvent(whole)}data: [DONE]\n\n`);
	});
	const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/v1`;
	return Object.assign(stub, { url, close: async () => await app.close() });
}

/** Some clients want the answer piece by piece: it comes in one. */
function asEvent({ choices: [{ message, ...choice }], ...whole }: Completion): string {
	const piece = {
		...whole,
		object: 'chat.completion.chunk',
		choices: [{ ...choice, delta: message }],
	};
	return `data: ${JSON.stringify(piece)}\n\n`;
}

interface Completion extends Record<string, unknown> {
	choices: [Answer & { index: number }];
}

interface Answer {
	finish_reason: string;
	message: object;
}

function completion(
	request: ChatRequest,
	{ calls, answer }: Pick<ModelStub, 'calls' | 'answer'>,
): Completion {
	const results = request.messages.filter(({ role }) => role === 'tool');
	const next = () =>
		results.length < calls ? calling(request) : saying(`The tool says: ${results.at(-1)!.content}`);
	const message = answer === undefined ? next() : saying(answer);
	return {
		id: 'completion',
		object: 'chat.completion',
		created: 0,
		model: request.model,
		choices: [{ index: 0, ...message }],
		usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
	};
}

function saying(content: string): Answer {
	return { finish_reason: 'stop', message: { role: 'assistant', content } };
}

/** Gives the user's words for every parameter that the tool leaves to the model. */
function calling(request: ChatRequest): Answer {
	const [tool] = request.tools ?? [];
	if (!tool) throw new Error('The agent offers no tool.');
	const words = request.messages.filter(({ role }) => role === 'user').at(-1)?.content;
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
			tool_calls: [
				{ index: 0, id: `call-${request.messages.length}`, type: 'function', function: call },
			],
		},
	};
}
