import { openToWork, tell } from './child.js';
import { reconcileWhenTold } from './reconcile.js';

reconcileWhenTold(await openToWork());
tell({ kind: 'ready' });
