// The seed of every property test: the same in each run, so that a failure is the change's and not luck's. PROPERTY_SEED=random
// looks further, as `npm run fuzz` does.
import fc from 'fast-check';

const { PROPERTY_SEED: seed = '20261127' } = process.env;
if (seed !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
