/**
 * Loaded into n8n's process before n8n itself: what its nodes ask of Google, whose addresses are fixed in
 * them, goes to the stub at GOOGLE_STUB_PORT instead.
 */
import http from 'node:http';
import https from 'node:https';

type Send = (target: https.RequestOptions | string | URL, ...rest: unknown[]) => http.ClientRequest;

const { GOOGLE_STUB_PORT: port } = process.env;
const sendSecurely = https.request as Send;
const send = http.request as Send;

const redirected: Send = (target, ...rest) => {
	const options = typeof target === 'string' || target instanceof URL ? {} : target;
	const host = options.hostname ?? options.host ?? '';
	if (!host.endsWith('googleapis.com')) return sendSecurely(target, ...rest);
	const { path, method, headers } = options;
	return send({ host: '127.0.0.1', port, path, method, headers }, ...rest);
};

if (port) https.request = redirected;
