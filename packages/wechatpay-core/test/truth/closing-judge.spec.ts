import { CLOSING_MUST_BE_REACHED, reachClosing } from './closing-coverage.js';
import { closingStory } from './closing-story.js';
import { LAW_NAMES } from './laws.js';
import { describeJudge } from './run.js';
import { tell } from './tell.js';

describeJudge({
  story: closingStory,
  tell,
  lawNames: LAW_NAMES,
  runs: 600,
  mustBeReached: CLOSING_MUST_BE_REACHED,
  atLeastOnceIn: 600,
  reach: reachClosing,
});
