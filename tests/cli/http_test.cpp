// `lakh http` against a server that answers what the test says.
#include "fake_server.hpp"
#include "harness.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace {

using namespace lakh::cli::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

answer_script always(const std::string& text) {
  return [text](const std::string&) { return text; };
}

surroundings terminal() {
  surroundings made;
  made.out_is_terminal = made.err_is_terminal = true;
  made.variables["NO_COLOR"] = "1";
  return made;
}

TEST(http, in_a_pipe_the_body_comes_byte_for_byte) {
  const std::string bytes("a\0\xff\x1b[31m{ \n", 10);
  fake_server server(always(answer("200 OK", bytes, "application/json")));
  const said got = say({"http", server.url("/x")});
  EXPECT_EQ(got.code, 0);
  EXPECT_EQ(got.out, bytes);
  EXPECT_EQ(got.err, "");
  EXPECT_THAT(server.requests().at(0), StartsWith("GET /x HTTP/1.1\r\nHost: " + server.address() + "\r\n"));
}

TEST(http, on_a_terminal_json_is_laid_out_under_its_status) {
  fake_server server(always(answer("201 Created", R"({"id":7})")));
  EXPECT_EQ(say({"http", server.url()}, terminal()).out, "HTTP/1.1 201 Created\n{\n  \"id\": 7\n}\n");
}

TEST(http, on_a_terminal_an_answer_cannot_steer_it) {
  fake_server server([](const std::string& request) {
    if (request.find("/binary") != std::string::npos)
      return answer("200 OK", std::string("\0\1\2", 3), "application/octet-stream");
    return answer("200 OK", "a\x1b[2Jb", "text/plain", "X-Evil: caf\xe9\r\n");
  });
  const said got = say({"http", server.url(), "-i"}, terminal());
  EXPECT_THAT(got.out, HasSubstr("a\\x1b[2Jb\n"));
  EXPECT_THAT(got.out, HasSubstr("X-Evil: caf\\xe9\n"));
  EXPECT_THAT(say({"http", server.url("/binary")}, terminal()).out, HasSubstr("3 B that are no text"));
}

