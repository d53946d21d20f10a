/**
 * The environment n8n runs in: like a user's instance, but it talks to nobody outside, shows no
 * banners, and does not see the settings of the shell it was started from.
 */
import { delimiter, dirname } from 'node:path';
import { N8N_VERSION } from './install';

interface EnvironmentOptions {
	/** Of n8n. */
	version: string;
	/** The Node binary; n8n starts its task runner with the first `node` on PATH. */
	node: string;
	port: number;
	brokerPort: number;
	userFolder: string;
	/** The only folder whose files nodes may read and write. */
	filesFolder: string;
}

/** Of the caller's environment, all that n8n gets: it reads hundreds of variables itself. */
const INHERITED = [
	'HOME',
	'LANG',
	'TMPDIR',
	'NODE_EXTRA_CA_CERTS',
	'SSL_CERT_FILE',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'http_proxy',
	'https_proxy',
];

export function n8nEnvironment(options: EnvironmentOptions): Record<string, string> {
	const inherited = INHERITED.flatMap((name) => {
		const value = process.env[name];
		return value === undefined ? [] : [[name, value] as const];
	});
	const { NO_PROXY, no_proxy = NO_PROXY } = process.env;
	const noProxy = ['localhost', '127.0.0.1', no_proxy].filter(Boolean).join(',');
	return {
		...Object.fromEntries(inherited),
		PATH: `${dirname(options.node)}${delimiter}${process.env.PATH ?? ''}`,
		NO_PROXY: noProxy,
		no_proxy: noProxy,
		NODE_ENV: 'production',
		N8N_USER_FOLDER: options.userFolder,
		N8N_PORT: String(options.port),
		N8N_RUNNERS_BROKER_PORT: String(options.brokerPort),
		WEBHOOK_URL: `http://localhost:${options.port}/`,
		N8N_RESTRICT_FILE_ACCESS_TO: options.filesFolder,
		...SILENCE,
		...(options.version === N8N_VERSION && SILENCE_OF_NEW_MODULES),
		...LOCAL,
	};
}

/** No calls to n8n's servers, and nothing in the editor that distracts from the workflow. */
const SILENCE = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	// The list of verified community nodes.
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_PYTHON_ENABLED: 'false',
	N8N_LOG_LEVEL: 'info',
};

/** The registry of MCP servers. An older n8n refuses to start when told to leave out what it has not. */
const SILENCE_OF_NEW_MODULES = { N8N_DISABLED_MODULES: 'mcp-registry' };

/** What an instance on this machine alone needs. */
const LOCAL = {
	// The owner's password is in the source: nobody else may reach it.
	N8N_LISTEN_ADDRESS: '127.0.0.1',
	// n8n tries only the first address of a name, which for localhost may be the IPv6 one.
	NODEJS_PREFER_IPV4: 'true',
	N8N_SECURE_COOKIE: 'false',
	N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
	// Off by default; on, it would forbid nodes to call 127.0.0.1.
	N8N_SSRF_PROTECTION_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
	N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '10',
	// On a busy machine n8n would take its own lateness for a lost database, and refuse everything.
	DB_PING_TIMEOUT_MS: '120000',
};
