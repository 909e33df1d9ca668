// An HTTP answer as a person or a program wants to see it. Pure: an answer in, text out.
#pragma once

#include "console.hpp"

#include <lakh/http/response.hpp>

#include <string>

namespace lakh::cli {

// "HTTP/1.1 201 Created", coloured by its class.
std::string status_line(const http::response& answer, const paint& colours);
std::string header_lines(const http::response& answer, const paint& colours);

// JSON laid out, other text made harmless, what is no text named by its size. Ends with a line break unless empty.
std::string readable_body(const http::response& answer, const paint& colours);

// A table of the phases, each with a bar in proportion.
std::string timings_table(const http::timings& times, const paint& colours);

// Everything as one JSON object on one line. The body stands under "json" if it is JSON, under "text" if it is UTF-8,
// else under "base64".
std::string answer_as_json(const http::response& answer);

}  // namespace lakh::cli
