import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

/** A web process under measurement. */
export interface Subject {
  port: number;
  /** CPU time used since its start, in milliseconds. */
  cpu(): Promise<number>;
  stop(): void;
}

export async function startSubject(file: string, databaseUrl: string): Promise<Subject> {
  const child: ChildProcess = fork(join(import.meta.dirname, file), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, NODE_ENV: 'production', BENCH_DATABASE_URL: databaseUrl },
  });
  const ended = new Promise<never>((_resolve, reject) =>
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`))),
  );
  ended.catch(() => {}); // expected at the end
  const answer = <T>() =>
    Promise.race([
      ended,
      new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T))),
    ]);
  const { port } = await answer<{ port: number }>();
  return {
    port,
    async cpu() {
      const told = answer<{ cpu: NodeJS.CpuUsage }>();
      child.send('cpu');
      const { cpu } = await told;
      return (cpu.user + cpu.system) / 1000;
    },
    stop: () => void child.kill(),
  };
}

const TICKS = 100; // per second: USER_HZ of Linux

/**
 * CPU time of a PostgreSQL server and all its processes in milliseconds, ended ones included; NaN where there
 * is no /proc.
 */
export function postgresCpu(postmaster: number): number {
  if (!existsSync('/proc/self/stat')) return NaN;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      continue; // ended meanwhile
    }
    // After the name in brackets: state, parent, …, utime (14th), stime, cutime, cstime.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent, utime = 0, stime = 0, cutime = 0, cstime = 0] = [
      fields[1],
      fields[11],
      fields[12],
      fields[13],
      fields[14],
    ];
    if (Number(name) === postmaster) ticks += utime + stime + cutime + cstime;
    else if (parent === postmaster) ticks += utime + stime;
  }
  return (ticks * 1000) / TICKS;
}

export interface Ask {
  method?: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: string;
  ms: number;
}

export function ask(
  port: number,
  agent: Agent,
  { method = 'GET', path, headers = {}, body }: Ask,
): Promise<Reply> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        agent,
        method,
        path,
        headers: {
          ...headers,
          ...(body === undefined
            ? {}
            : {
                'Content-Type': 'application/x-www-form-urlencoded',
                'Content-Length': Buffer.byteLength(body),
              }),
        },
      },
      (res) => {
        const pieces: Buffer[] = [];
        res.on('data', (piece: Buffer) => pieces.push(piece));
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            body: Buffer.concat(pieces).toString(),
            ms: performance.now() - began,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface Measured {
  name: string;
  node: number;
  postgres: number;
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  bytes: number;
}

export interface Plan {
  name: string;
  subject: Subject;
  postmaster: number;
  requests: number;
  /** Requests at the same time. */
  clients: number;
  warmUp: number;
  /** The nth request; n goes on from the warm-up. */
  make(n: number): Ask;
  /** The status that every answer must have. */
  status: number;
}

/** Sends the requests and says what they cost. @throws when an answer has another status */
export async function measure(plan: Plan): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.clients });
  let n = 0;
  let bytes = 0;
  const run = async (count: number): Promise<number[]> => {
    const times: number[] = [];
    const last = n + count;
    await Promise.all(
      Array.from({ length: plan.clients }, async () => {
        while (n < last) {
          const reply = await ask(plan.subject.port, agent, plan.make(n++));
          if (reply.status !== plan.status)
            throw new Error(
              `${plan.name}: ${reply.status} instead of ${plan.status}\n${reply.body.slice(0, 2000)}`,
            );
          times.push(reply.ms);
          bytes = reply.body.length;
        }
      }),
    );
    return times;
  };
  await run(plan.warmUp);
  const before = {
    node: await plan.subject.cpu(),
    postgres: postgresCpu(plan.postmaster),
    at: performance.now(),
  };
  const times = (await run(plan.requests)).sort((a, b) => a - b);
  const seconds = (performance.now() - before.at) / 1000;
  const node = (await plan.subject.cpu()) - before.node;
  const postgres = postgresCpu(plan.postmaster) - before.postgres;
  agent.destroy();
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return {
    name: plan.name,
    node: node / times.length,
    postgres: postgres / times.length,
    perSecond: times.length / seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    bytes,
  };
}
