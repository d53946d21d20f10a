/** How a request to the API can fail, as one type that the rest of the package decides on. */

export type ApiErrorKind =
	/** The key is missing, wrong or not allowed. */
	| 'credential'
	/** n8n could not read the credential. */
	| 'noCredential'
	/** The credential has become one of another provider. */
	| 'otherProvider'
	/** The account has too few credits. */
	| 'credits'
	/** The account has fewer credits than the user wants to keep, or nobody can tell how many. */
	| 'keepCredits'
	/** The key is over its own limit. */
	| 'quota'
	/** There is no such endpoint. */
	| 'notFound'
	/** The parameters were refused. */
	| 'parameters'
	/** The API does not know the task, or not yet. */
	| 'unknownTask'
	/** Too many requests: refused, not queued. */
	| 'rateLimit'
	/** The account has used up what it may start in a day. */
	| 'dailyLimit'
	/** The API could not fetch the video or an image. */
	| 'media'
	/** Refused, under maintenance. */
	| 'maintenance'
	/** What is behind the API is busy. */
	| 'busy'
	/** The provider has switched this feature off. */
	| 'switchedOff'
	/** The provider does not offer the model, or not to this account. */
	| 'noModel'
	/** The provider does not serve the region of this account or server. */
	| 'region'
	/** The connection was denied. */
	| 'denied'
	/** An error of the server. */
	| 'server'
	/** A web page instead of an answer: not the API, but what stands in front of it. */
	| 'firewall'
	/** The request never got there. */
	| 'unreachable'
	/** The request went out, and no answer came back. */
	| 'interrupted'
	/** An answer that is not of this API. */
	| 'notTheApi'
	/** A file did not get to the provider. */
	| 'upload'
	/** The credential has no address for uploads. */
	| 'noUpload'
	/** The host of a result does not give the file. */
	| 'noFile'
	/** The provider cannot cancel. */
	| 'noCancel';

/** What can be stored of an error, as plain JSON. */
export interface ApiErrorData {
	kind: ApiErrorKind;
	/** The API's code or the HTTP status; null if no answer came. */
	code: number | null;
	/** What the API, or the network, said. */
	reason: string;
	/** How many credits are left, if there were too few. */
	credits?: number;
}

interface Details {
	/** Milliseconds that the API asks to wait. */
	retryAfter?: number;
	/** The API says itself whether the same request may be sent again. */
	shouldRetry?: boolean;
	credits?: number;
	/** Was not sent, as the API has refused another one a moment ago. */
	isHeldBack?: boolean;
	cause?: unknown;
}

/** The request was refused and nothing was started: it may be sent again as it is. */
const THROTTLED: readonly ApiErrorKind[] = ['rateLimit', 'dailyLimit', 'maintenance'];

/** Nothing was sent. */
const NOT_SENT: readonly ApiErrorKind[] = ['unreachable', 'noCredential', 'otherProvider'];

/** Asking again may help. */
const TRANSIENT: readonly ApiErrorKind[] = [
	...THROTTLED,
	...NOT_SENT,
	'busy',
	'server',
	'interrupted',
];

/** The API may have acted on the request although it did not say so. */
const AMBIGUOUS: readonly ApiErrorKind[] = ['busy', 'server', 'interrupted', 'notTheApi'];

/** Every other request of the same account would fail alike. */
const OF_THE_ACCOUNT: readonly ApiErrorKind[] = [
	'credential',
	'credits',
	'quota',
	'switchedOff',
	'noModel',
	'region',
];

export class ApiError extends Error {
	readonly retryAfter?: number;

	readonly credits?: number;

	readonly isHeldBack: boolean;

	private readonly shouldRetry?: boolean;

	/**
	 * @param code the API's code or the HTTP status; null if no answer came
	 * @param reason what the API, or the network, said
	 */
	constructor(
		readonly kind: ApiErrorKind,
		readonly code: number | null,
		readonly reason: string,
		{ retryAfter, shouldRetry, credits, isHeldBack = false, cause }: Details = {},
	) {
		super(`${kind}: ${reason}`, { cause });
		this.retryAfter = retryAfter;
		this.credits = credits;
		this.isHeldBack = isHeldBack;
		this.shouldRetry = shouldRetry;
	}

	get isThrottled() {
		return THROTTLED.includes(this.kind);
	}

	get isNotSent() {
		return NOT_SENT.includes(this.kind);
	}

	get isTransient() {
		return this.shouldRetry ?? TRANSIENT.includes(this.kind);
	}

	get isAmbiguous() {
		return AMBIGUOUS.includes(this.kind);
	}

	/** Somebody on the way leads elsewhere, which is no refusal by the API. */
	get isRedirect() {
		return this.code !== null && this.code >= 300 && this.code < 400;
	}

	get isAccountError() {
		return OF_THE_ACCOUNT.includes(this.kind);
	}

	toJSON(): ApiErrorData {
		const { kind, code, reason, credits } = this;
		return credits === undefined ? { kind, code, reason } : { kind, code, reason, credits };
	}
}

/** Narrows what a call of the API has thrown. Anything else is not ours to explain: thrown on. */
export function asApiError(error: unknown): ApiError {
	if (error instanceof ApiError) return error;
	throw error;
}
