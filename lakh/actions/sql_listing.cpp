#include <lakh/actions/http_source.hpp>
#include <lakh/actions/sql_listing.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/reference_form.hpp>
#include <lakh/sql/postgres.hpp>
#include <lakh/sql/postgres_text.hpp>
#include <lakh/sql/sqlite.hpp>

#include <algorithm>
#include <filesystem>

namespace lakh::actions {
namespace {

constexpr std::uint64_t rows_between_breaths = 4096;

}  // namespace

struct sql_listing::program {
  program(const load::plan& p, const load::template_scope& scope, config_reader read)
      : database(template_of_run(read.require("database"), load::text_format::plain, scope, "reconcile.sql.database")),
        query(read.require("query").text("reconcile.sql.query")),
        query_at(read.require("query")),
        item(template_of_item(read.require("item"), load::text_format::plain, scope, "reconcile.sql.item")),
        item_place(read.require("item").place()),
        folder(p.folder),
        connect_limit(p.timeouts.connect) {
    const config& at = read.require("database");
    // The plan is kept with the run, for anybody to read.
    const std::string_view password = sql::password_in_uri(at.text("reconcile.sql.database"));
    if (!password.empty() && !password.starts_with("{{env."))
      at.fail("reconcile.sql.database has a password in it, and a plan is kept with its runs",
              "take it from the environment, as {{env.NAME}}, or leave it out and set PGPASSWORD or PGPASSFILE");
    read.finish();
    load::check_reference_form(item, item_place);
  }

  void check_columns(int count) const {
    if (count != 1 && count != 2)
      query_at.fail("reconcile.sql.query gives " + std::to_string(count) + " columns",
                    "it must give the reference, and after it the digest if there is one");
  }

  template <class Row>
  static void tell_row(const Row& row, bool with_digest, const load::reference_form& form, const entry_sink& tell) {
    load::target_entry entry;
    entry.reference = row.text(0);
    entry.item = form.item_of(entry.reference);
    if (with_digest) entry.digest = row.text(1);
    tell(entry);
  }

  task<void> read_sqlite(const std::filesystem::path& file, const std::string& run, const load::reference_form& form,
                         const entry_sink& tell) const {
    sql::database db(file, sql::open_options().mode(sql::open_mode::read_only));
    sql::statement rows = db.prepare(sql::written_query(query));
    check_columns(rows.column_count());
    for (int i = 1; i <= rows.parameter_count(); ++i)
      if (rows.parameter_name(i) != ":run")
        query_at.fail("reconcile.sql.query has a parameter '" + std::string(rows.parameter_name(i)) + "'",
                      "the only one is :run, the run's id");
    if (rows.parameter_count() == 0)
      rows.start();
    else
      rows.start(run);
    const bool with_digest = rows.column_count() == 2;
    for (std::uint64_t count = 1; rows.step(); ++count) {
      tell_row(rows, with_digest, form, tell);
      if (count % rows_between_breaths == 0) co_await yield();
    }
  }

  task<void> read_postgres(const std::string& uri, const std::string& run, const load::reference_form& form,
                           const entry_sink& tell) const {
    sql::postgres db = co_await sql::postgres::connect(uri, connect_limit);
    sql::numbered_query numbered = sql::number_parameter(query, "run");
    std::vector<std::string> parameters;
    if (numbered.has_parameter) parameters.push_back(run);
    sql::written_query written(std::move(numbered.text));
    co_await db.query(std::move(written), std::move(parameters), [&](const sql::postgres_row& row) {
      check_columns(row.column_count());
      tell_row(row, row.column_count() == 2, form, tell);
    });
  }

  load::text_template database;
  std::string query;
  config query_at;
  load::text_template item;
  input_place item_place;
  std::filesystem::path folder;
  std::chrono::nanoseconds connect_limit;
};

sql_listing::sql_listing(const load::plan& p, const load::template_scope& scope, const config& sql)
    : program_(std::make_unique<const program>(p, scope, config_reader(sql, "reconcile.sql"))) {}

sql_listing::~sql_listing() = default;

task<void> sql_listing::read(const load::render_input& of_run, const item_cursor& /*asked*/,
                             const entry_sink& tell) const {
  const program& my = *program_;
  const load::reference_form form(my.item, of_run, my.item_place);
  const std::string where = render_text(my.database, of_run);
  const std::string run(of_run.run);
  if (sql::is_postgres_uri(where))
    co_await my.read_postgres(where, run, form, tell);
  else
    co_await my.read_sqlite(my.folder / where, run, form, tell);
}

}  // namespace lakh::actions
