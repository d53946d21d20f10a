/**
 * What the simulator can be told: one table that gives the type, the defaults and the help text
 * of every setting, and reads it from a flag, from a directive in a prompt, or from JSON.
 */

export interface Range {
	min: number;
	max: number;
}

type Read<T> = (value: unknown) => T;

interface Setting<T> {
	initial: T;
	help: string;
	read: Read<T>;
}

function setting<T>(initial: NoInfer<T>, help: string, read: Read<T>): Setting<T> {
	return { initial, help, read };
}

const number: Read<number> = (value) => {
	const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (typeof found !== 'number' || !(found >= 0)) throw new Error('must be a number, 0 or more');
	return found;
};

const rate: Read<number> = (value) => {
	const found = number(value);
	if (found === 0) throw new Error('must be more than 0');
	return found;
};

const text: Read<string> = (value) => {
	if (typeof value !== 'string') throw new Error('must be a text');
	return value;
};

const numberOrRange: Read<number | Range> = (value) => {
	const bounds =
		typeof value === 'string'
			? /^([\d.]+)-([\d.]+)$/.exec(value)?.slice(1)
			: value !== null && typeof value === 'object' && 'min' in value && 'max' in value
				? [value.min, value.max]
				: undefined;
	return bounds ? { min: number(bounds[0]), max: number(bounds[1]) } : number(value);
};

const fault: Read<string> = (value) => {
	if (!/^(cut|html|hang|[45]\d\d)$/.test(String(value))) {
		throw new Error('must be made of cut, html, hang, or codes such as 500');
	}
	return String(value);
};

