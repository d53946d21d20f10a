/** Gets what a machine lacks, after saying so; where that cannot be, says how to get it. */
import { Listr } from 'listr2';
import { withCache } from '../n8n/cache';
import type { Need } from './needs';
import { installCommand, installFromSystem, mayInstall, packageManager } from './systemPackages';

export async function provide(needs: Need[]): Promise<void> {
	const met = await Promise.all(needs.map(async (need) => await need.isMet()));
	const missing = needs.filter((_, index) => !met[index]);
	const onNpm = missing.filter(({ fromNpm }) => fromNpm);
	const others = missing.filter(({ fromNpm }) => !fromNpm);

	const manager = packageManager();
	const canInstall = manager !== undefined && mayInstall(manager);
	if (!canInstall && others.some(({ isOptional }) => !isOptional)) {
		throw new Error(whatToDo(others));
	}
	const steps = onNpm.map((need) => ({
		title: `npm install ${need.fromNpm?.spec}, into the cache folder`,
		task: async () =>
			await withCache(async () => {
				// Another process may have done it by the time the cache is ours.
				if (!(await need.isMet())) await need.fromNpm?.install();
			}),
	}));
	if (canInstall && others.length > 0) {
		const packages = others.map((need) => need.packages[manager]);
		steps.push({
			title: installCommand(manager, packages),
			task: async () => await installFromSystem(manager, packages),
		});
	}
	if (steps.length === 0) return;
	const coming = canInstall ? missing : onNpm;
	console.log(`Not on this machine, and installed now:\n\n${listOf(coming)}\n`);
	await new Listr(steps).run();
}

/** One screen. */
function whatToDo(missing: Need[]): string {
	const manager = packageManager();
	const packages = missing.map((need) => need.packages[manager ?? 'apt-get']);
	const command = installCommand(manager ?? 'apt-get', packages);
	return [
		'This machine lacks what the tests need:\n',
		listOf(missing),
		'\nIt cannot be installed from here without a password. Install it, and start again:\n',
		`  ${command}`,
		'\n`npm run test:quick` and `npm run demo` do without.',
	].join('\n');
}

function listOf(needs: Need[]): string {
	return needs.map(({ name }) => `  - ${name}`).join('\n');
}
