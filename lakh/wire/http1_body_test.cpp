#include <lakh/wire/http1_body.hpp>
#include <lakh/wire/transcript.hpp>

#include <gtest/gtest.h>

#include <string>

namespace lakh::wire {
namespace {

// Decodes pieces to the end, and says what came out: content, then state.
std::string decode(std::span<const std::string_view> pieces, body_decoder body, bool eof = false) {
  std::string content;
  std::size_t left = 0;
  for (std::string_view piece : pieces) {
    left = piece.size();
    while (left > 0 && body.state() == body_state::more) {
      const auto step = body.decode(piece.substr(piece.size() - left));
      EXPECT_TRUE(step.consumed > 0 || step.state == body_state::error);
      content.append(step.data);
      left -= step.consumed;
    }
  }
  if (eof) body.at_eof();
  EXPECT_GE(body.received(), content.size());
  if (body.state() == body_state::error) return content + "|" + std::string(name(body.error()));
  return content + (body.state() == body_state::done ? "|done" : "|more");
}

void expect_body(std::string_view bytes, const body_decoder& body, std::string_view expected, bool eof = false) {
  for_each_split(bytes, [&](auto pieces) { EXPECT_EQ(decode(pieces, body, eof), expected) << bytes; });
}

body_decoder chunked(body_limits limits = {}) {
  return body_decoder(body_framing::chunked, 0, limits);
}

TEST(http1_body, no_body_and_length_0_are_done_before_the_first_byte) {
  EXPECT_EQ(body_decoder().state(), body_state::done);
  EXPECT_EQ(body_decoder(body_framing::none).state(), body_state::done);
  EXPECT_EQ(body_decoder(body_framing::length, 0).state(), body_state::done);
  EXPECT_EQ(body_decoder(body_framing::length, 0).at_eof(), body_state::done);
}

TEST(http1_body, a_length_ends_where_it_says) {
  expect_body("hello", body_decoder(body_framing::length, 5), "hello|done");
  expect_body("hell", body_decoder(body_framing::length, 5), "hell|more");
  expect_body("hell", body_decoder(body_framing::length, 5), "hell|truncated", true);
}

TEST(http1_body, what_follows_the_body_is_left_alone) {
  body_decoder body(body_framing::length, 5);
  const auto step = body.decode("helloGET / HTTP/1.1");
  EXPECT_EQ(step.consumed, 5u);
  EXPECT_EQ(step.data, "hello");
  EXPECT_EQ(step.state, body_state::done);
  EXPECT_EQ(body.decode("GET").consumed, 0u);

  body_decoder chunks = chunked();
  EXPECT_EQ(chunks.decode("2\r\nok\r\n0\r\n\r\nGET").consumed, 12u);
}

TEST(http1_body, a_small_chunked_body_comes_out_in_one_step) {
  body_decoder body = chunked();
  const auto step = body.decode("2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(step.data, "ok");
  EXPECT_EQ(step.state, body_state::done);
}

TEST(http1_body, each_step_has_one_run_of_content) {
  body_decoder body = chunked();
  std::string_view bytes = "2\r\nok\r\n3\r\nyes\r\n0\r\n\r\n";
  auto step = body.decode(bytes);
  EXPECT_EQ(step.data, "ok");
  EXPECT_EQ(step.state, body_state::more);
  EXPECT_EQ(body.expected(), 3u);
  bytes.remove_prefix(step.consumed);
  step = body.decode(bytes);
  EXPECT_EQ(step.data, "yes");
  EXPECT_EQ(step.state, body_state::done);
  EXPECT_EQ(body.received(), 5u);
}

TEST(http1_body, content_may_hold_anything) {
  const std::string_view bytes("5\r\n\r\n\0\r\n\r\n0\r\n\r\n", 15);
  expect_body(bytes, chunked(), std::string("\r\n\0\r\n|done", 10));
}

TEST(http1_body, sizes_are_hexadecimal_in_both_cases_and_may_have_leading_zeros) {
  expect_body("0a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n", chunked(), "01234567890123456789|done");
  expect_body("0000000000000002\r\nok\r\n0\r\n\r\n", chunked(), "ok|done");
  expect_body("00000000000000002\r\nok\r\n0\r\n\r\n", chunked(), "|bad_chunk_size");
}

TEST(http1_body, until_close_ends_at_the_end_of_the_stream) {
  expect_body("all of it", body_decoder(body_framing::until_close), "all of it|more");
  expect_body("all of it", body_decoder(body_framing::until_close), "all of it|done", true);
  EXPECT_EQ(body_decoder(body_framing::until_close).at_eof(), body_state::done);
}

TEST(http1_body, the_limit_of_the_content_is_exact) {
  body_limits limits;
  limits.max_body = 5;
  EXPECT_EQ(body_decoder(body_framing::length, 6, limits).error(), http1_error::body_too_large);
  expect_body("hello", body_decoder(body_framing::length, 5, limits), "hello|done");
  expect_body("hello", body_decoder(body_framing::until_close, 0, limits), "hello|done", true);
  expect_body("hello!", body_decoder(body_framing::until_close, 0, limits), "hello|body_too_large");
  expect_body("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", chunked(limits), "hello|done");
  expect_body("2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n", chunked(limits), "he|body_too_large");
}

TEST(http1_body, extensions_and_trailers_are_bounded_over_the_whole_body) {
  body_limits limits;
  limits.max_chunk_extensions = 4;
  limits.max_trailers = 8;
  expect_body("1;x\r\na\r\n1;x\r\nb\r\n0\r\n\r\n", chunked(limits), "ab|done");
  expect_body("1;x\r\na\r\n1;x\r\nb\r\n0;\r\n\r\n", chunked(limits), "ab|chunk_extension_too_long");
  expect_body("0\r\nX: 1234\r\n\r\n", chunked(limits), "|trailer_too_long");
  expect_body("0\r\nX: 123\r\n\r\n", chunked(limits), "|done");
}

TEST(http1_body, the_end_of_the_stream_inside_a_chunked_body_is_truncation_at_every_byte) {
  const std::string_view bytes = "2;x\r\nok\r\n0\r\nX: 1\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    body_decoder body = chunked();
    std::string_view rest = bytes.substr(0, size);
    while (!rest.empty()) rest.remove_prefix(body.decode(rest).consumed);
    EXPECT_EQ(body.at_eof(), body_state::error);
    EXPECT_EQ(body.error(), http1_error::truncated);
  }
}

TEST(http1_body, an_error_stays) {
  body_decoder body = chunked();
  EXPECT_EQ(body.decode("x").state, body_state::error);
  EXPECT_EQ(body.decode("2\r\nok\r\n").state, body_state::error);
  EXPECT_EQ(body.at_eof(), body_state::error);
  EXPECT_EQ(body.error(), http1_error::bad_chunk_size);
}

}  // namespace
}  // namespace lakh::wire
