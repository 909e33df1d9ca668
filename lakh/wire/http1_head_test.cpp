#include <lakh/wire/http1_head.hpp>
#include <lakh/wire/transcript.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

// Every allocation of this program is counted, but under ThreadSanitizer, whose runtime brings operators of its own.
#if defined(__SANITIZE_THREAD__)
#define LAKH_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LAKH_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef LAKH_COUNTS_ALLOCATIONS
#define LAKH_COUNTS_ALLOCATIONS 1

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
#endif

namespace lakh::wire {
namespace {

constexpr std::string_view order =
    "POST /orders?run=7 HTTP/1.1\r\nHost: shop:8080\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
    "Idempotency-Key: 7-1\r\n\r\n";

head_result parse(std::string_view bytes, request_head& head, const head_limits& limits = {}, std::size_t seen = 0) {
  return parse_request_head(bytes, head, limits, seen);
}

TEST(http1_head, the_facts_are_worked_out_once) {
  request_head head;
  const std::string bytes = std::string(order) + "{\"sku\": \"a\"}";
  const auto result = parse(bytes, head);
  ASSERT_EQ(result.state, parse_state::complete);
  EXPECT_EQ(result.size, order.size());
  EXPECT_EQ(head.method_code, http_method::post);
  EXPECT_EQ(head.target, "/orders?run=7");
  EXPECT_EQ(head.path, "/orders");
  EXPECT_EQ(head.query, "run=7");
  EXPECT_EQ(head.authority, "shop:8080");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.has_content_length);
  EXPECT_EQ(head.framing, body_framing::length);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.find("idempotency-KEY"), "7-1");
  EXPECT_EQ(head.fields.find("idempotency-ke"), std::nullopt);
}

TEST(http1_head, everything_is_a_view_into_the_buffer) {
  request_head head;
  const std::string bytes(order);
  ASSERT_EQ(parse(bytes, head).state, parse_state::complete);
  const auto inside = [&](std::string_view view) {
    return view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size();
  };
  EXPECT_TRUE(inside(head.method) && inside(head.target) && inside(head.path) && inside(head.authority));
  for (const field& f : head.fields) EXPECT_TRUE(inside(f.name) && inside(f.value));
}

TEST(http1_head, a_head_that_is_used_again_keeps_nothing_of_the_last_message) {
  request_head head;
  ASSERT_EQ(parse("POST http://b/x?y HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Type: t/t\r\nExpect: "
                  "100-continue\r\nContent-Length: 5\r\n\r\n",
                  head)
                .state,
            parse_state::complete);
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nHost: c\r\n\r\n", head).state, parse_state::complete);
  EXPECT_EQ(head.authority, "c");
  EXPECT_EQ(head.path, "/");
  EXPECT_EQ(head.query, "");
  EXPECT_EQ(head.content_type, "");
  EXPECT_EQ(head.content_length, 0u);
  EXPECT_FALSE(head.has_content_length);
  EXPECT_EQ(head.framing, body_framing::none);
  EXPECT_EQ(head.form, target_form::origin);
  EXPECT_EQ(head.fields.size(), 1u);
}

#if LAKH_COUNTS_ALLOCATIONS
TEST(http1_head, nothing_is_allocated_once_the_head_is_warm) {
  request_head request;
  response_head response;
  constexpr std::string_view answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: keep-alive, x\r\n\r\n";
  ASSERT_EQ(parse(order, request).state, parse_state::complete);
  ASSERT_EQ(parse_response_head(answer, response, http_method::post).state, parse_state::complete);
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    (void)parse(order, request);
    (void)parse(order.substr(0, 50), request);
    (void)parse_response_head(answer, response, http_method::post);
  }
  EXPECT_EQ(allocations, before);
}
#endif

TEST(http1_head, the_first_byte_that_cannot_begin_a_message_is_refused_at_once) {
  request_head request;
  EXPECT_EQ(parse("\x16", request).error, http1_error::bad_start);
  EXPECT_EQ(parse("\r\n{", request).error, http1_error::bad_start);
  response_head response;
  EXPECT_EQ(parse_response_head("S", response, http_method::get).error, http1_error::bad_start);
}

TEST(http1_head, an_error_says_where_it_was_noticed) {
  request_head head;
  const auto result = parse("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", head);
  EXPECT_EQ(result.state, parse_state::error);
  EXPECT_EQ(result.size, 28u);
  EXPECT_EQ(status_for(result.error), 400);
  EXPECT_EQ(message(result.error), "a field value has a control character");
}

TEST(http1_head, positions_of_errors_do_not_depend_on_the_cut) {
  transcript_options options;
  options.positions = true;
  for (std::string_view bytes :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n"}) {
    const std::string whole = request_transcript(std::vector{bytes}, options);
    EXPECT_NE(whole.find(" at "), std::string::npos);
    for_each_split(bytes, [&](auto pieces) { EXPECT_EQ(request_transcript(pieces, options), whole); });
  }
}

