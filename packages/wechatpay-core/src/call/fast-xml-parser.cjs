// CommonJS on purpose: Node.js, Jest and every bundler understand `require` in the same way. It takes the parser's build of one file,
// which loads in a few milliseconds, where its many small ES modules take as long as Node.js itself does to start. What is passed on has
// its name here: for a bare `module.exports = require(…)` Node.js would first search the whole of it for names.
const { XMLParser } = require('fast-xml-parser');

module.exports = { XMLParser };
