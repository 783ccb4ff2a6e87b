import type { Library } from '../../../wechatpay-core/test/truth/caller.js';
import { MUST_BE_REACHED, reach } from '../../../wechatpay-core/test/truth/coverage.js';
import { LAW_NAMES } from '../../../wechatpay-core/test/truth/laws.js';
import { describeJudge } from '../../../wechatpay-core/test/truth/run.js';
import { story } from '../../../wechatpay-core/test/truth/story.js';
import { tell } from '../../../wechatpay-core/test/truth/tell.js';
import { PaymentService, RefundService, ReverseService } from '../../src/index.js';

// The services are thin: they are judged by the core's stories and laws, as if they were its functions.
const services: Library = {
  payAndResolve: (client, request, options) => new PaymentService(client).pay(request, options),
  resolveOrder: (client, order, options) => new PaymentService(client).resolve(order, options),
  resumeResolution: (client, state, options) => new PaymentService(client).resume(state, options),
  quickPay: (client, request, options) => new PaymentService(client).submitQuickPay(request, options),
  queryOrder: (client, request, options) => new PaymentService(client).query(request, options),
  reverseOrder: (client, request, options) => new ReverseService(client).reverse(request, options),
  refundOrder: (client, request, options) => new RefundService(client).refund(request, options),
  queryRefund: (client, request, options) => new RefundService(client).query(request, options),
};

describeJudge({
  story,
  tell: (told) => tell(told, services),
  lawNames: LAW_NAMES,
  runs: 100,
  mustBeReached: MUST_BE_REACHED,
  atLeastOnceIn: 500,
  reach,
});
