// Jobs that insert a row each, run one at a time by pg-boss in the way that is fastest: 500 are fetched at once, and completed at once,
// without the pauses of its polling worker. With --atomic, each is fetched, run and completed in one transaction: its calls take the
// session to use. Takes the number of jobs last, of which the first half is the warm-up; the database is that of PGHOST, PGPORT and so on.
const PgBoss = require("pg-boss");
const { version } = require("pg-boss/package.json");
const { Pool } = require("pg");

const atomic = process.argv.includes("--atomic");
const jobs = Number(process.argv.at(-1));
const batch = 500;
const queue = "insert";
const effect = "INSERT INTO public.effect (v) VALUES (1)";

let done = 0;
let begun;

async function insert(session) {
  await session.query(effect);
  if (++done === jobs / 2) begun = process.hrtime.bigint();
}

async function runInBatches(pool, boss) {
  let taken = await boss.fetch(queue, { batchSize: batch });
  while (taken.length > 0) {
    for (const job of taken) {
      await insert(pool);
    }
    await boss.complete(queue, taken.map((job) => job.id));
    taken = await boss.fetch(queue, { batchSize: batch });
  }
}

async function runAtomically(pool, boss) {
  const session = await pool.connect();
  const db = { executeSql: (text, values) => session.query(text, values) };
  let job;
  do {
    await session.query("BEGIN");
    [job] = await boss.fetch(queue, { batchSize: 1, db });
    if (job) {
      await insert(session);
      await boss.complete(queue, job.id, {}, { db });
    }
    await session.query("COMMIT");
  } while (job);
  session.release();
}

async function main() {
  const pool = new Pool({ max: 2 });
  const db = { executeSql: (text, values) => pool.query(text, values) };
  const boss = new PgBoss({ db, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue(queue);
  await pool.query("delete from pgboss.job");
  for (let n = 0; n < jobs; n += batch) {
    await boss.insert(Array.from({ length: Math.min(batch, jobs - n) }, (_, i) => ({ name: queue, data: { n: n + i } })));
  }
  await pool.query("vacuum analyze pgboss.job");

  await (atomic ? runAtomically(pool, boss) : runInBatches(pool, boss));
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  await boss.stop({ graceful: false });
  await pool.end();
  console.log(JSON.stringify({ peer: `pg-boss ${version}${atomic ? ", atomic" : ""}`, jobsPerSecond: jobs / 2 / seconds }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
