import { open, tell } from './child.js';
import { serveAll } from './serve.js';

serveAll(await open({ work: false }));
tell({ kind: 'ready' });
