#include <lakh/async/asio.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/sql/libpq.hpp>
#include <lakh/sql/postgres.hpp>
#include <lakh/sql/postgres_text.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <utility>

namespace lakh::sql {
namespace asio = boost::asio;
namespace {

using descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

struct clear_result {
  void operator()(PGresult* result) const noexcept { libpq::get().clear(result); }
};
using result_ptr = std::unique_ptr<PGresult, clear_result>;

std::string first_line(std::string_view text) {
  std::string line(text.substr(0, text.find('\n')));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return line;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// The URI as far as it may be shown: "postgresql://host:port/database". Throws where it is malformed.
struct address {
  std::string shown;
  std::string password;  // decoded

  explicit address(const std::string& uri) {
    char* why = nullptr;
    PQconninfoOption* const all = libpq::get().conninfo_parse(uri.c_str(), &why);
    if (all == nullptr) {
      // libpq's words repeat parts of the URI, so the password, but where it names a parameter.
      std::string said = why != nullptr ? first_line(why) : std::string();
      libpq::get().free_memory(why);
      if (!said.starts_with("invalid URI query parameter")) said = "it is malformed";
      replace_all(said, password_in_uri(uri), "***");
      throw postgres_error({}, errc::bad_input, "the address of the PostgreSQL database: " + said,
                           "write it as postgresql://USER@HOST:PORT/DATABASE, special characters as %XX");
    }
    std::string host;
    std::string port;
    std::string database;
    for (const PQconninfoOption* each = all; each->keyword != nullptr; ++each) {
      if (each->val == nullptr) continue;
      const std::string_view name = each->keyword;
      if (name == "host") host = each->val;
      if (name == "port") port = each->val;
      if (name == "dbname") database = each->val;
      if (name == "password") password = each->val;
    }
    libpq::get().conninfo_free(all);
    shown = "postgresql://" + host + (port.empty() ? "" : ":" + port) + "/" + database;
  }
};

std::string hint_for(std::string_view state) {
  if (state.starts_with("28"))
    return "does the user exist, and is the password right? PGPASSWORD or PGPASSFILE give one";
  if (state == "25006") return "the target's data are only read here: write a query that changes nothing";
  if (state == "3D000") return "does the database exist?";
  if (state == "42501") return "the user needs the right to SELECT there";
  if (state == "57014") return "the server's statement_timeout is too short for this query, or somebody stopped it";
  if (state.starts_with("42") || state.starts_with("22")) return "look at the query and its parameters";
  if (state.starts_with("57P") || state.starts_with("08")) return "is the server being stopped or restarted? try again";
  return {};
}

}  // namespace

postgres_error::postgres_error(std::string state, std::error_code code, const std::string& what, std::string hint)
    : sql_error(0, code, what, std::move(hint)), state_(std::move(state)) {}

int postgres_row::column_count() const noexcept {
  return libpq::get().columns(row_);
}
bool postgres_row::is_null(int column) const noexcept {
  return libpq::get().is_null(row_, 0, column) != 0;
}
std::string_view postgres_row::text(int column) const noexcept {
  const char* const data = libpq::get().value(row_, 0, column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(libpq::get().length(row_, 0, column))};
}

struct postgres::state {
  explicit state(address to) : where(std::move(to)) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (connection != nullptr) pq.finish(connection);
  }

  // libpq owns the socket, and may change it while it connects: it is lent to Asio for one wait at a time.
  task<void> wait(descriptor::wait_type what) const {
    struct lent {
      lent(asio::io_context& context, int socket) : socket_of_libpq(context, socket) {}
      lent(const lent&) = delete;
      lent& operator=(const lent&) = delete;
      ~lent() { socket_of_libpq.release(); }
      descriptor socket_of_libpq;
    };
    const int socket = pq.socket(connection);
    if (socket < 0) fail_connection("the connection is lost");
    lent one(loop::current().context(), socket);
    co_await use(one.socket_of_libpq.async_wait(what, asio::deferred));
  }

  [[noreturn]] void fail_connection(std::string_view doing) const {
    std::string said = first_line(pq.error_message(connection));
    replace_all(said, where.password, "***");
    std::string hint = "is PostgreSQL running, and listening there?";
    if (pq.needs_password(connection) != 0)
      hint = "it asks for a password: give it as PGPASSWORD or in the file that PGPASSFILE names";
    else if (pq.used_password(connection) != 0)
      hint = "is the password right? it was taken from the URI, PGPASSWORD or PGPASSFILE";
    throw postgres_error({}, errc::storage_failure, where.shown + ": " + std::string(doing) + ": " + said,
                         std::move(hint));
  }

