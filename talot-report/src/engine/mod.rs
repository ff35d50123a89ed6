//! The engine that runs the queries: DataFusion over the records.

mod answer;
mod dates;
mod places;
mod sums;
mod table;

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use datafusion::{
    datasource::MemTable,
    execution::{context::SQLOptions, memory_pool::FairSpillPool, runtime_env::RuntimeEnvBuilder},
    prelude::{DataFrame, SessionConfig, SessionContext},
    sql::parser::{DFParser, Statement},
};
use tokio::runtime::Runtime;

use crate::{
    month::Month,
    parallel::processors,
    progress::Tick,
    records::{
        Records, Sums, Table,
        places::{Point, Shown},
    },
    report::model::Data,
};
use table::Files;

/// What grouping and sorting may hold in memory before they go on from disk, in bytes.
const MEMORY: usize = 2 << 30;

/// DataFusion, with the views `sources`, `ports` and `coverage`.
pub struct Engine {
    context: SessionContext,
    runtime: Runtime,
}

impl Engine {
    /// Opens the records. `read` is called whenever a file of them has been read.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn open(records: &Records, read: &Tick) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(processors())
            .build()
            .context("starting the engine's threads")?;
        let memory = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY)))
            .build_arc()?;
        let config = SessionConfig::new().with_target_partitions(processors());
        let context = SessionContext::new_with_config_rt(config, memory);

        let coverage = MemTable::try_new(
            Table::Coverage.schema(),
            vec![vec![records.coverage.clone()]],
        )?;
        context.register_table(Table::Coverage.name(), Arc::new(coverage))?;
        let days = records.point_days.iter();
        let ports = days.clone().map(|day| (day.date, day.ports.clone()));
        let sources = days.filter_map(|day| Some((day.date, day.sources.clone()?)));
        for (table, files) in [
            (Table::Ports, ports.collect()),
            (Table::Sources, sources.collect::<Vec<_>>()),
        ] {
            let read = Arc::clone(read);
            let files = Files { table, files, read };
            context.register_table(table.name(), Arc::new(files))?;
        }
        Ok(Self { context, runtime })
    }

    /// Defines what `sql/sums.sql` defines.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn define_sums(&self, sums: &Sums, month: Month) -> Result<()> {
        self.register(sums::tables(sums, month)?)
    }

    /// Defines what `sql/places.sql` defines.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn define_places(&self, points: Vec<Point>, shown: &Shown) -> Result<()> {
        self.register(places::tables(points, shown)?)
    }

    fn register(&self, tables: impl IntoIterator<Item = (&'static str, MemTable)>) -> Result<()> {
        for (name, table) in tables {
            self.context.register_table(name, Arc::new(table))?;
        }
        Ok(())
    }

    /// Runs the statements of a script, for what they define.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn define(&self, script: &str) -> Result<()> {
        for statement in statements(script)? {
            let shown = statement.to_string();
            let shown = shown.lines().next().unwrap_or_default().to_owned();
            self.runtime
                .block_on(async {
                    let frame = plan(&self.context, statement, SQLOptions::new()).await?;
                    frame.collect().await.map_err(plain)
                })
                .with_context(|| format!("running `{shown}`"))?;
        }
        Ok(())
    }

    /// Answers a query, which can only read: nothing but the views, and no file besides.
    ///
    /// # Errors
    /// When it is not a single statement, would do more than read, or fails.
    pub fn ask(&self, query: &str) -> Result<Data> {
        self.runtime.block_on(ask(&self.context, query))
    }

    /// Answers queries side by side.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_all(&self, queries: &[&'static str]) -> Result<Vec<Data>> {
        let asked = queries.iter().map(|query| {
            let (context, query) = (self.context.clone(), *query);
            self.runtime
                .spawn(async move { ask(&context, query).await })
        });
        let asked: Vec<_> = asked.collect();
        let answers = asked.into_iter();
        let answers =
            answers.map(|asked| self.runtime.block_on(asked).context("a query's task")?);
        answers.collect()
    }
}

async fn ask(context: &SessionContext, query: &str) -> Result<Data> {
    let statement = {
        let mut statements = statements(query)?.into_iter();
        let (Some(statement), None) = (statements.next(), statements.next()) else {
            bail!("that is not one SQL statement");
        };
        statement
    };
    let reading = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    let frame = plan(context, statement, reading).await?;
    let columns = frame.schema().fields().iter();
    let columns = columns.map(|field| field.name().clone()).collect();
    let batches = frame.collect().await.map_err(plain)?;
    answer::of(columns, &batches)
}

async fn plan(
    context: &SessionContext,
    statement: Statement,
    allowed: SQLOptions,
) -> Result<DataFrame> {
    let plan = context.state().statement_to_plan(statement).await;
    let plan = plan.map_err(plain)?;
    allowed.verify_plan(&plan).map_err(plain)?;
    context.execute_logical_plan(plan).await.map_err(plain)
}

fn statements(script: &str) -> Result<impl IntoIterator<Item = Statement>> {
    DFParser::parse_sql(script).map_err(plain)
}

/// Without the hints at how DataFusion could say more.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn plain(error: datafusion::error::DataFusionError) -> anyhow::Error {
    anyhow::anyhow!("{}", error.strip_backtrace())
}
