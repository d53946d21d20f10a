/** A mail server that takes every mail, and sends none. */
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface Mail {
	to: string;
	/** Headers and parts, as they came. */
	text: string;
}

export interface MailStub {
	/** The fields of n8n's SMTP credential. */
	credential: Record<string, unknown>;
	mails: Mail[];
	close(): Promise<void>;
}

export async function startMailStub(): Promise<MailStub> {
	const mails: Mail[] = [];
	const server = createServer((socket) => serve(socket, mails));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		credential: { host: '127.0.0.1', port, secure: false, disableStartTls: true },
		mails,
		close: async () => await new Promise((resolve) => server.close(() => resolve())),
	};
}

const END_OF_MAIL = '\r\n.\r\n';

function serve(socket: Socket, mails: Mail[]): void {
	let received = '';
	let to = '';
	let inMail = false;
	const say = (line: string) => socket.write(`${line}\r\n`);
	const commands: Record<string, (rest: string) => void> = {
		RCPT: (rest) => {
			to = /<(.*)>/.exec(rest)?.[1] ?? '';
			say('250 OK');
		},
		DATA: () => {
			inMail = true;
			say('354 Go on');
		},
		QUIT: () => socket.end('221 Bye\r\n'),
	};
	/** Takes the next line, or the whole mail; false if it has not all come. */
	const takeNext = (): boolean => {
		const end = inMail ? END_OF_MAIL : '\r\n';
		const length = received.indexOf(end);
		if (length < 0) return false;
		const taken = received.slice(0, length);
		received = received.slice(length + end.length);
		if (inMail) {
			inMail = false;
			mails.push({ to, text: decoded(taken) });
			say('250 OK');
		} else {
			const [command = ''] = taken.split(' ');
			(commands[command] ?? (() => say('250 OK')))(taken);
		}
		return true;
	};
	say('220 Ready');
	socket.setEncoding('latin1').on('data', (chunk: string) => {
		received += chunk;
		while (takeNext());
	});
}

/** Quoted-printable breaks long lines, and says some characters by their codes. */
function decoded(text: string): string {
	return text.replace(/quoted-printable\r\n[^]*?(?=\r\n--|$)/g, (part) =>
		part
			.replace(/=\r\n/g, '')
			.replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
	);
}
