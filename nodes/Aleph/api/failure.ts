/** How a request to the API can fail, as one type that the rest of the package decides on. */

export type FailureKind =
	/** 401, 403: the key is missing, wrong or not allowed. */
	| 'credential'
	/** 402: the account has too few credits. */
	| 'credits'
	/** 433: the key is over its own quota. */
	| 'quota'
	/** 404 and the like: no such endpoint. */
	| 'notFound'
	/** 422 and other 4xx: the parameters were refused. */
	| 'parameters'
	/** 422 `recordInfo is null`: the API does not know the task, or not yet. */
	| 'unknownTask'
	/** 429: refused, not queued. */
	| 'rateLimit'
	/** 451: it could not fetch the video or the image. */
	| 'media'
	/** 455: refused, under maintenance. */
	| 'maintenance'
	/** 408: what is behind the API was busy for ten minutes. */
	| 'busy'
	/** 505: this feature is switched off. */
	| 'switchedOff'
	/** 550: connection denied. */
	| 'denied'
	/** Other 5xx. */
	| 'server'
	/** 403 with a page instead of an envelope: not the API, but what stands in front of it. */
	| 'firewall'
	/** The request never got there. */
	| 'unreachable'
	/** The request went out, and no answer came back. */
	| 'cut'
	/** An answer that is not of this API. */
	| 'notTheApi'
	/** A file did not get to the provider. */
	| 'upload'
	/** The credential has no address for uploads. */
	| 'noUpload'
	/** The account has fewer credits than the user wants to keep. */
	| 'keepCredits'
	/** Nothing to do with the API: n8n could not do what was needed. */
	| 'local';

/** The request was refused and nothing was started: it may be sent again as it is. */
const REFUSED_FOR_NOW: readonly FailureKind[] = ['rateLimit', 'maintenance'];

/** Asking again may help. */
const PASSING: readonly FailureKind[] = [
	...REFUSED_FOR_NOW,
	'busy',
	'server',
	'unreachable',
	'cut',
];

/** The API may have acted on the request although it did not say so. */
const OPEN: readonly FailureKind[] = ['busy', 'server', 'cut', 'notTheApi'];

/** Every other request of the same account would fail alike. */
const OF_THE_ACCOUNT: readonly FailureKind[] = ['credential', 'credits', 'quota', 'switchedOff'];

export class ApiFailure extends Error {
	/**
	 * @param code the `code` of the envelope or the HTTP status; null where no answer came
	 * @param reason what the API, or the network, said
	 * @param retryAfter milliseconds that the API asks to wait, if it does
	 * @param credits how many are left, where there were too few
	 */
	constructor(
		readonly kind: FailureKind,
		readonly code: number | null,
		readonly reason: string,
		readonly retryAfter: number | null = null,
		readonly credits?: number,
	) {
		super(`${kind}: ${reason}`);
	}

	get isRefusedForNow() {
		return REFUSED_FOR_NOW.includes(this.kind);
	}

	get isPassing() {
		return PASSING.includes(this.kind);
	}

	get leavesOpen() {
		return OPEN.includes(this.kind);
	}

	get isOfTheAccount() {
		return OF_THE_ACCOUNT.includes(this.kind);
	}
}

/** Narrows what a call of the API has thrown. Anything else is not ours to explain: thrown on. */
export function asFailure(error: unknown): ApiFailure {
	if (error instanceof ApiFailure) return error;
	throw error;
}
