// CommonJS on purpose: an import of its one name means the same to Node.js and to a test runner that makes CommonJS of this package,
// whatever `esModuleInterop` says there.
exports.forge = require('node-forge');
