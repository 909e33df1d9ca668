// What the fields of a head mean for its body and its connection. Used by the head parser, which shows it each field
// once.
#pragma once

#include <lakh/wire/http1_head.hpp>

#include <cstdint>
#include <string_view>

namespace lakh::wire {

class field_facts {
 public:
  // Called for every field, in order. Inline as far as telling that a field has no meaning here.
  http1_error note(const field& f) noexcept {
    switch (f.name.size()) {
      case 4: return named(f, "host") ? note_host(f.value) : http1_error::none;
      case 6:
        if (named(f, "expect")) expects_continue_ |= equals_ignoring_case(f.value, "100-continue");
        return http1_error::none;
      case 7:
        if (named(f, "upgrade")) upgrade_field_ = true;
        return http1_error::none;
      case 10:
        if (named(f, "connection")) note_connection(f.value);
        return http1_error::none;
      case 12:
        if (named(f, "content-type") && content_type_.empty()) content_type_ = f.value;
        return http1_error::none;
      case 14: return named(f, "content-length") ? note_length(f.value) : http1_error::none;
      case 17: return named(f, "transfer-encoding") ? note_transfer_coding(f.value) : http1_error::none;
      default: return http1_error::none;
    }
  }

  // Called after the last field. Fill in everything of message_head but the fields and the version, which must be
  // there.
  http1_error conclude(request_head& head) const noexcept;
  http1_error conclude(response_head& head, http_method request_method) const noexcept;

 private:
  // For lower-case names of letters and hyphens. The name is a token already, so that setting bit 5 of each byte
  // maps nothing but the two cases of a letter onto a letter, and nothing but '-' onto '-'.
  template <std::size_t N> static bool named(const field& f, const char (&lower_name)[N]) noexcept {
    unsigned different = 0;
    for (std::size_t i = 0; i + 1 < N; ++i)
      different |= (static_cast<unsigned char>(f.name[i]) | 0x20u) ^ static_cast<unsigned char>(lower_name[i]);
    return different == 0;
  }

  http1_error note_host(std::string_view value) noexcept;
  http1_error note_length(std::string_view value) noexcept;
  http1_error note_transfer_coding(std::string_view value) noexcept;
  void note_connection(std::string_view value) noexcept;
  http1_error conclude_common(message_head& head) const noexcept;

  std::string_view host_;
  std::string_view content_type_;
  std::uint64_t content_length_ = 0;
  bool has_host_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
  bool close_token_ = false;
  bool keep_alive_token_ = false;
  bool upgrade_token_ = false;
  bool upgrade_field_ = false;
  bool expects_continue_ = false;
};

}  // namespace lakh::wire
