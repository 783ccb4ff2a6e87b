// node tools/side-by-side.js SCRIPT…: runs npm scripts, as many at a time as there are processors, and tells what each said when it has
// ended. Begin with the one that takes longest. Fails where one does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';

const waiting = process.argv.slice(2);

async function runEach() {
  for (let script = waiting.shift(); script !== undefined; script = waiting.shift()) {
    const began = performance.now();
    const child = spawn(`npm run ${script} 2>&1`, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    console.log(
      `${said}${script} ${code === 0 ? 'took' : 'failed after'} ${Math.round((performance.now() - began) / 1000)} s.`,
    );
    if (code !== 0) process.exitCode = 1;
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, runEach));
