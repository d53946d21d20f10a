/** With n8n's protection against requests to private networks. */
import '../support/ssrfProtection';
import '../support/fastClock';
import { generate, newAccount, simulator, useSimulator } from '../support/aleph';
import { runNode } from '../support/engine';

useSimulator();

it('a request that the protection of n8n has stopped has charged nothing, and the error names it', async () => {
	const { error } = await runNode({
		parameters: generate(),
		credential: newAccount(),
		settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
	});
	expect(error?.message).toBe('The API could not be reached');
	expect(error?.description).toMatch(/^Nothing was charged for this item\. /);
	expect(error?.description).toContain("n8n's SSRF protection");
	expect(simulator.requests()).toEqual([]);
});
