#include <lakh/sql/libpq.hpp>
#include <lakh/sql/postgres.hpp>

#include <dlfcn.h>

namespace lakh::sql {

const libpq& libpq::get() {
  static const libpq loaded;
  return loaded;
}

libpq::libpq() {
  const char* const file = "libpq.so.5";
  void* const library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  const auto fail = [] {
    const char* const why = ::dlerror();
    throw postgres_error(
        {}, errc::storage_failure,
        std::string("PostgreSQL's client library cannot be loaded: ") + (why ? why : "no reason given"),
        "install it: apt-get install libpq5");
  };
  if (library == nullptr) fail();
  const auto load = [&](auto& function, const char* name) {
    void* const found = ::dlsym(library, name);
    if (found == nullptr) fail();
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(found);
  };
  load(conninfo_parse, "PQconninfoParse");
  load(conninfo_free, "PQconninfoFree");
  load(free_memory, "PQfreemem");
  load(connect_start, "PQconnectStartParams");
  load(connect_poll, "PQconnectPoll");
  load(status, "PQstatus");
  load(socket, "PQsocket");
  load(finish, "PQfinish");
  load(error_message, "PQerrorMessage");
  load(needs_password, "PQconnectionNeedsPassword");
  load(used_password, "PQconnectionUsedPassword");
  load(set_nonblocking, "PQsetnonblocking");
  load(set_notice_receiver, "PQsetNoticeReceiver");
  load(send_query, "PQsendQueryParams");
  load(single_rows, "PQsetSingleRowMode");
  load(flush, "PQflush");
  load(consume_input, "PQconsumeInput");
  load(is_busy, "PQisBusy");
  load(get_result, "PQgetResult");
  load(result_status, "PQresultStatus");
  load(result_error_field, "PQresultErrorField");
  load(result_error_message, "PQresultErrorMessage");
  load(clear, "PQclear");
  load(columns, "PQnfields");
  load(is_null, "PQgetisnull");
  load(value, "PQgetvalue");
  load(length, "PQgetlength");
}

}  // namespace lakh::sql
