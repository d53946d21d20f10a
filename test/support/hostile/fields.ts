/** What the fields of an item may hold. */
import type { Task } from '../../../nodes/Aleph/task/task';

type Valid = (value: unknown) => boolean;
export const text: Valid = (value) => typeof value === 'string' && value.trim() !== '';
export const number: Valid = (value) => Number.isFinite(value);
const time: Valid = (value) => text(value) && new Date(value as string).toISOString() === value;
export const orNull =
	(valid: Valid): Valid =>
	(value) =>
		value === null || valid(value);

export const TASK: Record<keyof Task, Valid> = {
	taskId: text,
	status: (value) => ['processing', 'success', 'failed', 'timeout'].includes(value as string),
	videoUrl: orNull(text),
	imageUrl: orNull(text),
	prompt: orNull(text),
	sourceVideoUrl: orNull(text),
	credits: orNull(number),
	completedAt: orNull(time),
	expiresAt: orNull(time),
	errorMessage: orNull(text),
};

export const UPLOAD = { url: text, fileName: text, size: number, mimeType: text, expiresAt: time };

/** All the fields are there, and no other; what is wrong with them is shown. */
export function expectFields(object: object, fields: Record<string, Valid>): void {
	expect(Object.keys(object).sort()).toEqual(Object.keys(fields).sort());
	const wrong = Object.entries(object).filter(([name, value]) => !fields[name]!(value));
	expect(wrong).toEqual([]);
}
