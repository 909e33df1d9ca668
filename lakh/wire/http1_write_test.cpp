#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_status.hpp>
#include <lakh/wire/transcript.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace lakh::wire {
namespace {

using namespace std::string_view_literals;

TEST(http1_write, a_request_reads_back) {
  std::string out;
  ASSERT_TRUE(append_request_line(out, "POST", "/orders?run=7"));
  append_line(out, "Content-Type: application/json");
  ASSERT_TRUE(append_field(out, "Host", "shop"));
  append_content_length(out, 2);
  append_head_end(out);
  out += "{}";
  EXPECT_EQ(
      request_transcript(std::vector{std::string_view(out)}),
      "POST /orders?run=7 @shop 1.1 keep [Content-Type: application/json] [Host: shop] [Content-Length: 2] length "
      "'{}'\n");
}

TEST(http1_write, a_chunked_response_reads_back) {
  std::string out;
  append_status_line(out, 200);
  append_line(out, "Transfer-Encoding: chunked");
  append_head_end(out);
  append_chunk(out, "hello, ");
  append_chunk_header(out, 18);
  out += "eighteen more byte";
  append_chunk_end(out);
  append_last_chunk(out);
  EXPECT_EQ(response_transcript(std::vector{std::string_view(out)}),
            "200 'OK' 1.1 keep [Transfer-Encoding: chunked] chunked 'hello, eighteen more byte'\n");
}

TEST(http1_write, every_status_line_reads_back) {
  for (int status = 100; status <= 999; ++status) {
    std::string out;
    append_status_line(out, status);
    append_line(out, "Content-Length: 0");
    append_head_end(out);
    response_head head;
    const auto result = parse_response_head(out, head, http_method::get);
    ASSERT_EQ(result.state, parse_state::complete) << out;
    EXPECT_EQ(head.status, status);
    EXPECT_EQ(head.reason, status_line(status).empty() ? "" : reason_phrase(status));
  }
}

TEST(http1_write, fields_that_could_inject_are_refused_and_leave_nothing) {
  std::string out;
  for (std::string_view value :
       {"a\r\nSet-Cookie: x"sv, "a\rb"sv, "a\nb"sv, "a\0b"sv, "a\x7f"sv, "\x1b[0m"sv, " a"sv, "a\t"sv})
    EXPECT_FALSE(append_field(out, "X", value)) << value;
  for (std::string_view name : {""sv, "X Y"sv, "X:"sv, "X\r\nY"sv, "X\0"sv, "\xc3\xa9"sv})
    EXPECT_FALSE(append_field(out, name, "a")) << name;
  for (std::string_view target : {""sv, "/a b"sv, "/a\r\nHost: b"sv, "/\xc3\xa9"sv, "/#a"sv, "/a HTTP/1.1"sv})
    EXPECT_FALSE(append_request_line(out, "GET", target)) << target;
  for (std::string_view method : {""sv, "GET /"sv, "G\r\n"sv}) EXPECT_FALSE(append_request_line(out, method, "/"));
  EXPECT_EQ(out, "");
  EXPECT_TRUE(append_field(out, "X", ""));
  EXPECT_TRUE(append_field(out, "X", "\xc3\xa9\t!"));
  EXPECT_EQ(out, "X: \r\nX: \xc3\xa9\t!\r\n");
}

TEST(http1_write, numbers_are_written_in_full) {
  std::string out;
  append_content_length(out, 18446744073709551615u);
  append_chunk_header(out, 0xffffffffffffffffu);
  EXPECT_EQ(out, "Content-Length: 18446744073709551615\r\nffffffffffffffff\r\n");
}

TEST(http_status, phrases_come_from_the_registry) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(reason_phrase(-1), "Unknown");
  EXPECT_EQ(status_line(200), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(status_line(1000), "");
}

TEST(http_method, names_and_codes_match) {
  for (int i = 0; i < static_cast<int>(http_method::other); ++i)
    EXPECT_EQ(method_of(name(static_cast<http_method>(i))), static_cast<http_method>(i));
  EXPECT_EQ(method_of("get"), http_method::other);
  EXPECT_EQ(method_of(""), http_method::other);
  EXPECT_TRUE(is_idempotent(http_method::put));
  EXPECT_FALSE(is_idempotent(http_method::post));
  EXPECT_FALSE(is_idempotent(http_method::other));
}

}  // namespace
}  // namespace lakh::wire
