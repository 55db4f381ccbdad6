// Outlives the test run for a moment: when the run's end of the pipe closes, however it died (kill -9 included),
// the database is ended and its folder removed.
//   node watchdog.mjs <pid of postgres> <folder>
import { rmSync } from 'node:fs';

const [pid, folder] = process.argv.slice(2);
process.stdin.resume();
process.stdin.on('end', clean).on('error', clean);
process.on('SIGINT', () => {}); // Ctrl-C reaches us too; the pipe tells when the run itself has ended
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});

function clean() {
  try {
    process.kill(-Number(pid), 'SIGKILL'); // the whole group: postgres and its children
  } catch {
    // already stopped
  }
  setTimeout(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    process.exit();
  }, 50);
}
