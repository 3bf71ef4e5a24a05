// Jobs that insert a row each, run one at a time by graphile-worker, with what makes it fastest: a local queue, which takes 500 jobs
// at once, and completions that are not waited for. Takes the number of jobs, of which the first half is the warm-up; the database is
// that of PGHOST, PGPORT and so on.
const { Logger, run, runMigrations } = require("graphile-worker");
const { version } = require("graphile-worker/package.json");
const { Pool } = require("pg");

const jobs = Number(process.argv[2]);
const logger = new Logger(() => () => {});
const preset = {
  worker: { concurrentJobs: 1, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
};

async function main() {
  const pgPool = new Pool({ max: 10 });
  pgPool.on("error", console.error);
  pgPool.on("connect", (client) => client.on("error", console.error));
  await runMigrations({ pgPool, logger });
  await pgPool.query("truncate graphile_worker._private_jobs");
  await pgPool.query("select graphile_worker.add_job('insert', json_build_object('n', n)) from generate_series(1, $1) n", [jobs]);
  await pgPool.query("vacuum analyze graphile_worker._private_jobs");

  let done = 0;
  let begun;
  let allDone;
  const end = new Promise((resolve) => (allDone = resolve));
  const insert = async (payload, helpers) => {
    await helpers.withPgClient((client) => client.query("INSERT INTO public.effect (v) VALUES (1)"));
    if (++done === jobs / 2) begun = process.hrtime.bigint();
    if (done === jobs) allDone();
  };
  const runner = await run({ pgPool, noHandleSignals: true, logger, preset, taskList: { insert } });
  await end;
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  await runner.stop();
  await pgPool.end();
  console.log(JSON.stringify({ peer: `graphile-worker ${version}`, jobsPerSecond: jobs / 2 / seconds }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
