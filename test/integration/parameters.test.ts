/**
 * Every field of every operation, given the same list of odd values by an expression: each value is taken
 * in its certain meaning, or refused with the name of the field. None is ignored.
 */
import '../support/fastClock';
import type {
	IBinaryKeyData,
	IDataObject,
	INodeParameters,
	INodeProperties,
	INodePropertyCollection,
	INodeType,
} from 'n8n-workflow';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { loaded, nodeTypes, runNode, type Result } from '../support/engine';

useSimulator({ duration: 0, concurrency: 1_000, rateLimit: 1_000 });

/** An invisible character comes along when a value is copied from a page. */
const INVISIBLE = 'te\u200bxt';

const VALUES = [
	...[null, undefined, '', 0, '0', false, 'FALSE', 'no', NaN, 1e300, 2026],
	...[{}, [], ['video'], 'video', INVISIBLE],
];

type Value = (typeof VALUES)[number];

const REFUSED = Symbol('refused');

/** What becomes of a value, or REFUSED. */
type Reader = (value: Value) => unknown;

const isIn = (list: readonly unknown[], value: unknown) =>
	list.some((each) => Object.is(each, value));

const EMPTY = [null, undefined, ''];

/** Absent if there is nothing in it. */
const orAbsent =
	(read: Reader): Reader =>
	(value) =>
		isIn(EMPTY, value) ? undefined : read(value);

const text: Reader = (value) => {
	if (typeof value === 'number') return Number.isFinite(value) ? String(value) : REFUSED;
	return typeof value === 'string' && value !== '' ? value : REFUSED;
};

const number =
	(min: number, max: number): Reader =>
	(value) => {
		const found = value === '0' ? 0 : value;
		return typeof found === 'number' && found >= min && found <= max ? found : REFUSED;
	};

const boolean: Reader = (value) => (isIn([0, '0', false, 'FALSE', 'no'], value) ? false : REFUSED);

const nothing: Reader = () => REFUSED;

const list: Reader = (value) => {
	if (value === 'video') return ['video'];
	return Array.isArray(value) ? value : REFUSED;
};

const id: Reader = (value) => {
	if (value === INVISIBLE) return 'text';
	return value === 1e300 ? REFUSED : text(value);
};

const MOST = Number.MAX_SAFE_INTEGER;

const files: IBinaryKeyData = {
	video: { data: 'A'.repeat(2_000), mimeType: 'video/mp4', fileName: 'video.mp4' },
};
const file: Reader = (value) => (value === 'video' ? 'video' : REFUSED);

interface Field {
	/** As an error names it. */
	label: string;
	parameters: INodeParameters;
	read: Reader;
	/** What was made of the value, by the task or the item that came out; unless it shows in neither. */
	made?: (item: Result['items'][number]) => unknown;
	api?: string;
}

const VALUE = '={{ $json.value }}';

const requestOf = ({ json }: Result['items'][number]): IDataObject =>
	(simulator.tasks().find(({ taskId }) => taskId === json.taskId)?.request ?? {}) as IDataObject;

const started = (parameters: INodeParameters) =>
	generate({ waitForCompletion: false, ...parameters });

const option = (label: string, name: string, read: Reader, api?: string): Field => ({
	label,
	parameters: { waitForCompletion: false, options: { [name]: VALUE } },
	read,
	made: (item) => requestOf(item)[name],
	api,
});

/** An option that shows in how the node goes on, not in the request. */
const setting = (label: string, options: INodeParameters, read: Reader, api?: string): Field => ({
	label,
	parameters: { options },
	read,
	api,
});

const keyframe = (label: string, fields: INodeParameters, read: Reader, key: string): Field => ({
	label,
	parameters: {
		waitForCompletion: false,
		options: {
			keyframes: { keyframe: [{ image: 'https://example.com/frame.png', ...fields }] },
		},
	},
	read,
	made: (item) => {
		const [first] = requestOf(item).keyframes as IDataObject[];
		const { range = {}, ...others } = first as { range?: IDataObject };
		return { ...others, ...range }[key];
	},
	api: 'runway',
});

const binaryOf = ({ binary = {} }: Result['items'][number]) => Object.keys(binary);

