/** n8n's protection against requests to private networks, switched on before n8n is loaded. */
process.env.N8N_SSRF_PROTECTION_ENABLED = 'true';

export {};
