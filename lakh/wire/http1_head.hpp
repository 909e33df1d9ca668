// Heads of HTTP/1.1 messages: the start line and the fields up to the empty line (RFC 9112 §2 to §6).
//
// 1. No copies: everything in a head is a view into the caller's buffer, and lives as long as those bytes stay put.
// 2. No state: a head that is not complete yet is parsed again from its first byte when more has come. `already_seen`
//    keeps that cheap: unless the new bytes end a line, they are only looked at once.
// 3. The result depends on the bytes alone, never on how they were cut: a line is judged when its end has arrived
//    or when no more bytes may come under the limits. Only the very first byte is judged at once.
// 4. Strict: what RFC 9112 lets a recipient either repair or refuse is refused, since two recipients that repair
//    differently are a smuggled request. The one thing tolerated is what §2.2 asks for: an empty line before a request.
// 5. Every fact that a caller needs for the body and the connection is worked out here, once.
//
//    request_head head;                                  // reused: stops allocating after the first messages
//    auto result = parse_request_head(buffer, head);
//    if (result.state == parse_state::complete) ...      // head.target, head.fields; the body starts at result.size
#pragma once

#include <lakh/wire/http1_error.hpp>
#include <lakh/wire/http_fields.hpp>
#include <lakh/wire/http_method.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lakh::wire {

struct head_limits {
  std::size_t max_head = 32 * 1024;   // bytes, from the first to the end of the empty line
  std::size_t max_target = 8 * 1024;  // bytes of the request target
  std::size_t max_fields = 100;
};

enum class parse_state : std::uint8_t { complete, need_more, error };

struct [[nodiscard]] head_result {
  parse_state state = parse_state::need_more;
  http1_error error = http1_error::none;
  std::size_t size = 0;  // complete: bytes of the head, with the empty line. error: where in the buffer it was noticed
};

// How the end of the body is found (RFC 9112 §6.3).
enum class body_framing : std::uint8_t { none, length, chunked, until_close };

// What requests and responses have in common.
struct message_head {
  field_list fields;
  std::string_view content_type;  // empty if there is none
  std::uint64_t content_length =
      0;  // of the body that follows; of a response to HEAD, and 304: of the one that does not
  body_framing framing = body_framing::none;
  std::uint8_t minor_version = 1;  // 0 for HTTP/1.0; 1 for HTTP/1.1 and any later 1.x (RFC 9110 §2.5)
  bool keep_alive = true;          // the connection may be used again after this message (RFC 9112 §9.3);
                                   // not after 101 or a 2xx to CONNECT: what follows there is not HTTP/1.1
  bool upgrade = false;            // Connection: upgrade, with an Upgrade field; only in HTTP/1.1
  bool has_content_length = false;
};

// RFC 9112 §3.2
enum class target_form : std::uint8_t {
  origin,     // "/path?query"
  absolute,   // "http://host/path?query", to a proxy; only http and https, without user information
  authority,  // "host:port", of CONNECT
  asterisk,   // "*", of OPTIONS
};

struct request_head : message_head {
  std::string_view method;     // a token, as it came
  std::string_view target;     // as it came
  std::string_view authority;  // to whom the request is addressed: from the target if it names one, else from Host
  std::string_view path;       // still percent-encoded. "/" for an absolute target without a path; empty for CONNECT
  std::string_view query;      // behind the '?', still encoded
  http_method method_code = http_method::other;
  target_form form = target_form::origin;
  bool expects_continue = false;  // Expect: 100-continue; only in HTTP/1.1 (RFC 9110 §10.1.1)
};

struct response_head : message_head {
  std::string_view reason;  // may be empty
  int status = 0;           // 100 to 999

  // An interim response: another head follows on the same request. Not 101, behind which HTTP/1.1 ends.
  [[nodiscard]] bool interim() const noexcept { return status < 200 && status != 101; }
};

// Parses the head at the start of `buffer`, which may hold more (the body, the next request).
// already_seen: how many bytes of this buffer were there at the last call that said need_more; else 0.
// On need_more and on error `out` holds nothing of use. Allocates only to make out.fields larger than ever before.
head_result parse_request_head(std::string_view buffer, request_head& out, const head_limits& limits = {},
                               std::size_t already_seen = 0);

// The twin for responses. `request_method` is the method of the request that is being answered: a response to HEAD and
// a 2xx to CONNECT have no body whatever their fields say.
head_result parse_response_head(std::string_view buffer, response_head& out, http_method request_method,
                                const head_limits& limits = {}, std::size_t already_seen = 0);

}  // namespace lakh::wire