function oneOf<const T extends string | number | boolean>(...choices: T[]): Read<T> {
	return (value) => {
		const found = choices.find((choice) => String(choice) === String(value));
		if (found === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
		return found;
	};
}

const yesOrNo = oneOf<boolean>(true, false);

function orNull<T>(read: Read<T>): Read<T | null> {
	return (value) => (value === null || value === '' || value === 'null' ? null : read(value));
}

function list<T>(read: Read<T>): Read<T[]> {
	return (value) => {
		if (Array.isArray(value)) return value.map(read);
		return text(value).split(',').filter(Boolean).map(read);
	};
}

const CODES = [
	...[400, 401, 402, 403, 404, 408, 422, 429, 430, 433, 451, 455],
	...[500, 501, 502, 503, 504, 505, 550, 4030],
];

const TABLE = {
	apis: setting(
		'all',
		'all, aleph, jobs, runway: what is switched on; the others answer 505, Runway 403',
		oneOf('all', 'aleph', 'jobs', 'runway'),
	),
	duration: setting(
		5,
		'seconds a task runs once it has a slot; a range such as 3-6 draws one',
		numberOrRange,
	),
	seed: setting(1, 'start of the random numbers; read at start and on reset', number),
	fail: setting('none', 'none, moderation, internal, or the text that every task ends with', text),
	failRate: setting(0, 'share of tasks, 0 to 1, that end with the internal error', number),
	failedFlag: setting(0, 'successFlag of a failed task (Aleph API)', oneOf(0, 2, 3)),
	lag: setting(
		0,
		'seconds from its start in which the record of a task is not known; Infinity: never',
		number,
	),
	forgetCancelled: setting(false, 'the record of a cancelled task is not known (Runway)', yesOrNo),
	noVideo: setting(false, 'a task succeeds without naming a video', yesOrNo),
	nullRecords: setting(false, 'records say null for all that their state can do without', yesOrNo),
	errorStyle: setting(
		'body',
		'body: errors of kie.ai come as HTTP 200; status: the HTTP status equals the code',
		oneOf('body', 'status'),
	),

	rateLimit: setting(20, 'requests for new tasks let through per 10 s and key (kie.ai)', number),
	dailyLimit: setting(10_000, 'tasks that a key may start in a day (Runway)', number),
	concurrency: setting(
		100,
		'tasks of a key that may run at once; kie.ai refuses the others, Runway lets them wait',
		number,
	),
	retryAfter: setting(
		null,
		'seconds in Retry-After with 429, 430, 455 and 502 to 504',
		orNull(number),
	),
	retryAfterMs: setting(null, 'milliseconds in Retry-After-Ms with the same', orNull(number)),
	shouldRetry: setting(null, 'X-Should-Retry of every error', orNull(yesOrNo)),
	refuse: setting(null, 'code that every request for a new task answers', orNull(oneOf(...CODES))),
	refuseText: setting(null, 'what it says', orNull(text)),
	disguiseRefusals: setting(
		false,
		'refused parameters and missing credits come as code 500 (kie.ai)',
		yesOrNo,
	),
	modelGone: setting(false, 'the account has no Aleph (any more)', yesOrNo),
	ipBlocked: setting(false, 'every call answers 401, for the IP address', yesOrNo),
	maintenance: setting(false, 'every call answers 455', yesOrNo),
	generateFault: setting(
		null,
		'how a request for a task ends, before or after the task is accepted (html, hang: after)',
		orNull(oneOf('cutBefore', 'cutAfter', 'errorBefore', 'errorAfter', 'html', 'hang')),
	),
	generateFaultCode: setting(500, 'the code of errorBefore and errorAfter', oneOf(...CODES)),
	readFaults: setting(
		[],
		'what the first readings of a task meet, such as 500,cut,html,455',
		list(fault),
	),
	times: setting(
		'iso',
		'how times are written (Aleph API); iso-local has no zone and means UTC',
		oneOf('iso', 'iso-local', 'epoch'),
	),

	credits: setting(1000, 'what is left of the account', number),
	creditPerTask: setting(10, 'what a task costs', number),
	creditEndpoint: setting(true, 'false: it does not exist', yesOrNo),
	upload: setting(true, 'false: the upload does not exist', yesOrNo),
	uploadExpires: setting(
		null,
		'hours that an upload lasts, as its answer then says',
		orNull(number),
	),
	uploadRate: setting(null, 'bytes per second at which an upload is read', orNull(rate)),
	firewall: setting(false, "uploads answer 403 with a firewall's page", yesOrNo),
	botCheck: setting(
		false,
		'uploads and files answer so to a User-Agent that names no package',
		yesOrNo,
	),
	keys: setting(
		null,
		"the valid keys; null: all that do not start with 'wrong'",
		orNull(list(text)),
	),
	fetchVideo: setting(
		false,
		'fetch video and images, answer 451 (Runway: 400) if in vain',
		yesOrNo,
	),
	httpsOnly: setting(false, 'media has to come from HTTPS URLs of a domain (Runway)', yesOrNo),

	callbacks: setting(true, 'false: none is ever sent', yesOrNo),
	callbackRetries: setting(3, 'how often a callback is sent again if it gets no 200', number),
	callbackRetryDelay: setting(1, 'seconds between two tries', number),
	callbackTimeout: setting(15, 'seconds a try waits for its answer', number),
	lose: setting(0, 'how many first tries of every callback are lost on the way', number),
	loseEvery: setting(0, 'n: the first try of every nth callback is lost', number),
	double: setting(false, 'every callback is delivered twice', yesOrNo),
	doubleEvery: setting(0, 'n: every nth callback is delivered twice', number),
	spelling: setting(
		'camel',
		'callbacks name the id and URLs so (Aleph API); snake: data.task_id; short: data.video_url',
		oneOf('camel', 'snake', 'short'),
	),
	hmacKey: setting(null, 'key that callbacks are signed with', orNull(text)),

	resultSize: setting(
		null,
		'bytes of a made-up result video instead of the real one',
		orNull(number),
	),
	downloadRate: setting(null, 'bytes per second at which results are sent', orNull(rate)),
	stall: setting(
		null,
		'upload, download: what stops moving after its first bytes',
		orNull(oneOf('upload', 'download')),
	),
	resultExpires: setting(
		null,
		'seconds that the URLs of a result work; null: for good (Runway: a day)',
		orNull(number),
	),
	resultFault: setting(
		null,
		'401, 403, 404: what the first URL of a result answers; a fresh one works',
		orNull(oneOf(401, 403, 404)),
	),
	thumbnail: setting(true, 'false: records name none', yesOrNo),
	thumbnailFault: setting(false, 'thumbnails answer 404', yesOrNo),
	resultBase: setting(null, 'base URL of the files, if not the own', orNull(text)),
};

export type Settings = {
	-readonly [Name in keyof typeof TABLE]: ReturnType<(typeof TABLE)[Name]['read']>;
};

const NAMES = Object.keys(TABLE) as Array<keyof Settings>;

export function defaultSettings(): Settings {
	const entries = NAMES.map((name) => [name, structuredClone(TABLE[name].initial)]);
	return Object.fromEntries(entries) as Settings;
}

/** Reads named values, texts or JSON. Throws an error that says which one is wrong, and why. */
export function readSettings(values: Record<string, unknown>): Partial<Settings> {
	const entries = Object.entries(values).map(([name, value]) => {
		if (!isName(name)) throw new Error(`${name} is not a setting`);
		try {
			return [name, TABLE[name].read(value)];
		} catch (error) {
			throw new Error(`${name} ${(error as Error).message}`);
		}
	});
	return Object.fromEntries(entries) as Partial<Settings>;
}

/** The settings that a prompt asks for: `make it snow [duration=3] [fail=moderation]`. */
export function directives(prompt: string): Partial<Settings> {
	const values: Record<string, unknown> = {};
	for (const [, name = '', value] of prompt.matchAll(/\[(\w+)=([^\]]*)\]/g)) {
		// A prompt may hold other brackets of its own.
		if (isName(name)) values[name] = value;
	}
	return readSettings(values);
}

function isName(name: string): name is keyof Settings {
	return Object.hasOwn(TABLE, name);
}

/** For node:util's parseArgs: `errorStyle` is `--error-style`, a yes/no has no value. */
export function settingFlags(): Record<string, { type: 'boolean' | 'string' }> {
	const type = (name: keyof Settings) => (TABLE[name].read === yesOrNo ? 'boolean' : 'string');
	return Object.fromEntries(NAMES.map((name) => [dashed(name), { type: type(name) }]));
}

export function readFlags(flags: Record<string, unknown>): Partial<Settings> {
	const byFlag = new Map(NAMES.map((name) => [dashed(name), name]));
	const named = Object.entries(flags).map(([flag, value]) => {
		// --no-video sets noVideo, but parseArgs takes it for the contrary of a flag --video.
		const contrary = value === false ? byFlag.get(`no-${flag}`) : undefined;
		return contrary ? [contrary, true] : [byFlag.get(flag) ?? flag, value];
	});
	return readSettings(Object.fromEntries(named) as Record<string, unknown>);
}

/** One line for each flag, its default in brackets. */
export function settingHelp(): string {
	const lines = NAMES.map((name) => {
		const { initial, help }: Setting<unknown> = TABLE[name];
		return `  --${dashed(name).padEnd(22)}${help} [${String(initial)}]`;
	});
	return lines.join('\n');
}

function dashed(name: string): string {
	return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