TEST(http1_head, limits_are_exact_and_do_not_depend_on_the_cut) {
  const std::string_view bytes = "GET /12345 HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\n\r\n";
  const auto with = [&](auto change) {
    transcript_options options;
    change(options.head);
    const std::string whole = request_transcript(std::vector{bytes}, options);
    for_each_split(bytes, [&](auto pieces) { EXPECT_EQ(request_transcript(pieces, options), whole); });
    return whole;
  };
  const std::string fine = "GET /12345 @a 1.1 keep [Host: a] [X: 1] [Y: 2]\n";
  EXPECT_EQ(with([](head_limits& l) { l.max_fields = 3; }), fine);
  EXPECT_EQ(with([](head_limits& l) { l.max_fields = 2; }), "error too_many_fields 431");
  EXPECT_EQ(with([](head_limits& l) { l.max_target = 6; }), fine);
  EXPECT_EQ(with([](head_limits& l) { l.max_target = 5; }), "error target_too_long 414");
  EXPECT_EQ(with([&](head_limits& l) { l.max_head = bytes.size(); }), fine);
  EXPECT_EQ(with([&](head_limits& l) { l.max_head = bytes.size() - 1; }), "error head_too_large 431");
  EXPECT_EQ(with([&](head_limits& l) { l.max_head = 22; }), "error head_too_large 431");
  EXPECT_EQ(with([&](head_limits& l) { l.max_head = 10; }), "error target_too_long 414");
}

TEST(http1_head, a_head_without_end_is_refused_at_the_limit) {
  head_limits limits;
  request_head head;
  std::string bytes = "GET / HTTP/1.1\r\nX: ";
  bytes.append(limits.max_head - bytes.size() - 1, 'a');
  EXPECT_EQ(parse(bytes, head, limits).state, parse_state::need_more);
  bytes += 'a';
  EXPECT_EQ(parse(bytes, head, limits, bytes.size() - 1).error, http1_error::head_too_large);
}

TEST(http1_head, long_values_and_targets_are_scanned_in_blocks_and_tails) {
  request_head head;
  for (std::size_t length = 1; length < 70; ++length) {
    const std::string filler(length, 'v');
    const std::string good = "GET /" + filler + " HTTP/1.1\r\nHost: a\r\nX" + filler + ": " + filler + "\r\n\r\n";
    ASSERT_EQ(parse(good, head).state, parse_state::complete) << length;
    ASSERT_EQ(head.fields[1].value, filler);
    for (char bad : {'\0', '\x1f', '\x7f', '\r', '\n'}) {
      for (std::size_t at = good.find(filler); at < good.size() - 4; at += 7) {
        if (good[at] != 'v') continue;
        std::string broken = good;
        broken[at] = bad;
        ASSERT_EQ(parse(broken, head).state, parse_state::error) << length << ' ' << at << ' ' << int(bad);
      }
    }
  }
}

TEST(http1_head, every_byte_is_judged_alike_by_block_and_by_table) {
  request_head head;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    const auto state = [&](const std::string& bytes) { return parse(bytes, head).state; };
    const auto expect = [&](bool allowed) { return allowed ? parse_state::complete : parse_state::error; };
    const std::string pad = "aaaaaaaaaaaaaaaa";
    for (const std::string& tail : {std::string(), pad}) {
      // Behind the byte there is a block's worth of bytes, or (in the last line) there is not.
      EXPECT_EQ(state("GET /" + c + tail + " HTTP/1.1\r\nHost: a\r\n\r\n"), expect(is(c[0], class_target))) << byte;
      EXPECT_EQ(state("GET / HTTP/1.1\r\nHost: a\r\nX: a" + c + "a" + tail + "\r\n\r\n"), expect(is(c[0], class_value)))
          << byte;
      if (byte != ':') {
        EXPECT_EQ(state("GET / HTTP/1.1\r\nHost: a\r\nX" + c + "Y" + tail + ":\r\n\r\n"), expect(is(c[0], class_token)))
            << byte;
      }
    }
  }
}

TEST(http1_head, an_empty_buffer_needs_more) {
  request_head request;
  response_head response;
  EXPECT_EQ(parse({}, request).state, parse_state::need_more);
  EXPECT_EQ(parse_response_head({}, response, http_method::get).state, parse_state::need_more);
}

TEST(http1_error, every_error_has_a_name_a_message_and_a_status) {
  for (int i = 1; i < http1_error_count; ++i) {
    const auto error = static_cast<http1_error>(i);
    EXPECT_FALSE(name(error).empty());
    EXPECT_FALSE(message(error).empty());
    EXPECT_GE(status_for(error), 400);
  }
}

}  // namespace
}  // namespace lakh::wire
