// JSON laid out for reading. Works on the text: numbers, escapes and repeated names stay as they were sent.
#pragma once

#include "console.hpp"

#include <string>
#include <string_view>

namespace lakh::cli {

// Two spaces per level, one member on a line. `text` must be well-formed (check_json). Control characters and what is
// not UTF-8 come out harmless. No line break at the end.
std::string pretty_json(std::string_view text, const paint& colours);

// `,"name":"text"`; bytes that are not UTF-8 as `,"name_base64":"…"`.
void append_json_bytes(std::string& out, std::string_view name, std::string_view bytes);

}  // namespace lakh::cli
