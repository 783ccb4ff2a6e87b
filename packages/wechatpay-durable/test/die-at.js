// To be preloaded, by NODE_OPTIONS, in each thread: dies at the n-th call that changes a file, or about the renaming, as `DIE_AT` says.
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const moment = process.env.DIE_AT ?? '';

function die() {
  process.kill(process.pid, 'SIGKILL');
}

let left = Number(moment) || 0;
const { writeSync, mkdirSync } = fs;
fs.writeSync = (...args) => {
  if (args[0] > 2 && --left === 0) die();
  return writeSync(...args);
};
fs.mkdirSync = (...args) => {
  if (--left === 0) die();
  return mkdirSync(...args);
};
const rename = promises.rename.bind(promises);
promises.rename = async (from, to) => {
  if (moment === 'before-rename') die();
  await rename(from, to);
  if (moment === 'after-rename') die();
};
syncBuiltinESMExports();
