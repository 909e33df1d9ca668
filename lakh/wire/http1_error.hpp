// What can be wrong with an HTTP/1.1 message, what a person is told, and what a server answers.
#pragma once

#include <cstdint>
#include <string_view>

namespace lakh::wire {

enum class http1_error : std::uint8_t {
  none,
  // the start line
  bad_start,  // the first byte cannot begin a message: TLS, or another protocol
  bad_request_line,
  bad_target,
  target_too_long,
  bad_version,          // not "HTTP/" digit "." digit
  unsupported_version,  // a version that is not 1.x
  bad_status_line,
  bad_status_code,
  // lines
  bare_line_feed,
  bare_carriage_return,
  head_too_large,
  // fields
  too_many_fields,
  folded_line,
  space_before_colon,
  bad_field_name,
  bad_field_value,
  // framing
  bad_content_length,
  repeated_content_length,
  length_and_transfer_coding,
  bad_transfer_coding,
  repeated_transfer_coding,
  transfer_coding_in_http10,
  unknown_transfer_coding,
  chunked_not_last,
  missing_host,
  repeated_host,
  bad_host,
  // body
  bad_chunk_size,
  bad_chunk_extension,
  chunk_extension_too_long,
  bad_chunk_end,
  bad_trailer,
  trailer_too_long,
  body_too_large,
  truncated,  // the peer closed before the end that its framing promised
};

inline constexpr int http1_error_count = static_cast<int>(http1_error::truncated) + 1;

// The enumerator's name, for counting and for tests: "bare_line_feed".
std::string_view name(http1_error error) noexcept;

// One line that says what was wrong: "the Content-Length field is repeated". Empty for `none`.
std::string_view message(http1_error error) noexcept;

// The status with which a server answers a request like that: 400, 413, 414, 431, 501 or 505. 0 for `none`.
int status_for(http1_error error) noexcept;

}  // namespace lakh::wire
