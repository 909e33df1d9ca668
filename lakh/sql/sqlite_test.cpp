#include <lakh/sql/sqlite.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace lakh::sql {
namespace {

using ::testing::HasSubstr;

class sqlite : public ::testing::Test {
 protected:
  sqlite() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakh_sqlite_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
  }
  ~sqlite() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path file(const char* name = "a.db") const { return folder_ / name; }

  std::filesystem::path folder_;
};

template <typename Callable> sql_error error_of(Callable&& call) {
  try {
    call();
  } catch (const sql_error& caught) {
    return caught;
  }
  throw std::logic_error("no sql_error was thrown");
}

TEST_F(sqlite, every_type_comes_back_as_it_was_bound) {
  database db(file());
  db.execute("CREATE TABLE t(a, b, c, d, e, f)");
  const std::array<std::byte, 3> bytes{std::byte{0}, std::byte{0xff}, std::byte{7}};
  auto insert = db.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  insert.run(std::int64_t{-5}, 2.5, std::string_view("a\0b", 3), std::span<const std::byte>(bytes), nullptr,
             std::optional<int>(9));
  EXPECT_EQ(db.changes(), 1);
  EXPECT_EQ(db.last_insert_id(), 1);

  auto select = db.prepare("SELECT * FROM t");
  select.start();
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.column_count(), 6);
  EXPECT_EQ(select.integer(0), -5);
  EXPECT_EQ(select.real(1), 2.5);
  EXPECT_EQ(select.text(2), std::string_view("a\0b", 3));
  ASSERT_EQ(select.blob(3).size(), 3U);
  EXPECT_EQ(select.blob(3)[1], std::byte{0xff});
  EXPECT_TRUE(select.is_null(4));
  EXPECT_EQ(select.integer(5), 9);
  EXPECT_FALSE(select.step());
}

TEST_F(sqlite, an_empty_text_is_not_null_and_an_empty_optional_is) {
  database db(":memory:");
  auto select = db.prepare("SELECT ?1 IS NULL, ?2 IS NULL, ?3 IS NULL");
  select.start(std::string_view(), std::optional<std::string>(), std::span<const std::byte>());
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), 0);
  EXPECT_EQ(select.integer(1), 1);
  EXPECT_EQ(select.integer(2), 0);
}

TEST_F(sqlite, a_query_keeps_its_own_copy_of_the_values) {
  database db(":memory:");
  auto select = db.prepare("SELECT ?1");
  {
    std::string value = "a text that is long enough to live on the heap";
    select.start(value);
    value.assign(value.size(), '#');
  }
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "a text that is long enough to live on the heap");
}

TEST_F(sqlite, a_value_cannot_become_sql) {
  database db(":memory:");
  db.execute("CREATE TABLE t(name TEXT)");
  auto insert = db.prepare("INSERT INTO t VALUES(?1)");
  insert.run("x'); DROP TABLE t; --");
  auto count = db.prepare("SELECT count(*) FROM t");
  count.start();
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 1);
  static_assert(!std::is_constructible_v<sql_text, std::string>);
  static_assert(!std::is_constructible_v<sql_text, const char*>);
}

TEST_F(sqlite, the_number_of_values_must_fit) {
  database db(":memory:");
  auto select = db.prepare("SELECT ?1, ?2");
  EXPECT_THAT(error_of([&] { select.start(1); }).what(), HasSubstr("1 values for 2 parameters"));
  EXPECT_THAT(error_of([&] { select.start(std::uint64_t{1} << 63U, 1); }).what(), HasSubstr("larger than 2^63-1"));
}

TEST_F(sqlite, a_transaction_that_an_exception_leaves_is_rolled_back) {
  database db(file());
  db.execute("CREATE TABLE t(a)");
  try {
    transaction all(db);
    db.execute("INSERT INTO t VALUES(1)");
    throw std::runtime_error("out");
  } catch (const std::runtime_error&) {
  }
  EXPECT_FALSE(db.in_transaction());
  {
    transaction all(db);
    db.execute("INSERT INTO t VALUES(2)");
    all.commit();
  }
  auto select = db.prepare("SELECT a FROM t");
  select.start();
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), 2);
  EXPECT_FALSE(select.step());
}

TEST_F(sqlite, a_unique_violation_can_be_told_from_other_errors) {
  database db(":memory:");
  db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c CHECK(c > 0)); INSERT INTO t VALUES(1, 'x', 1)");
  auto insert = db.prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
  EXPECT_TRUE(error_of([&] { insert.run(1, "y", 1); }).is_unique_violation());
  EXPECT_TRUE(error_of([&] { insert.run(2, "x", 1); }).is_unique_violation());
  const auto check = error_of([&] { insert.run(3, "z", 0); });
  EXPECT_TRUE(check.is_constraint());
  EXPECT_FALSE(check.is_unique_violation());
  insert.run(4, "w", 1);  // the statement is usable after a failure
}

TEST_F(sqlite, an_error_names_the_file_the_statement_and_what_to_do) {
  database db(file());
  const auto caught = error_of([&] { (void)db.prepare("SELECT a\n   FROM   nowhere"); });
  EXPECT_THAT(caught.what(), HasSubstr("a.db: no such table: nowhere (in `SELECT a FROM nowhere`)"));
  EXPECT_EQ(caught.kind(), error_kind::storage);
}

TEST_F(sqlite, a_file_that_is_no_database_is_refused_when_it_is_opened) {
  std::ofstream(file("notes.txt")) << std::string(5000, 'n');
  const auto caught = error_of([&] { database db(file("notes.txt"), open_options().mode(open_mode::read_only)); });
  EXPECT_TRUE(caught.is_corrupt());
  EXPECT_THAT(caught.what(), HasSubstr("notes.txt"));
  EXPECT_THAT(caught.hint(), HasSubstr("something else"));
}