const FIELDS: Record<string, () => Field> = {
	Prompt: () => ({
		label: 'Prompt',
		parameters: { waitForCompletion: false, prompt: VALUE },
		read: text,
		made: (item) => requestOf(item).prompt,
	}),
	'Video Source': () => ({
		label: 'Video Source',
		parameters: { waitForCompletion: false, videoSource: VALUE },
		read: nothing,
	}),
	'Video URL': () => ({
		label: 'Video URL',
		parameters: { waitForCompletion: false, videoUrl: VALUE },
		read: nothing,
	}),
	'Input Binary Field': () => ({
		label: 'Input Binary Field',
		parameters: { waitForCompletion: false, videoSource: 'binary', videoBinaryProperty: VALUE },
		read: file,
		made: () => 'video',
	}),
	'Wait for Completion': () => ({
		label: 'Wait for Completion',
		parameters: { waitForCompletion: VALUE },
		read: boolean,
		made: ({ json }) => json.status !== 'processing',
	}),
	'Wait Mode': () => ({ label: 'Wait Mode', parameters: { waitMode: VALUE }, read: nothing }),
	Simplify: () => ({
		label: 'Simplify',
		parameters: { waitForCompletion: false, simplify: VALUE },
		read: boolean,
		made: ({ json }) => 'status' in json,
	}),
	'Aspect Ratio': () => option('Aspect Ratio', 'aspectRatio', orAbsent(nothing)),
	'Callback URL': () => option('Callback URL', 'callBackUrl', orAbsent(nothing)),
	Seed: () => option('Seed', 'seed', orAbsent(number(0, MOST))),
	Watermark: () => option('Watermark', 'waterMark', orAbsent(text)),
	'Store in China': () => ({
		...option('Store in China', 'uploadCn', boolean),
		made: (item) => requestOf(item).uploadCn ?? false,
	}),
	'Reference Image URL': () => option('Reference Image URL', 'referenceImage', orAbsent(nothing)),
	'Reference Image Field': () => ({
		...option('Reference Image Field', 'referenceImageBinaryProperty', orAbsent(file)),
		made: (item) => (requestOf(item).referenceImage ? 'video' : undefined),
	}),
	'Output Format': () => option('Output Format', 'outputFormat', orAbsent(nothing), 'runway'),
	'Public Figures': () => option('Public Figures', 'publicFigures', orAbsent(nothing), 'runway'),
	'Keep Credits': () =>
		setting('Keep Credits', { keepCredits: VALUE }, (value) =>
			// More than there are, which is that item's error.
			value === 2026 ? REFUSED : number(0, MOST)(value),
		),
	'Tasks per 10 Seconds': () =>
		setting('Tasks per 10 Seconds', { generateRate: VALUE }, number(1, MOST)),
	Timeout: () => setting('Timeout', { timeout: VALUE }, number(1, 43_200)),
	'Poll Interval': () => setting('Poll Interval', { pollInterval: VALUE }, number(1, 86_400)),
	'On Timeout': () => setting('On Timeout', { onTimeout: VALUE }, nothing),
	'On Stop': () => setting('On Stop', { onStop: VALUE }, nothing, 'runway'),
	Download: () => ({
		...setting('Download', { download: VALUE }, list),
		made: binaryOf,
	}),
	'Put Video in Field': () => ({
		...setting('Put Video in Field', { download: ['video'], videoOutputProperty: VALUE }, text),
		made: (item) => binaryOf(item)[0],
	}),
	'Put Thumbnail in Field': () => ({
		...setting(
			'Put Thumbnail in Field',
			{ download: ['thumbnail'], thumbnailOutputProperty: VALUE },
			text,
		),
		made: (item) => binaryOf(item)[0],
	}),
	'Include Input Fields': () => ({
		...setting('Include Input Fields', { includeInputFields: VALUE }, boolean),
		made: ({ json }) => 'value' in json,
	}),
	'Image Source of a keyframe': () =>
		keyframe('Image Source', { imageSource: VALUE }, nothing, 'uri'),
	'Image URL of a keyframe': () => keyframe('Image URL', { image: VALUE }, nothing, 'uri'),
	'Image Field of a keyframe': () => ({
		...keyframe('Image Field', { imageSource: 'binary', imageBinaryProperty: VALUE }, file, 'uri'),
		made: () => 'video',
	}),
	'Moment of a keyframe': () => keyframe('Moment', { moment: VALUE }, nothing, 'at'),
	'Seconds of a keyframe': () =>
		keyframe('Seconds', { seconds: VALUE }, number(0, MOST), 'seconds'),
	'Position of a keyframe': () =>
		keyframe('Position', { moment: 'position', position: VALUE }, number(0, 1), 'at'),
	'Set Range of a keyframe': () => ({
		...keyframe('Set Range', { hasRange: VALUE, start: 0, end: 1 }, boolean, 'end_seconds'),
		made: (item) => {
			const [first] = requestOf(item).keyframes as IDataObject[];
			return 'range' in first!;
		},
	}),
	'Range Start of a keyframe': () =>
		keyframe(
			'Range Start',
			{ hasRange: true, start: VALUE, end: 3_000 },
			number(0, 2_999),
			'start_seconds',
		),
	'Range End of a keyframe': () =>
		keyframe('Range End', { hasRange: true, start: 0, end: VALUE }, number(1, MOST), 'end_seconds'),
};

/** All items in one run: what is wrong with one is no matter of the others. */
async function run(parameters: INodeParameters, api = 'jobs') {
	const { items, error } = await runNode({
		parameters,
		items: VALUES.map((value) => ({ value })),
		binary: files,
		credential: newAccount({ api }),
		settings: { onError: 'continueRegularOutput' },
	});
	expect(error).toBeUndefined();
	return items;
}

