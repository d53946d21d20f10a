// n8n's own scan (community-nodes and nodes-base rules) for what is shipped, typescript-eslint for all.
import { buildScanConfig } from '@n8n/scan-community-package/scanner/scanner.mjs';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
	globalIgnores(['dist/', 'demo-output/', '**/*.d.ts']),
	{
		files: ['package.json', '{nodes,credentials}/**/*.{ts,json}'],
		extends: [await buildScanConfig()],
	},
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommendedTypeChecked],
		languageOptions: {
			parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
		},
	},
);
