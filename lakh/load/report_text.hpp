// Numbers and strangers' words, as a report shows them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::load {

// Text for HTML, between tags or in an attribute in quotation marks: the five characters that mean something escaped,
// what is not UTF-8, control characters and the marks that turn the direction of text replaced by U+FFFD.
void append_html(std::string& out, std::string_view text);
std::string html(std::string_view text);

// Three digits: "0 µs", "812 µs", "1.82 ms", "12.4 s", "3 m 05 s", "2 h 07 m", "3 d 04 h".
std::string duration_text(double microseconds);
// "9,812", "81.2", "0.41".
std::string number_text(double value);
// "100 %", "99.8 %", "99.998 %", "0.001 %": never 100 where a part is missing, never 0 where there is one.
std::string share_text(std::uint64_t part, std::uint64_t whole);

}  // namespace lakh::load
