import { userInfo } from 'node:os';

/** Who asked for it, as the journal has it. */
export function actor(): string {
  try {
    return `cli:${userInfo().username}`.slice(0, 128);
  } catch {
    return 'cli'; // a container may have no name for its user
  }
}
