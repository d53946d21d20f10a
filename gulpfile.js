// Copies what tsc leaves behind into dist/: icons and codex files.
const { src, dest } = require('gulp');

exports.default = () =>
	src('{nodes,credentials}/**/{*.svg,*.node.json,__schema__/**/*.json}', { encoding: false }).pipe(
		dest('dist'),
	);
