// libpq, loaded when it is first needed. Internal to the room.
#pragma once

#include <postgresql/libpq-fe.h>

namespace lakh::sql {

struct libpq {
  // Throws sql_error with a hint where the library is not installed.
  static const libpq& get();

  decltype(&PQconninfoParse) conninfo_parse;
  decltype(&PQconninfoFree) conninfo_free;
  decltype(&PQfreemem) free_memory;
  decltype(&PQconnectStartParams) connect_start;
  decltype(&PQconnectPoll) connect_poll;
  decltype(&PQstatus) status;
  decltype(&PQsocket) socket;
  decltype(&PQfinish) finish;
  decltype(&PQerrorMessage) error_message;
  decltype(&PQconnectionNeedsPassword) needs_password;
  decltype(&PQconnectionUsedPassword) used_password;
  decltype(&PQsetnonblocking) set_nonblocking;
  decltype(&PQsetNoticeReceiver) set_notice_receiver;
  decltype(&PQsendQueryParams) send_query;
  decltype(&PQsetSingleRowMode) single_rows;
  decltype(&PQflush) flush;
  decltype(&PQconsumeInput) consume_input;
  decltype(&PQisBusy) is_busy;
  decltype(&PQgetResult) get_result;
  decltype(&PQresultStatus) result_status;
  decltype(&PQresultErrorField) result_error_field;
  decltype(&PQresultErrorMessage) result_error_message;
  decltype(&PQclear) clear;
  decltype(&PQnfields) columns;
  decltype(&PQgetisnull) is_null;
  decltype(&PQgetvalue) value;
  decltype(&PQgetlength) length;

 private:
  libpq();
};

}  // namespace lakh::sql
