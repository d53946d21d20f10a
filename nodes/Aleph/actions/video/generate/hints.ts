/**
 * What the editor shows before a run that costs money. n8n evaluates the conditions for the first item; the
 * sentences themselves can hold no numbers.
 */
import type { NodeHint } from 'n8n-workflow';
import { PROVIDERS } from '../../../api/dialects';
import { limitsBy } from '../../../api/dialects/names';
import { PAGES } from './reachable';

const GENERATE = '$parameter["resource"] === "video" && $parameter["operation"] === "generate"';
const WAITS = '$parameter["waitForCompletion"] !== false';
/** Megabytes that any provider takes. */
const SMALLEST = Math.min(
	...PROVIDERS.map(({ dialects: [dialect] }) => dialect!.limits.upload.megabytes),
);

const FILE = '$binary?.[$parameter["videoBinaryProperty"]]';

function beforeRun(type: NodeHint['type'], message: string, ...conditions: string[]): NodeHint {
	const all = [GENERATE, ...conditions].map((each) => `(${each})`).join(' && ');
	const displayCondition = `={{ Boolean(${all}) }}`;
	return {
		message,
		type,
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition,
	};
}

export const hints: NodeHint[] = [
	beforeRun(
		'info',
		'Each input item becomes a video, and each video costs credits. To try things out, start with one item.',
		'$input.all().length > 1 && $input.all().length <= 100',
	),
	beforeRun(
		'warning',
		'This run makes more than 100 videos, each of which costs credits. Consider the option "Keep Credits".',
		'$input.all().length > 100',
	),
	beforeRun(
		'info',
		'With "Poll", the run is lost if n8n restarts. For many videos, set "Wait Mode" to "Sleep".',
		WAITS,
		'$parameter["waitMode"] !== "sleep"',
		'$input.all().length > 10',
	),
	beforeRun(
		'warning',
		'This video URL leads to a page, not to a video file. Download the file with the node for that service, and set "Video Source" to "Binary File".',
		'$parameter["videoSource"] !== "binary"',
		`${PAGES.toString()}.test(String($parameter["videoUrl"] ?? "").split("/")[2] ?? "")`,
	),
	beforeRun(
		'warning',
		`The file is larger than ${SMALLEST} MB. ${limitsBy(({ upload }) => `up to ${upload.megabytes} MB`)}`,
		'$parameter["videoSource"] === "binary"',
		`/GB$/.test(${FILE}?.fileSize ?? "") || (/MB$/.test(${FILE}?.fileSize ?? "") && parseFloat(${FILE}.fileSize) > ${SMALLEST})`,
	),
	beforeRun(
		'warning',
		'The file is not a video.',
		'$parameter["videoSource"] === "binary"',
		`${FILE}?.mimeType && !/^video|octet-stream/i.test(${FILE}.mimeType)`,
	),
];
