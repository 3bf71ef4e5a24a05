// Jobs that insert a row each, run one at a time by pg-boss, in the way that is fastest: 500 are fetched at once, and completed
// at once, without the pauses of its polling worker. Takes the number of jobs; the database is that of PGHOST, PGPORT and so on.
const PgBoss = require("pg-boss");
const { version } = require("pg-boss/package.json");
const { Pool } = require("pg");

const jobs = Number(process.argv[2]);
const batch = 500;
const queue = "insert";

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

  const begun = process.hrtime.bigint();
  let taken = await boss.fetch(queue, { batchSize: batch });
  while (taken.length > 0) {
    for (const job of taken) {
      await pool.query("INSERT INTO public.effect (v) VALUES (1)");
    }
    await boss.complete(queue, taken.map((job) => job.id));
    taken = await boss.fetch(queue, { batchSize: batch });
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  await boss.stop({ graceful: false });
  await pool.end();
  console.log(JSON.stringify({ peer: `pg-boss ${version}`, jobsPerSecond: jobs / seconds }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
