import { canCall, isPrivate } from '../../nodes/Aleph/actions/video/generate/reachable';

it.each([
	'http://localhost:5678/x',
	'http://n8n:5678',
	'http://127.0.0.1',
	'http://127.1',
	'http://0x7f000001',
	'http://10.1.2.3',
	'http://172.16.0.1',
	'http://172.31.255.1',
	'http://192.168.1.2',
	'http://169.254.169.254',
	'http://100.64.0.1',
	'http://[::1]:5678',
	'http://[fd12:3456::1]',
	'http://[fe80::1]',
	'http://[::ffff:192.168.0.1]',
	'http://nas.local',
	'http://n8n.internal',
])('%s is private', (url) => expect(isPrivate(url)).toBe(true));

it.each([
	'https://n8n.example.com/webhook-waiting/1',
	'http://8.8.8.8',
	'http://172.32.0.1',
	'http://100.128.0.1',
	'http://[2001:db8::1]',
	'https://10.example.com',
	'api.kie.ai',
	'https://',
	'runway://0b1c',
])('%s is public', (url) => expect(isPrivate(url)).toBe(false));

it('a private address will do for an API that is private itself', () => {
	expect(canCall('http://127.0.0.1:4100', 'http://localhost:5678')).toBe(true);
	expect(canCall('https://api.kie.ai', 'http://localhost:5678')).toBe(false);
	expect(canCall('https://api.kie.ai', 'https://n8n.example.com')).toBe(true);
});
