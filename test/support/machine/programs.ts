/** Looks for programs where PATH and the usual places say. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the program, if it is in one of the folders or on PATH. */
export function findProgram(name: string, folders: string[] = []): string | undefined {
	const onPath = (process.env.PATH ?? '').split(delimiter);
	return [...folders, ...onPath].map((folder) => join(folder, name)).find(existsSync);
}

export function hasPrograms(...names: string[]): boolean {
	return names.every((name) => findProgram(name));
}

/** Binaries on npm are built for glibc: not for Alpine. */
export function hasGlibc(): boolean {
	const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
	return header.glibcVersionRuntime !== undefined;
}
