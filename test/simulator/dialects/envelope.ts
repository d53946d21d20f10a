/** The envelope of kie.ai and Apikley: the code of an answer is in its body. */
import { ApiError } from '../errors';
import type { components } from '../openapi';
import type { Settings } from '../settings';

type Done<Data> = components['schemas']['Done'] & { data: Data };

const REASONS: Record<number, string> = {
	401: 'You do not have access permissions, please check your API key',
	402: 'The account has not enough credits',
	404: 'Not found',
	408: 'The upstream service is busy, please try again later',
	422: 'The parameters were refused',
	429: 'Too many requests, this one was not queued',
	430: 'The call frequency is too high, please try again later',
	433: 'The key is over its quota',
	451: 'The video or image could not be fetched',
	455: 'The service is under maintenance, please try again later',
	500: 'Internal error, please try again later',
	501: 'Generation failed',
	505: 'This feature is switched off',
	550: 'Connection denied',
	4030: 'Not supported in the current region',
};

export function done<Data>(data: Data): Done<Data> {
	return { code: 200, msg: 'success', data };
}

export function modelGone(): ApiError {
	return new ApiError(
		422,
		'The model name you specified is not supported. Please check the list of models.',
	);
}

export function envelopeError(error: ApiError, settings: Settings) {
	const { code, message } = settings.disguiseRefusals ? dressed(error) : error;
	return {
		status: settings.errorStyle === 'status' && code < 600 ? code : 200,
		body: { code, msg: message || (REASONS[code] ?? `Error ${code}`), data: null },
	};
}

/** kie.ai refuses some requests as if the server had failed: only the text tells. */
function dressed({ code, message, issues }: ApiError): Pick<ApiError, 'code' | 'message'> {
	if (code === 402) return { code: 500, message: 'Credits insufficient, please top up' };
	const [issue] = issues;
	if (!issue) return { code, message };
	const reason =
		issue.message === 'is required' ? issue.message : 'is not within the range of allowed options';
	return { code: 500, message: `${issue.path.at(-1) ?? 'body'} ${reason}` };
}
