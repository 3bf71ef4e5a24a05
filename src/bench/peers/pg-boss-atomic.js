// Jobs that insert a row each, run one at a time by pg-boss so that the effect of a job and its completion are one transaction: its calls
// take the session to use. Takes the number of jobs; the database is that of PGHOST, PGPORT and so on.
const PgBoss = require("pg-boss");
const { version } = require("pg-boss/package.json");
const { Pool } = require("pg");

const jobs = Number(process.argv[2]);
const batch = 500;
const queue = "insert";

async function main() {
  const pool = new Pool({ max: 2 });
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) }, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue(queue);
  await pool.query("delete from pgboss.job");
  for (let n = 0; n < jobs; n += batch) {
    await boss.insert(Array.from({ length: Math.min(batch, jobs - n) }, (_, i) => ({ name: queue, data: { n: n + i } })));
  }
  await pool.query("vacuum analyze pgboss.job");

  const session = await pool.connect();
  const db = { executeSql: (text, values) => session.query(text, values) };
  const runNext = async () => {
    await session.query("BEGIN");
    const [job] = await boss.fetch(queue, { batchSize: 1, db });
    if (job) {
      await session.query("INSERT INTO public.effect (v) VALUES (1)");
      await boss.complete(queue, job.id, {}, { db });
    }
    await session.query("COMMIT");
    return job;
  };
  const begun = process.hrtime.bigint();
  while (await runNext());
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  session.release();
  await boss.stop({ graceful: false });
  await pool.end();
  console.log(JSON.stringify({ peer: `pg-boss ${version}, atomic`, jobsPerSecond: jobs / seconds }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
