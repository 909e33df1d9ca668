// Request targets (RFC 9112 §3.2) and the authority they are addressed to. Used by the head parser.
#pragma once

#include <lakh/wire/http1_head.hpp>

#include <string_view>

namespace lakh::wire {

// uri-host [ ":" port ]: a registered name, an IPv4 address or a bracketed IPv6 address. A port is up to five digits
// and at most 65535; it may be empty unless it is required.
bool is_authority(std::string_view text, bool port_required = false) noexcept;

// Fills form, path, query, and authority where the target names it. The target must consist of class_target characters.
// False if it is in none of the forms that its method allows.
bool split_target(request_head& head) noexcept;

}  // namespace lakh::wire
