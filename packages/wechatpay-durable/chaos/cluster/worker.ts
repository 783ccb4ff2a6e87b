import { openToWork, tell } from './child.js';

await openToWork();
tell({ kind: 'ready' });