const shown = (value: unknown) =>
	typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);

/** What was made of each value, by how the value is shown; of what was refused, whether the field was named. */
function outcomesOf(items: Result['items'], label: string, made: Field['made'] = () => 'taken') {
	const names = new RegExp(`"${label}"|^This item has no binary field|^Only \\d+ credits are left`);
	return VALUES.map((value, index) => {
		const item = items[index]!;
		const { error } = item.json;
		if (typeof error === 'string') return [shown(value), names.test(error) ? REFUSED : error];
		return [shown(value), made(item)];
	});
}

function expectedOf(read: Reader, isShown = true) {
	return VALUES.map((value) => {
		const found = read(value);
		return [shown(value), found === REFUSED || isShown ? found : 'taken'];
	});
}

describe('generate', () => {
	it.each(Object.keys(FIELDS))('%s', async (name) => {
		const { label, parameters, read, made, api } = FIELDS[name]!();
		const items = await run(generate(parameters), api);
		expect(outcomesOf(items, label, made)).toEqual(expectedOf(read, made !== undefined));
	});
});

it('no field of Generate is left out', async () => {
	await loaded;
	const { properties } = (nodeTypes.getByName('n8n-nodes-runway-aleph.aleph') as INodeType)
		.description;
	const ofGenerate = properties.filter(({ displayOptions }) =>
		displayOptions?.show?.operation?.includes('generate'),
	);
	const isGroup = ({ type }: INodeProperties) => ['collection', 'fixedCollection'].includes(type);
	const fieldsIn = (each: INodeProperties): INodeProperties[] => {
		if (!isGroup(each)) return [each];
		const parts = each.options as Array<INodeProperties | INodePropertyCollection>;
		return parts.flatMap((part) => ('values' in part ? part.values : [part])).flatMap(fieldsIn);
	};
	const labels = ofGenerate
		.flatMap(fieldsIn)
		.map(({ displayName }) => displayName.replace(/ \(.*\)$/, ''));
	const tested = Object.values(FIELDS).map((field) => field().label);
	expect(tested.sort()).toEqual([...new Set(labels)].sort());
});

describe('get, cancel, upload', () => {
	const taskId = async () => {
		const { items } = await runNode({ parameters: started({}), credential: newAccount() });
		return items[0]!.json.taskId as string;
	};

	it('Task ID', async () => {
		for (const [operation, api] of [
			['get', 'jobs'],
			['cancel', 'runway'],
		]) {
			const items = await run({ resource: 'video', operation: operation!, taskId: VALUE }, api);
			expect(items.map(({ json }) => json.taskId)).toEqual(
				VALUES.map((value) => (id(value) === REFUSED ? null : id(value))),
			);
			const refused = items.filter(({ json }) => json.taskId === null);
			for (const { json } of refused) expect(json.error).toContain('"Task ID"');
		}
	});

	it.each<[string, INodeParameters, Reader, Field['made']]>([
		['Simplify', { simplify: VALUE }, boolean, ({ json }) => 'status' in json],
		['Wait for Completion', { waitForCompletion: VALUE }, boolean, () => false],
		['Wait Mode', { waitForCompletion: true, waitMode: VALUE }, nothing, undefined],
		[
			'Timeout',
			{ waitForCompletion: true, options: { timeout: VALUE } },
			number(1, 43_200),
			undefined,
		],
		[
			'Poll Interval',
			{ waitForCompletion: true, options: { pollInterval: VALUE } },
			number(1, 86_400),
			undefined,
		],
		['On Timeout', { waitForCompletion: true, options: { onTimeout: VALUE } }, nothing, undefined],
		['Download', { options: { download: VALUE } }, list, binaryOf],
		[
			'Include Input Fields',
			{ options: { includeInputFields: VALUE } },
			boolean,
			({ json }) => 'value' in json,
		],
	])('%s of Get', async (label, fields, read, made) => {
		const parameters = { resource: 'video', operation: 'get', taskId: await taskId(), ...fields };
		const items = await run(parameters);
		expect(outcomesOf(items, label, made)).toEqual(expectedOf(read, made !== undefined));
	});

	it('Input Binary Field of Upload', async () => {
		const items = await run({ resource: 'file', operation: 'upload', binaryProperty: VALUE });
		expect(outcomesOf(items, 'Input Binary Field', () => 'video')).toEqual(expectedOf(file));
	});

	it('File Name of Upload', async () => {
		const items = await run({
			resource: 'file',
			operation: 'upload',
			binaryProperty: 'video',
			fileName: VALUE,
		});
		const read = orAbsent(text);
		expect(outcomesOf(items, 'File Name', ({ json }) => json.fileName)).toEqual(
			expectedOf((value) => {
				const name = read(value) ?? 'video.mp4';
				// The file is one.
				return typeof name === 'string' && !name.endsWith('.mp4') ? `${name}.mp4` : name;
			}),
		);
	});
});