  [[noreturn]] void fail_query(const PGresult* result) const {
    const auto field = [&](int which) {
      const char* const text = pq.result_error_field(result, which);
      return text != nullptr ? first_line(text) : std::string();
    };
    const std::string code = field(PG_DIAG_SQLSTATE);
    std::string said = field(PG_DIAG_MESSAGE_PRIMARY);
    if (said.empty()) said = first_line(pq.result_error_message(result));
    if (said.empty()) said = "it is not a query that gives rows";
    std::string hint = field(PG_DIAG_MESSAGE_HINT);
    if (hint.empty()) hint = hint_for(code);
    throw postgres_error(code, errc::storage_failure,
                         where.shown + ": " + said + (code.empty() ? "" : " (SQLSTATE " + code + ")"), std::move(hint));
  }

  task<void> connect(const std::string& uri) {
    const std::array names{"dbname", "client_encoding", "fallback_application_name", static_cast<const char*>(nullptr)};
    const std::array values{uri.c_str(), "UTF8", "lakh", static_cast<const char*>(nullptr)};
    connection = pq.connect_start(names.data(), values.data(), 1);
    if (connection == nullptr) throw std::bad_alloc();
    if (pq.status(connection) == CONNECTION_BAD) fail_connection("cannot connect");
    pq.set_notice_receiver(connection, [](void*, const PGresult*) {}, nullptr);  // libpq would print them
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED) fail_connection("cannot connect");
      co_await wait(next == PGRES_POLLING_READING ? descriptor::wait_read : descriptor::wait_write);
      next = pq.connect_poll(connection);
    }
    if (pq.set_nonblocking(connection, 1) != 0) fail_connection("cannot connect");
  }

  // Sends one statement and reads what comes of it to the end.
  task<void> run(const char* text, const std::vector<std::string>& parameters,
                 const std::function<void(const postgres_row&)>* each) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    if (pq.send_query(connection, text, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0) ==
        0)
      fail_connection("cannot send the query");
    if (each != nullptr && pq.single_rows(connection) == 0) fail_connection("cannot send the query");
    for (;;) {
      const int left = pq.flush(connection);
      if (left < 0) fail_connection("cannot send the query");
      if (left == 0) break;
      co_await wait(descriptor::wait_write);
    }
    for (;;) {
      while (pq.is_busy(connection) != 0) {
        co_await wait(descriptor::wait_read);
        if (pq.consume_input(connection) == 0) fail_connection("the connection broke");
      }
      const result_ptr result(pq.get_result(connection));
      if (!result) co_return;
      switch (pq.result_status(result.get())) {
        case PGRES_SINGLE_TUPLE:
          if (each != nullptr) (*each)(postgres_row(result.get()));
          break;
        case PGRES_TUPLES_OK: break;  // the end of the rows
        case PGRES_COMMAND_OK:
          if (each == nullptr) break;
          throw postgres_error({}, errc::bad_input, where.shown + ": the query gives no rows", "write a SELECT");
        case PGRES_FATAL_ERROR: fail_query(result.get());
        default:  // COPY and the like, which would wait for us for ever
          throw postgres_error({}, errc::bad_input, where.shown + ": only a query that gives rows can be asked",
                               "write a SELECT");
      }
    }
  }

  const libpq& pq = libpq::get();
  address where;
  PGconn* connection = nullptr;
};

postgres::postgres(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}
postgres::postgres(postgres&&) noexcept = default;
postgres& postgres::operator=(postgres&&) noexcept = default;
postgres::~postgres() = default;

task<postgres> postgres::connect(std::string uri, std::chrono::nanoseconds limit) {
  auto made = std::make_unique<state>(address(uri));
  try {
    co_await with_timeout(std::chrono::duration_cast<duration>(limit), made->connect(uri));
  } catch (const timeout_error&) {
    throw timeout_error(made->where.shown + ": no connection in time", "is the host reachable from here?");
  }
  co_return postgres(std::move(made));
}

task<void> postgres::query(written_query what, std::vector<std::string> parameters,
                           std::function<void(const postgres_row&)> each) {
  const std::vector<std::string> none;
  co_await state_->run("BEGIN TRANSACTION READ ONLY", none, nullptr);
  co_await state_->run(what.text().c_str(), parameters, &each);
  co_await state_->run("COMMIT", none, nullptr);
}

}  // namespace lakh::sql
