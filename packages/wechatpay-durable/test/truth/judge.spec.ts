import { describeJudge } from '../../../wechatpay-core/test/truth/run.js';
import { MUST_BE_REACHED, reach } from './coverage.js';
import { LAWS } from './laws.js';
import { story } from './story.js';
import { tell } from './tell.js';

describeJudge({
  story,
  tell,
  lawNames: Object.keys(LAWS),
  runs: 600,
  mustBeReached: MUST_BE_REACHED,
  atLeastOnceIn: 500,
  reach,
});
