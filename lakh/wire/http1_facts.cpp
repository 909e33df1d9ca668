#include <lakh/wire/http1_facts.hpp>
#include <lakh/wire/http1_target.hpp>
#include <lakh/wire/http_lists.hpp>
#include <lakh/wire/http_status.hpp>

#include <limits>

namespace lakh::wire {

http1_error field_facts::note_host(std::string_view value) noexcept {
  if (has_host_) return http1_error::repeated_host;
  has_host_ = true;
  host_ = value;
  // An empty Host says that the target has no authority (RFC 9112 §3.2).
  return value.empty() || is_authority(value) ? http1_error::none : http1_error::bad_host;
}

http1_error field_facts::note_length(std::string_view value) noexcept {
  // Even two equal lengths are refused, as two fields or as a list: RFC 9112 §6.3 allows it.
  if (has_length_) return http1_error::repeated_content_length;
  has_length_ = true;
  if (value.empty()) return http1_error::bad_content_length;
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::uint64_t length = 0;
  for (char c : value) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    // most / 10 * 10 + 9 still fits 64 bits: what is beyond `most` is seen in the end.
    if (digit > 9 || length > most / 10) return http1_error::bad_content_length;
    length = length * 10 + digit;
  }
  content_length_ = length;
  return length <= most ? http1_error::none : http1_error::bad_content_length;
}

http1_error field_facts::note_transfer_coding(std::string_view value) noexcept {
  if (chunked_) return http1_error::repeated_transfer_coding;
  chunked_ = true;  // it is, or the message is refused
  if (equals_ignoring_case(value, "chunked")) return http1_error::none;
  // Refused in any case: find the reason.
  bool last_is_chunked = false;
  bool seen_chunked = false;
  for (;;) {
    const std::size_t comma = value.find(',');
    const std::string_view coding = trim_ows(value.substr(0, comma));
    if (!is_token(coding)) return http1_error::bad_transfer_coding;
    last_is_chunked = equals_ignoring_case(coding, "chunked");
    if (last_is_chunked && seen_chunked) return http1_error::repeated_transfer_coding;
    seen_chunked |= last_is_chunked;
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return last_is_chunked ? http1_error::unknown_transfer_coding : http1_error::chunked_not_last;
}

void field_facts::note_connection(std::string_view value) noexcept {
  if (equals_ignoring_case(value, "keep-alive")) {
    keep_alive_token_ = true;
    return;
  }
  list_cursor options(value);
  while (const auto option = options.next()) {
    close_token_ |= equals_ignoring_case(*option, "close");
    keep_alive_token_ |= equals_ignoring_case(*option, "keep-alive");
    upgrade_token_ |= equals_ignoring_case(*option, "upgrade");
  }
}

http1_error field_facts::conclude_common(message_head& head) const noexcept {
  if (chunked_ && head.minor_version == 0) return http1_error::transfer_coding_in_http10;
  if (chunked_ && has_length_) return http1_error::length_and_transfer_coding;
  head.content_type = content_type_;
  head.content_length = content_length_;
  head.has_content_length = has_length_;
  head.keep_alive = !close_token_ && (head.minor_version > 0 || keep_alive_token_);
  head.upgrade = upgrade_token_ && upgrade_field_ && head.minor_version > 0;
  return http1_error::none;
}

http1_error field_facts::conclude(request_head& head) const noexcept {
  if (const auto error = conclude_common(head); error != http1_error::none) return error;
  if (!has_host_ && head.minor_version > 0) return http1_error::missing_host;
  // The authority of the target wins over Host (RFC 9112 §3.2.2).
  if (head.authority.empty()) head.authority = host_;
  head.expects_continue = expects_continue_ && head.minor_version > 0;
  head.framing = chunked_ ? body_framing::chunked : has_length_ ? body_framing::length : body_framing::none;
  return http1_error::none;
}

// The cases of RFC 9112 §6.3, in its order.
http1_error field_facts::conclude(response_head& head, http_method request_method) const noexcept {
  if (const auto error = conclude_common(head); error != http1_error::none) return error;
  const bool tunnel = request_method == http_method::connect && head.status >= 200 && head.status < 300;
  if (tunnel || head.status == 101) {
    head.framing = body_framing::none;
    head.keep_alive = false;
  } else if (request_method == http_method::head || forbids_body(head.status)) {
    head.framing = body_framing::none;
  } else if (chunked_) {
    head.framing = body_framing::chunked;
  } else if (has_length_) {
    head.framing = body_framing::length;
  } else {
    head.framing = body_framing::until_close;
    head.keep_alive = false;
  }
  return http1_error::none;
}

}  // namespace lakh::wire
