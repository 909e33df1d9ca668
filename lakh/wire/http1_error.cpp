#include <lakh/wire/http1_error.hpp>

#include <array>

namespace lakh::wire {
namespace {

struct entry {
  http1_error error;
  int status;
  std::string_view name;
  std::string_view message;
};

#define LAKH_ENTRY(name, status, message) {http1_error::name, status, #name, message}

constexpr std::array<entry, http1_error_count> entries = {{
    LAKH_ENTRY(none, 0, ""),
    LAKH_ENTRY(bad_start, 400, "the first byte cannot begin an HTTP/1.1 message (TLS on a plain port?)"),
    LAKH_ENTRY(bad_request_line, 400, "the request line is not \"METHOD target HTTP/1.1\""),
    LAKH_ENTRY(bad_target, 400, "the request target is not valid for this method, or has a forbidden character"),
    LAKH_ENTRY(target_too_long, 414, "the request target is too long"),
    LAKH_ENTRY(bad_version, 400, "the version is not \"HTTP/\" digit \".\" digit"),
    LAKH_ENTRY(unsupported_version, 505, "the version is not HTTP/1.0 or HTTP/1.1"),
    LAKH_ENTRY(bad_status_line, 400, "the status line is not \"HTTP/1.1 200 reason\""),
    LAKH_ENTRY(bad_status_code, 400, "the status code is not a number from 100 to 999"),
    LAKH_ENTRY(bare_line_feed, 400, "a line ends with LF alone, not with CR LF"),
    LAKH_ENTRY(bare_carriage_return, 400, "a CR is not followed by LF"),
    LAKH_ENTRY(head_too_large, 431, "the head of the message is too large"),
    LAKH_ENTRY(too_many_fields, 431, "the message has too many fields"),
    LAKH_ENTRY(folded_line, 400, "a field line starts with white space (obsolete line folding)"),
    LAKH_ENTRY(space_before_colon, 400, "there is white space between a field name and its colon"),
    LAKH_ENTRY(bad_field_name, 400, "a field name is empty or has a forbidden character"),
    LAKH_ENTRY(bad_field_value, 400, "a field value has a control character"),
    LAKH_ENTRY(bad_content_length, 400, "Content-Length is not one decimal number that fits 63 bits"),
    LAKH_ENTRY(repeated_content_length, 400, "the Content-Length field is repeated"),
    LAKH_ENTRY(length_and_transfer_coding, 400, "Content-Length and Transfer-Encoding are both present"),
    LAKH_ENTRY(bad_transfer_coding, 400, "Transfer-Encoding is not a list of names"),
    LAKH_ENTRY(repeated_transfer_coding, 400, "the Transfer-Encoding field or the chunked coding is repeated"),
    LAKH_ENTRY(transfer_coding_in_http10, 400, "an HTTP/1.0 message has Transfer-Encoding"),
    LAKH_ENTRY(unknown_transfer_coding, 501, "the only transfer coding understood here is chunked"),
    LAKH_ENTRY(chunked_not_last, 400, "chunked is not the last transfer coding"),
    LAKH_ENTRY(missing_host, 400, "an HTTP/1.1 request has no Host field"),
    LAKH_ENTRY(repeated_host, 400, "the Host field is repeated"),
    LAKH_ENTRY(bad_host, 400, "the Host field is not a host with an optional port"),
    LAKH_ENTRY(bad_chunk_size, 400, "a chunk size is not a hexadecimal number of at most 16 digits"),
    LAKH_ENTRY(bad_chunk_extension, 400, "a chunk's size line has a forbidden character or a bad line end"),
    LAKH_ENTRY(chunk_extension_too_long, 400, "the chunk extensions are too long"),
    LAKH_ENTRY(bad_chunk_end, 400, "a chunk's data are not followed by CR LF"),
    LAKH_ENTRY(bad_trailer, 400, "a trailer field is malformed"),
    LAKH_ENTRY(trailer_too_long, 431, "the trailer section is too large"),
    LAKH_ENTRY(body_too_large, 413, "the body is too large"),
    LAKH_ENTRY(truncated, 400, "the connection ended in the middle of the body"),
}};

#undef LAKH_ENTRY

constexpr bool in_order() {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (static_cast<std::size_t>(entries[i].error) != i) return false;
  return true;
}
static_assert(in_order());

}  // namespace

std::string_view name(http1_error error) noexcept {
  return entries[static_cast<std::size_t>(error)].name;
}

std::string_view message(http1_error error) noexcept {
  return entries[static_cast<std::size_t>(error)].message;
}

int status_for(http1_error error) noexcept {
  return entries[static_cast<std::size_t>(error)].status;
}

}  // namespace lakh::wire
