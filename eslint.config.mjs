// n8n's own rules for what is shipped, typescript-eslint for all.
import { buildScanConfig } from '@n8n/scan-community-package/scanner/scanner.mjs';
import nodesBase from 'eslint-plugin-n8n-nodes-base';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const { community, credentials, nodes } = nodesBase.configs;

/** The rooms of the nodes, and which others each must not know. */
const ROOMS = {
	task: ['api', 'batch', 'execution', 'items', 'trigger', 'actions'],
	api: ['batch', 'execution', 'items', 'trigger', 'actions'],
	batch: ['execution', 'items', 'trigger', 'actions'],
	items: ['execution', 'trigger', 'actions'],
	execution: ['trigger', 'actions'],
	trigger: ['execution', 'actions'],
	actions: ['trigger'],
};

/** What can be read, and tested, without knowing n8n. */
const WITHOUT_N8N = ['task', 'batch'];

const arrows = Object.entries(ROOMS).map(([room, others]) => ({
	files: [`nodes/Aleph/${room}/**/*.ts`],
	rules: {
		'no-restricted-imports': [
			'error',
			{
				patterns: [
					{
						regex: `^(\\.\\./)+(${others.join('|')})(/|$)`,
						message: 'The arrows go the other way.',
					},
					...(WITHOUT_N8N.includes(room)
						? [{ regex: '^n8n-workflow$|/n8n$', message: 'This room knows no n8n.' }]
						: []),
				],
			},
		],
	},
}));

export default defineConfig(
	globalIgnores(['dist/', 'demo-output/', '**/*.d.ts']),
	// What n8n's scan asks of community packages. It switches some rules of n8n-nodes-base off ...
	{
		files: ['package.json', '{nodes,credentials}/**/*.{ts,json}'],
		extends: [await buildScanConfig()],
	},
	// ... which are on again here, but for those that contradict n8n's rules for community packages.
	{ files: ['package.json'], rules: community.rules },
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...credentials.rules,
			// The name of a page in n8n's docs; a community package has to have a URL.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...nodes.rules,
			// 'main' as a literal; community packages have to write NodeConnectionTypes.Main.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
		},
	},
	...arrows,
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommendedTypeChecked],
		languageOptions: {
			parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
		},
	},
);
