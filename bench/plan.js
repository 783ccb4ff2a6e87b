// How much is measured. A turn is as long as a contender may work before the next one; on a busy machine many short turns
// tell more than few long ones, since what disturbs one disturbs its neighbours.
export const FULL = {
  warmMs: 3000,
  rounds: 15,
  turnMs: 500,
  nestRounds: 81,
  nestTurnMs: 150,
  delayRounds: 5,
  memoryCalls: 200_000,
  profileMs: 5000,
  codecRounds: 7,
  codecMs: 100,
  settleRounds: 61,
  settleCalls: 2000,
  spawns: 21,
};

export const QUICK = {
  warmMs: 700,
  rounds: 3,
  turnMs: 250,
  nestRounds: 11,
  nestTurnMs: 100,
  delayRounds: 1,
  memoryCalls: 40_000,
  profileMs: 1000,
  codecRounds: 1,
  codecMs: 30,
  settleRounds: 11,
  settleCalls: 1000,
  spawns: 5,
};
