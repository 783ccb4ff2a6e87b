import { REVERSE_NOT_BEFORE_MS } from '../operations/reverse-order.js';
import { wrongAmount } from './amounts.js';
import { attemptsOf, expired, factsOf, returnsPayment, needsAttention, spacing, type Open } from './build.js';
import { isTooLateToReverse } from './next-step.js';
import type { Moment, ResolutionState } from './state.js';

/**
 * Decides that an order is reversed: nothing may be paid any more, and what was paid goes back. Not before 15 s, and not where it is
 * too late, or where the gateway has refused it.
 */
export function decideReversal(state: Open, moment: Moment): ResolutionState {
  const { doubt } = state;
  // A verified answer said that it is paid, if with another amount: a person decides.
  if (doubt && !returnsPayment(state)) return needsAttention(state, wrongAmount(state, doubt), { paid: doubt });
  if (isTooLateToReverse(state, moment.now)) {
    return expired(state, moment.now + spacing(state.policy, attemptsOf(state), moment));
  }
  if (state.kind === 'checking' && state.refusal?.outcome === 'rejected') return needsAttention(state, state.refusal);
  const notBefore = state.kind === 'checking' ? state.notBefore : state.orderCreatedAt + REVERSE_NOT_BEFORE_MS;
  return { ...factsOf(state), kind: 'reversing', at: Math.max(moment.now, notBefore), attempts: attemptsOf(state) };
}
