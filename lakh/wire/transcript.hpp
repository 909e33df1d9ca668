// For tests and fuzzers: reads messages from bytes as a connection would and writes down all that the codec said. A
// codec is right about splits if the transcript is the same however the bytes are cut.
#pragma once

#include <lakh/wire/http1_body.hpp>
#include <lakh/wire/http1_head.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace lakh::wire {

struct transcript_options {
  head_limits head;
  body_limits body;
  http_method request_method = http_method::get;  // for responses
  bool positions = false;                         // where errors were noticed
  bool eof = false;                               // the peer closes after the last piece
};

// One line for each message, for example
//   POST /orders @shop:80 1.1 keep [Host: shop:80] [Content-Length: 5] length 'hello'
//   200 'OK' 1.1 close [Connection: close] until_close 'hello'
// then nothing if all bytes were used up, "more" in the middle of a head, "open" in the middle of a body, or
// "error NAME STATUS". Every parse sees the bytes in a heap block of exactly their size, so that AddressSanitizer
// notices any look beyond it.
std::string request_transcript(std::span<const std::string_view> pieces, const transcript_options& options = {});
std::string response_transcript(std::span<const std::string_view> pieces, const transcript_options& options = {});

// Calls `check` with `bytes` whole, byte by byte, and cut in two at every place.
void for_each_split(std::string_view bytes, const std::function<void(std::span<const std::string_view>)>& check);

}  // namespace lakh::wire
