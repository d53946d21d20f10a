import {
	harmlessName,
	nameOfDownload,
	typeOfName,
	withExtension,
} from '../../nodes/Aleph/api/files/fileName';

const URL_OF_FILE = 'https://example.com/files/42?token=x';

const named = (disposition: string, url = URL_OF_FILE) =>
	nameOfDownload(url, { 'content-disposition': disposition });

describe('the name of a download', () => {
	it.each([
		['attachment; filename=video.mp4', 'video.mp4'],
		['attachment; filename="my video.mp4"', 'my video.mp4'],
		['attachment; filename="a \\"b\\".mp4"', 'a "b".mp4'],
		['attachment; filename="a; filename*=UTF-8\'\'b.mp4"', "a; filename*=UTF-8''b.mp4"],
		[
			"attachment; filename=old.mp4; filename*=UTF-8''%D0%B2%D0%B8%D0%B4%D0%B5%D0%BE.mp4",
			'видео.mp4',
		],
		['attachment; filename*=UTF-8\'\'%E2%82%AC.mp4; filename="old.mp4"', '€.mp4'],
		["attachment; filename*=iso-8859-1'de'f%FCr.mp4", 'für.mp4'],
		["attachment; filename*=klingon''a.mp4; filename=b.mp4", 'b.mp4'],
		["attachment; filename*=UTF-8''%FF.mp4; filename=b.mp4", 'b.mp4'],
		['attachment; filename="%E4%BD%A0%E5%A5%BD.mp4"', '你好.mp4'],
		['filename=bare.mp4', 'bare.mp4'],
		['INLINE; FILENAME = "loud.mp4"', 'loud.mp4'],
	])('is told by %s', (disposition, name) => {
		expect(named(disposition)).toBe(name);
	});

	it('may come as bare UTF-8, which HTTP hands on as bytes', () => {
		const bytes = Buffer.from('видео.mp4').toString('latin1');
		expect(named(`attachment; filename="${bytes}"`)).toBe('видео.mp4');
	});

	it.each([
		'attachment; filename="../../etc/passwd"',
		'attachment; filename="C:\\\\windows\\\\passwd"',
		"attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd",
		"attachment; filename*=UTF-8''%0D%0Apass%00wd",
		"attachment; filename*=UTF-8''%E2%80%AEpasswd",
	])('is harmless with %s', (disposition) => {
		expect(named(disposition)).toBe('passwd');
	});

	it.each([
		'',
		'attachment',
		'filename=',
		'filename="',
		'filename=".."',
		'filename="/"',
		'"',
		';=;',
	])('is that of the URL where %j tells none', (disposition) => {
		expect(named(disposition)).toBe('42');
		expect(named(disposition, 'https://example.com/%D0%B0%2F%D0%B1.mp4')).toBe('б.mp4');
		expect(named(disposition, 'https://example.com/%E0%A4%A.mp4')).toBe('%E0%A4%A.mp4');
		expect(named(disposition, 'https://example.com/')).toBe('file');
	});
});

describe('a harmless name', () => {
	it.each([
		'video.mp4',
		'мой фильм.mp4',
		'a "quoted" name.mov',
		"it's 100% (1) #2?.mp4",
		'.hidden',
		'🎬.mp4',
	])('stays as it is: %s', (name) => {
		expect(harmlessName(name)).toBe(name);
	});

	it.each(['', ' ', '.', '..', '../', '\r\n', '\0', '\uD83C'])('is not made of %j', (name) => {
		expect(harmlessName(name)).toBe('');
	});

	it('is no longer than a disk allows, and keeps its extension', () => {
		for (const letter of ['a', 'я', '字', '🎬']) {
			const name = harmlessName(`${letter.repeat(50_000)}.mp4`);
			expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
			expect(Buffer.byteLength(name)).toBeGreaterThan(250);
			expect(name).toMatch(new RegExp(`^(${letter})+\\.mp4$`, 'u'));
		}
	});
});

it('an extension comes from the MIME type if the name has none', () => {
	expect(withExtension('file', 'video/mp4')).toBe('file.mp4');
	expect(withExtension('Trailer 2.0', 'video/quicktime')).toBe('Trailer 2.0.mov');
	expect(withExtension('video.mp4', 'image/png')).toBe('video.mp4');
	expect(withExtension('file', 'application/x-unheard-of')).toBe('file');
	expect(withExtension('file', null)).toBe('file');
	expect(withExtension('holiday.final', 'video/mp4; codecs=avc1')).toBe('holiday.final.mp4');
	expect(withExtension('frames', 'application/zip')).toBe('frames.zip');
	expect(withExtension('clip', 'application/octet-stream', 'mxf')).toBe('clip.mxf');
	expect(withExtension('clip.MXF', 'application/octet-stream', 'mxf')).toBe('clip.MXF');
	expect(withExtension('clip.mpg', 'video/mpeg', 'mpeg')).toBe('clip.mpg');
	expect(withExtension('clip', 'video/mpeg', 'a/b')).toBe('clip');
	expect(withExtension('clip', 'video/mp4', null)).toBe('clip.mp4');
});

it('a MIME type comes from the extension', () => {
	expect(typeOfName('VIDEO.MP4')).toBe('video/mp4');
	expect(typeOfName('a.jpeg')).toBe('image/jpeg');
	expect(typeOfName('file.constructor')).toBeNull();
	expect(typeOfName('file')).toBeNull();
});
