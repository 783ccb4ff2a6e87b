// CommonJS on purpose: Node.js, Jest and every bundler understand `require` in the same way. It loads when it is called and at
// once, so a client that is made knows whether undici is there, and an import of this package does not pay for it (130 ms).
// By its file: Bun has an `undici` of its own, whose pool cannot dispatch.
exports.load = () => require('undici/index.js');