TEST(http, the_method_follows_the_body_unless_it_is_said) {
  fake_server server(always(answer("200 OK", "")));
  static_cast<void>(say({"http", server.url(), "--json", R"({"a":1})"}));
  static_cast<void>(say({"http", "put", server.url(), "--data", "text"}));
  static_cast<void>(say({"http", "DELETE", server.url()}));
  static_cast<void>(say({"http", server.url(), "--form", "a=1", "--form", "b=x y&z", "--form", "a=2"}));
  const auto got = server.requests();
  ASSERT_EQ(got.size(), 4U);
  EXPECT_THAT(got[0], StartsWith("POST / "));
  EXPECT_THAT(got[0], HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_EQ(body_of(got[0]), R"({"a":1})");
  EXPECT_THAT(got[1], StartsWith("PUT / "));
  EXPECT_THAT(got[1], HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(got[2], StartsWith("DELETE / "));
  EXPECT_THAT(got[3], HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_EQ(body_of(got[3]), "a=1&a=2&b=x+y%26z");
}

TEST(http, bodies_and_headers_come_from_files_and_standard_input) {
  fake_server server(always(answer("200 OK", "")));
  const scratch_folder folder;
  const std::string bytes("\0\xff raw", 6);
  surroundings typed;
  typed.input = R"({"typed":true})";
  static_cast<void>(say({"http", server.url(), "--json", "@" + folder.write("a.json", "[1, 2]")}));
  static_cast<void>(say({"http", server.url(), "--data", "@" + folder.write("raw", bytes)}));
  static_cast<void>(say({"http", server.url(), "--json", "@-"}, typed));
  static_cast<void>(say({"http", server.url(), "-H",
                         "@" + folder.write("h", "Authorization: Bearer s3cret\r\n\nX-Two: 2\n"), "-H", "X-One:1"}));
  const auto got = server.requests();
  ASSERT_EQ(got.size(), 4U);
  EXPECT_EQ(body_of(got[0]), "[1, 2]");
  EXPECT_EQ(body_of(got[1]), bytes);
  EXPECT_EQ(body_of(got[2]), R"({"typed":true})");
  for (const char* field : {"Authorization: Bearer s3cret\r\n", "X-Two: 2\r\n", "X-One: 1\r\n"})
    EXPECT_THAT(got[3], HasSubstr(field));
}

TEST(http, a_mistake_in_a_json_file_is_shown_at_its_line) {
  const scratch_folder folder;
  const std::string file = folder.write("order.json", "{\n  \"a\": 1,\n  \"b\": oops\n}");
  const said got = say({"http", "http://127.0.0.1:1/", "--json", "@" + file});
  EXPECT_EQ(got.code, 2);
  EXPECT_THAT(got.err, StartsWith("error: " + file + ":3:8: this is not JSON"));
}

TEST(http, queries_and_keys_are_escaped_as_they_must_be) {
  fake_server server(always(answer("200 OK", "")));
  static_cast<void>(say({"http", "POST", server.url("/o?a=1"), "-q", "b=x y&z", "-q", "c=", "--key", "a\"b"}));
  EXPECT_THAT(server.requests().at(0), StartsWith("POST /o?a=1&b=x+y%26z&c= "));
  EXPECT_THAT(server.requests().at(0), HasSubstr("Idempotency-Key: \"a\\\"b\"\r\n"));
}

TEST(http, a_url_may_leave_out_what_goes_without_saying) {
  fake_server server(always(answer("200 OK", "yes")));
  EXPECT_EQ(say({"http", server.address() + "/x"}).out, "yes");
  EXPECT_EQ(say({"http", server.address().substr(9) + "/x"}).out, "yes");  // ":PORT/x"
}

TEST(http, the_status_decides_the_exit_code) {
  for (const auto& [status, code] :
       {std::pair("200 OK", 0), std::pair("204 No Content", 0), std::pair("304 Not Modified", 0),
        std::pair("400 Bad Request", 1), std::pair("404 Not Found", 1), std::pair("503 Busy", 1)}) {
    const std::string text(status);
    const bool bare = text.starts_with("204") || text.starts_with("304");
    fake_server server(always(bare ? "HTTP/1.1 " + text + "\r\n\r\n" : answer(text, "{}")));
    EXPECT_EQ(say({"http", server.url()}).code, code) << status;
  }
}

TEST(http, what_is_expected_decides_the_exit_code) {
  fake_server server(
      always(answer("409 Conflict", R"({"status":"known","n":3,"s":"3"})", "application/json", "X-Run: r1\r\n")));
  const auto code = [&](std::vector<std::string> expected) {
    expected.insert(expected.begin(), {"http", server.url()});
    return say(std::move(expected)).code;
  };
  EXPECT_EQ(code({"--expect", "201,409"}), 0);
  EXPECT_EQ(code({"-e", "409", "--expect-json", "$.status=known", "--expect-json", "$.n=3"}), 0);
  EXPECT_EQ(code({"-e", "409", "--expect-json", "$.s=\"3\""}), 0);
  EXPECT_EQ(code({"-e", "409", "--expect-header", "X-Run: r1", "--expect-header", "Content-Type"}), 0);
  EXPECT_EQ(code({"-e", "201"}), 1);
  EXPECT_EQ(code({"-e", "409", "--expect-json", "$.s=3"}), 1);
  EXPECT_EQ(code({"-e", "409", "--expect-json", "$.gone=3"}), 1);
  EXPECT_EQ(code({"-e", "409", "--expect-header", "X-Run: r2"}), 1);
  const said got = say({"http", server.url(), "-e", "201"});
  EXPECT_EQ(got.err, "not as expected: answered 409 Conflict\n");
  EXPECT_THAT(got.out, HasSubstr("known"));  // the answer is shown all the same
}

TEST(http, kept_values_are_printed_alone) {
  fake_server server(always(answer("200 OK", R"({"id":"ord_1","lines":[{"n":2}]})")));
  EXPECT_EQ(say({"http", server.url(), "--keep", "id=$.id", "--keep", "n=$.lines[0].n"}).out, "id=ord_1\nn=2\n");
  const said got = say({"http", server.url(), "--keep", "x=$.gone"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.err, HasSubstr("the answer has no $.gone"));
}

TEST(http, everything_can_be_had_as_json) {
  fake_server server([](const std::string& request) {
    if (request.starts_with("GET /b")) return answer("200 OK", "\xff", "image/png");
    if (request.starts_with("GET /t")) return answer("200 OK", "a\n\"b\"", "text/plain");
    return answer("200 OK", "{\"a\":\n1.10}", "application/json", "X-Two: 1\r\nX-Two: 2\r\n");
  });
  const std::string text = say({"http", server.url("/j"), "--format", "json"}).out;
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto value = boost::json::parse(text);
  EXPECT_EQ(value.at("status").as_int64(), 200);
  EXPECT_EQ(value.at("headers").as_array().size(), 4U);
  EXPECT_GT(value.at("milliseconds").at("total").as_double(), 0.0);
  EXPECT_THAT(text, HasSubstr("1.10"));
  EXPECT_EQ(boost::json::parse(say({"http", server.url("/t"), "--format", "json"}).out).at("text").as_string(),
            "a\n\"b\"");
  EXPECT_EQ(boost::json::parse(say({"http", server.url("/b"), "--format", "json"}).out).at("base64").as_string(),
            "/w==");
}

TEST(http, shows_what_was_asked_and_where_the_time_went_on_stderr) {
  fake_server server(always(answer("200 OK", "body", "text/plain")));
  const said got = say({"http", "POST", server.url("/x"), "-H", "A: b", "-v", "-T"});
  EXPECT_EQ(got.out, "body");
  for (const char* part : {"> POST http://", "> A: b\n", "HTTP/1.1 200 OK\n", "Content-Type: text/plain\n", "look-up",
                           "connect", "first byte", "transfer", "total"})
    EXPECT_THAT(got.err, HasSubstr(part));
  EXPECT_THAT(say({"http", server.url(), "-i"}).out, StartsWith("HTTP/1.1 200 OK\nContent-Type: text/plain\n"));
}

TEST(http, an_answer_can_be_saved) {
  fake_server server(always(answer("200 OK", "bytes")));
  const scratch_folder folder;
  const said got = say({"http", server.url(), "-o", folder.path("answer")});
  EXPECT_EQ(got.code, 0);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(read_file(folder.path("answer")), "bytes");
  const said not_there = say({"http", server.url(), "-o", folder.path("no/such/folder")});
  EXPECT_EQ(not_there.code, 4);
  EXPECT_THAT(not_there.err, HasSubstr("could not be written to"));
}

TEST(http, redirects_are_followed_as_far_as_allowed) {
  fake_server server([](const std::string& request) {
    if (request.starts_with("GET /end")) return answer("200 OK", "there");
    return answer("302 Found", "", "text/plain", "Location: /end\r\n");
  });
  EXPECT_EQ(say({"http", server.url()}).out, "there");
  EXPECT_THAT(say({"http", server.url(), "--redirects", "0", "-i"}).out, StartsWith("HTTP/1.1 302 Found"));
}

struct bad_target {
  std::string name;
  std::string bytes;  // what it answers; empty: it hangs up
  std::string error;
};
void PrintTo(const bad_target& one, std::ostream* to) {
  *to << one.name;
}
class bad : public testing::TestWithParam<bad_target> {};

TEST_P(bad, answers_are_named_and_end_with_3) {
  fake_server server(always(GetParam().bytes));
  const said got = say({"http", server.url(), "--timeout", "300ms", "--answer-limit", "1000"});
  EXPECT_EQ(got.code, 3);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, StartsWith("error: GET " + server.url()));
  EXPECT_THAT(got.err, HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    http, bad,
    testing::Values(
        bad_target{"hangs_up", "", ""}, bad_target{"is_no_http", "SSH-2.0-OpenSSH_9.2\r\n", "malformed"},
        bad_target{"is_cut_short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "no complete answer in time"},
        bad_target{"is_too_large", answer("200 OK", std::string(2000, 'x')), "larger than the limit"},
        bad_target{"never_ends", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "in time"},
        bad_target{"has_two_lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                   "malformed"}),
    [](const auto& info) { return info.param.name; });

TEST(http, nobody_there_ends_with_3) {
  const said refused = say({"http", dead_address()});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("Connection refused"));
  EXPECT_THAT(refused.err, HasSubstr("hint: is the server running"));
  const said nameless = say({"http", "http://no-such-host.invalid/"});
  EXPECT_EQ(nameless.code, 3);
  EXPECT_THAT(nameless.err, HasSubstr("no-such-host.invalid"));
}

}  // namespace