TEST_F(sqlite, a_missing_file_is_an_error_unless_it_may_be_created) {
  EXPECT_THAT(error_of([&] { database db(file("none.db"), open_options().mode(open_mode::read_write)); }).what(),
              HasSubstr("none.db"));
  EXPECT_THAT(error_of([&] { database db(file("no/such/folder.db")); }).hint(), HasSubstr("folder exists"));
}

TEST_F(sqlite, writing_through_a_read_only_connection_is_refused_with_a_hint) {
  {
    database(file()).execute("CREATE TABLE t(a)");
  }
  database db(file(), open_options().mode(open_mode::read_only));
  EXPECT_THAT(error_of([&] { db.execute("INSERT INTO t VALUES(1)"); }).hint(), HasSubstr("cannot be written"));
}

TEST_F(sqlite, a_second_writer_is_told_that_the_file_is_locked) {
  database first(file(), open_options().wal());
  first.execute("CREATE TABLE t(a)");
  transaction holding(first);
  database second(file(), open_options().busy_timeout(std::chrono::milliseconds(1)));
  const auto caught = error_of([&] { transaction waiting(second); });
  EXPECT_TRUE(caught.is_busy());
  EXPECT_THAT(caught.hint(), HasSubstr("another process"));
}

TEST_F(sqlite, readers_see_committed_rows_while_a_wal_writer_is_open) {
  database writer(file(), open_options().wal().synchronous(sync_level::full));
  writer.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  transaction open(writer);
  writer.execute("INSERT INTO t VALUES(2)");
  database reader(file(), open_options().mode(open_mode::read_only));
  auto count = reader.prepare("SELECT count(*) FROM t");
  count.start();
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 1);
}

TEST_F(sqlite, a_file_whose_writer_died_is_repaired_by_opening_it_with_write_access) {
  const pid_t child = ::fork();
  if (child == 0) {
    database db(file());
    db.execute("PRAGMA cache_size=1; CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(100000))");
    db.execute("BEGIN; UPDATE t SET a = zeroblob(100001); INSERT INTO t VALUES(zeroblob(200000))");  // spills: the file
                                                                                                     // is changed
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  const auto caught = error_of([&] { database db(file(), open_options().mode(open_mode::read_only)); });
  EXPECT_TRUE(caught.needs_recovery());
  EXPECT_THAT(caught.hint(), HasSubstr("with write access"));
  {
    database repaired(file(), open_options().mode(open_mode::read_write));
  }
  database db(file(), open_options().mode(open_mode::read_only));
  auto size = db.prepare("SELECT count(*), sum(length(a)) FROM t");
  size.start();
  ASSERT_TRUE(size.step());
  EXPECT_EQ(size.integer(0), 1);
  EXPECT_EQ(size.integer(1), 100000);
}

TEST_F(sqlite, leaving_wal_mode_leaves_one_plain_file) {
  database db(file(), open_options().wal());
  db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  EXPECT_TRUE(std::filesystem::exists(file("a.db-wal")));
  EXPECT_TRUE(db.checkpoint());
  EXPECT_TRUE(db.leave_wal());
  EXPECT_FALSE(std::filesystem::exists(file("a.db-wal")));
}

TEST_F(sqlite, synchronous_does_not_silently_stay_as_it_was) {
  database db(file());
  {
    transaction open(db);
    EXPECT_THROW(db.set_synchronous(sync_level::normal), sql_error);
  }
  db.set_synchronous(sync_level::normal);
  auto query = db.prepare("PRAGMA synchronous");
  query.start();
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.integer(0), 1);
}

TEST_F(sqlite, a_query_that_a_person_wrote_reads) {
  database db(file());
  db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)");
  for (const char* text : {"SELECT a FROM t WHERE a >= :run", "SELECT a FROM t WHERE a >= :run; -- done",
                           "WITH x AS (SELECT a FROM t) SELECT a FROM x WHERE a >= :run ;;  /* end */"}) {
    auto query = db.prepare(written_query(text));
    ASSERT_EQ(query.parameter_count(), 1) << text;
    EXPECT_EQ(query.parameter_name(1), ":run");
    query.start(2);
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.integer(0), 2);
    EXPECT_FALSE(query.step());
  }
}

TEST_F(sqlite, a_query_that_a_person_wrote_does_nothing_but_read) {
  database db(file());
  db.execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  for (const std::string& text :
       {std::string("DELETE FROM t"), std::string("DELETE FROM t RETURNING a"), std::string("INSERT INTO t VALUES(2)"),
        std::string("DROP TABLE t"), std::string("PRAGMA user_version"), std::string("PRAGMA journal_mode=OFF"),
        std::string("ATTACH 'other.db' AS o"), std::string("BEGIN"), std::string("COMMIT"), std::string("VACUUM"),
        std::string("SELECT 1; DELETE FROM t"), std::string("SELECT 1; SELECT 2"), std::string(""), std::string("-- x"),
        std::string("SELECT 1\0; DELETE FROM t", 25), std::string("SELECT nothing"),
        std::string("CREATE TEMP TABLE x AS SELECT 1")})
    EXPECT_THROW((void)db.prepare(written_query(text)), sql_error) << text;
  auto count = db.prepare("SELECT count(*) FROM t");  // and the program's own statements are free again
  count.start();
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 1);
  db.execute("DELETE FROM t");
}

}  // namespace
}  // namespace lakh::sql
