import { MUST_BE_REACHED, reach } from './coverage.js';
import { LAW_NAMES } from './laws.js';
import { describeJudge } from './run.js';
import { story } from './story.js';
import { tell } from './tell.js';

describeJudge({
  story,
  tell,
  lawNames: LAW_NAMES,
  runs: 3000,
  mustBeReached: MUST_BE_REACHED,
  atLeastOnceIn: 500,
  reach,
});
