/** Gets what a machine lacks, after saying so; where that cannot be, says how to get it. */
import { Listr, type ListrTask } from 'listr2';
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

	const coming = canInstall ? missing : onNpm;
	if (coming.length === 0) return;
	console.log(`This machine lacks the following, which is installed now:\n\n${listOf(coming)}\n`);
	const steps = onNpm.map(npmStep);
	if (canInstall && others.length > 0) {
		const packages = others.map((need) => need.packages[manager]);
		steps.push({
			title: installCommand(manager, packages),
			task: async () => await installFromSystem(manager, packages),
		});
	}
	await new Listr(steps).run();
}

function npmStep({ name, fromNpm, isMet }: Need): ListrTask {
	return {
		title: `npm install ${fromNpm?.spec ?? name}, into the cache folder`,
		task: async () =>
			await withCache(async () => {
				// Another process may have done it by the time the cache is ours.
				if (!(await isMet())) await fromNpm?.install();
			}),
	};
}

/** One screen. */
function whatToDo(missing: Need[]): string {
	// Where there is no package manager that we know, Debian's names tell what to look for.
	const manager = packageManager() ?? 'apt-get';
	const packages = missing.map((need) => need.packages[manager]);
	return `This machine lacks what the tests need:

${listOf(missing)}

Installing it takes the rights of an administrator. Install it, then start the tests again:

  ${installCommand(manager, packages)}

\`npm run test:quick\` and \`npm run demo\` work without.`;
}

function listOf(needs: Need[]): string {
	return needs.map(({ name }) => `  - ${name}`).join('\n');
}
