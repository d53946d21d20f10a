/** `npm run canary`, on two small packages that change as n8n may. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { changedIn, takeSnapshot, tell } from '../canary/snapshot';
import { WATCHED, type Watched } from '../canary/watched';

const ROOT = resolve(__dirname, '../..');

const add: Watched = {
	package: 'engine',
	file: 'dist/engine.js',
	name: 'Engine.add',
	use: 'It counts executions.',
	usedIn: ['nodes/sleep.ts'],
};
const read: Watched = { ...add, package: 'store', file: 'dist/read.js', name: 'read' };
const watched = [add, read];

const ENGINE = `
	/** Runs. */
	let Engine = class Engine {
		add(one, two) {
			return one + two; // as numbers
		}
	};
	class Other { add() { return 'something else'; } }
`;
const READ = `exports.read = read; async function read(id) { return \`a  \${id}\`; }`;

describe('The canary', () => {
	let folder: string;

	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'canary-test-'));
	});
	afterAll(async () => await rm(folder, { recursive: true, force: true }));

	const publish = async (name: string, version: string, files: { [path: string]: string }) => {
		const own = join(folder, `${name}-${version}`);
		await mkdir(join(own, 'dist'), { recursive: true });
		await writeFile(join(own, 'package.json'), JSON.stringify({ name, version }));
		for (const [path, source] of Object.entries(files)) await writeFile(join(own, path), source);
		return `${name}@file:${own}`;
	};
	const recorded = async () =>
		await takeSnapshot(watched, [
			await publish('engine', '1.0.0', { [add.file]: ENGINE }),
			await publish('store', '3.0.0', { [read.file]: READ }),
		]);

	it('says nothing of layout and comments, nor of functions that nothing leans on', async () => {
		const laidOutAnew = ENGINE.replace(
			'return one + two; // as numbers',
			'// Sums\nreturn one\n+ two;',
		);
		const otherChanged = laidOutAnew.replace('something else', 'anything');
		const now = await takeSnapshot(watched, [
			await publish('engine', '1.1.0', { [add.file]: otherChanged }),
			await publish('store', '3.0.0', { [read.file]: READ }),
		]);
		const told = tell(watched, await recorded(), now);
		expect(told).toContain('engine 1.1.0, store 3.0.0: 2 functions');
		expect(told).toContain('None has changed.');
	});

	it('tells which function has changed, what leans on it, and how to see it', async () => {
		const now = await takeSnapshot(watched, [
			await publish('engine', '1.2.0', { [add.file]: ENGINE.replace('one + two', 'one - two') }),
			await publish('store', '3.0.0', { [read.file]: READ }),
		]);
		expect(changedIn(watched, await recorded(), now)).toEqual([add]);
		const told = tell(watched, await recorded(), now);
		expect(told).toContain(`Engine.add has changed (engine, dist/engine.js).
  It counts executions.
  It matters to: nodes/sleep.ts
  See: npm diff --diff=engine@1.0.0 --diff=engine@1.2.0 dist/engine.js`);
		expect(told).not.toContain('read has changed');
	});

	it('sees a blank within a text', async () => {
		const now = await takeSnapshot(watched, [
			await publish('engine', '1.0.0', { [add.file]: ENGINE }),
			await publish('store', '3.1.0', { [read.file]: READ.replace('a  ', 'a ') }),
		]);
		expect(changedIn(watched, await recorded(), now)).toEqual([read]);
	});

	it('tells that a function, or its file, is gone', async () => {
		const now = await takeSnapshot(watched, [
			await publish('engine', '2.0.0', { 'dist/other.js': ENGINE }),
			await publish('store', '4.0.0', { [read.file]: READ.replaceAll('read', 'load') }),
		]);
		const told = tell(watched, await recorded(), now);
		expect(told).toContain('Engine.add is not there any more (engine, dist/engine.js)');
		expect(told).toContain('read is not there any more (store, dist/read.js)');
	});

	it('refuses a version of a package that it does not watch', async () => {
		await expect(takeSnapshot(watched, ['left-pad@1.0.0'])).rejects.toThrow(
			'Not a version of engine, store: left-pad@1.0.0',
		);
	});

	it('names files of ours that are there', () => {
		const files = WATCHED.flatMap(({ usedIn }) => usedIn);
		expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
	});
});
